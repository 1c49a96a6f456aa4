"""Enhance a 16-bit WAV without torch or sslse: python enhance.py model.onnx noisy.wav clean.wav."""

import sys
import wave

import numpy as np
import onnxruntime

model, noisy_file, enhanced_file = sys.argv[1:]
session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
rate = int(session.get_modelmeta().custom_metadata_map["sample_rate"])
with wave.open(noisy_file) as file:
    header, data = file.getparams(), file.readframes(file.getnframes())
if (header.framerate, header.sampwidth) != (rate, 2):
    found = f"{header.framerate} Hz and {8 * header.sampwidth} bits"
    sys.exit(f"{noisy_file}: has {found}; the model takes {rate} Hz and 16 bits: convert it first")
channels = np.frombuffer(data, "<i2").reshape(-1, header.nchannels).T
noisy = np.ascontiguousarray(channels, np.float32) / 32768
(enhanced,) = session.run(None, {"noisy": noisy})
samples = np.rint(enhanced.T * 32768).clip(-32768, 32767).astype("<i2")
with wave.open(enhanced_file, "wb") as file:
    file.setparams(header)
    file.writeframes(samples.tobytes())
