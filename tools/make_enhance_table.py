"""Enhance real recordings in many formats by ``sslse enhance``; check what is kept, score the rest.

Usage: ``python tools/make_enhance_table.py MODEL AUDIO``, AUDIO a folder with ``speech/`` and
``nonspeech/``, of which the test parts in ``docs/results/lists`` are taken. For each sample rate,
channel count and format it mixes the same utterances with the same noises at the same SNRs, lets
the command enhance the folder, and prints a line of a Markdown table: mean SI-SDR before and after,
and whether length, rate, channels and sample format are those of the input.
"""

import csv
import itertools
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import soundfile
import soxr
import torch

from sslse.api import Samples
from sslse.data.mixing import mix_at_snr
from sslse.metrics.si_sdr import si_sdr

RATES = (8000, 16000, 44100, 48000)
FORMATS = (("wav", "PCM_16"), ("flac", "PCM_24"), ("ogg", "VORBIS"))
SNR_DB = (-2.5, 2.5, 7.5)
UTTERANCES = 12
PEAK = 0.9
LISTS = Path(__file__).parents[1] / "docs" / "results" / "lists"
HEADER = "| rate (Hz) | channels | format | noisy SI-SDR (dB) | enhanced SI-SDR (dB) | kept |"


def read_at(path: Path, rate: int) -> Samples:
    samples, own = soundfile.read(path, dtype="float32", always_2d=True)
    return soxr.resample(samples.mean(axis=1), own, rate)


def test_part(name: str, folder: Path) -> list[Path]:
    """Return the recordings that no run on real recordings was trained on, sorted."""
    with (LISTS / f"{name}.csv").open(newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["split"] == "test"]
    return sorted(folder / row["path"] for row in rows)


def spread(paths: list[Path], count: int) -> list[Path]:
    return [paths[place * len(paths) // count] for place in range(count)]


def mixtures(audio: Path, rate: int, channels: int) -> dict[str, tuple[Samples, Samples]]:
    """Return clean and noisy waves (channels, samples) by name; each channel has its own noise."""
    speech = spread(test_part("speech", audio / "speech"), UTTERANCES)
    noise = spread(test_part("noise", audio / "nonspeech"), UTTERANCES * channels)
    made = {}
    for place, path in enumerate(speech):
        clean = read_at(path, rate)
        beside = [
            np.resize(read_at(one, rate), len(clean))
            for one in noise[place * channels : (place + 1) * channels]
        ]
        snr_db = torch.full((channels,), SNR_DB[place % len(SNR_DB)])
        waves = torch.from_numpy(np.stack([clean] * channels)), torch.from_numpy(np.stack(beside))
        noisy = mix_at_snr(*waves, snr_db)
        gain = PEAK / max(1.0, float(noisy.abs().max()))
        made[path.stem] = gain * waves[0].numpy(), gain * noisy.numpy()
    return made


def line(model: str, audio: Path, rate: int, channels: int, form: tuple[str, str]) -> str:
    ending, subtype = form
    waves = mixtures(audio, rate, channels)
    folder = Path(tempfile.mkdtemp())
    (folder / "noisy").mkdir()
    before, after, kept = [], [], True
    try:
        for name, (_, noisy) in waves.items():
            soundfile.write(folder / "noisy" / f"{name}.{ending}", noisy.T, rate, subtype=subtype)
        command = ["-m", "sslse", "enhance", model, str(folder / "noisy"), "-o", str(folder / "o")]
        subprocess.run([sys.executable, *command], check=True, stdout=subprocess.DEVNULL)
        for name, (clean, _) in waves.items():
            files = [folder / where / f"{name}.{ending}" for where in ("noisy", "o")]
            abouts = [soundfile.info(one) for one in files]
            kept &= all(
                getattr(abouts[0], what) == getattr(abouts[1], what)
                for what in ("frames", "samplerate", "channels", "format", "subtype")
            )
            for file, scores in zip(files, (before, after), strict=True):
                estimate = soundfile.read(file, dtype="float64", always_2d=True)[0].T
                pairs = zip(clean.astype(np.float64), estimate, strict=True)
                scores += [si_sdr(one, other, zero_mean=True) for one, other in pairs]
    finally:
        shutil.rmtree(folder)
    figures = " | ".join(f"{np.mean(scores):.2f}" for scores in (before, after))
    return f"| {rate} | {channels} | {ending} {subtype} | {figures} | {'yes' if kept else 'NO'} |"


def main() -> None:
    model, audio = sys.argv[1], Path(sys.argv[2])
    print(HEADER)
    print("|---:|---:|---|---:|---:|---|")
    for rate, channels, form in itertools.product(RATES, (1, 2), FORMATS):
        print(line(model, audio, rate, channels, form), flush=True)


if __name__ == "__main__":
    main()
