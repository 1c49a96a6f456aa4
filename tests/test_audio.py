"""Audio files: formats, levels, refusals, and the accuracy of resampling."""

import builtins
import contextlib
import os
import struct
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from sslse.audio import AUDIO_ENDINGS, read_audio, resample, write_audio
from sslse.errors import DataError, DependencyError
from sslse.scan import scan

SHORTEN_HEADER = b"""NIST_1A
   1024
database_id -s5 TIMIT
channel_count -i 1
sample_count -i 46797
sample_rate -i 16000
sample_n_bytes -i 2
sample_byte_format -s2 01
sample_sig_bits -i 16
sample_coding -s26 pcm,embedded-shorten-v2.00
end_head
"""


def sine(frequency_hz: float, sample_rate: int, count: int) -> np.ndarray:
    time = np.arange(count) / sample_rate
    return (0.5 * np.sin(2 * np.pi * frequency_hz * time)).astype(np.float32)


@pytest.mark.parametrize(
    ("name", "format_", "subtype"),
    [
        ("a.wav", "WAV", "PCM_16"),
        ("a.WAV", "WAV", "FLOAT"),
        ("a.flac", "FLAC", "PCM_16"),
        ("a.aiff", "AIFF", "PCM_24"),
        ("a.au", "AU", "PCM_16"),
        ("a.sph", "NIST", "PCM_16"),
    ],
)
def test_lossless_formats_come_back_as_they_were(tmp_path, name, format_, subtype):
    written = sine(440, 16000, 1600)
    soundfile.write(tmp_path / name, written, 16000, format=format_, subtype=subtype)
    samples, sample_rate = read_audio(tmp_path / name)
    assert sample_rate == 16000
    assert samples.dtype == np.float32
    assert samples.shape == (1600,)
    np.testing.assert_allclose(samples, written, atol=1 / 32768)


@pytest.mark.parametrize(("name", "format_"), [("a.ogg", "OGG"), ("a.mp3", "MP3")])
def test_lossy_formats_are_read(tmp_path, name, format_):
    written = sine(440, 16000, 16000)
    soundfile.write(tmp_path / name, written, 16000, format=format_)
    samples, sample_rate = read_audio(tmp_path / name)
    assert sample_rate == 16000
    assert np.sqrt(np.mean(samples**2)) == pytest.approx(np.sqrt(np.mean(written**2)), rel=0.05)


def test_sphere_and_riff_share_an_ending(tmp_path):
    written = sine(440, 16000, 1600)
    soundfile.write(tmp_path / "SA1.WAV", written, 16000, format="NIST", subtype="PCM_16")
    soundfile.write(tmp_path / "SA2.WAV", written, 16000, format="WAV", subtype="PCM_16")
    assert (tmp_path / "SA1.WAV").read_bytes().startswith(b"NIST_1A")
    assert (tmp_path / "SA2.WAV").read_bytes().startswith(b"RIFF")
    sphere, riff = read_audio(tmp_path / "SA1.WAV"), read_audio(tmp_path / "SA2.WAV")
    np.testing.assert_array_equal(sphere[0], riff[0])
    assert sphere[1] == riff[1] == 16000


def test_channels_are_averaged(tmp_path):
    left, right = sine(440, 8000, 800), sine(660, 8000, 800)
    soundfile.write(tmp_path / "a.wav", np.stack([left, right], 1), 8000, subtype="FLOAT")
    samples, _ = read_audio(tmp_path / "a.wav")
    assert samples.dtype == np.float32
    np.testing.assert_allclose(samples, (left + right) / 2, atol=1e-7)


@pytest.mark.parametrize("coding", [b"pcm,embedded-shorten-v2.00", b"ulaw,embedded-Shorten-v1.09"])
def test_shorten_is_named_before_soundfile_is_tried(tmp_path, monkeypatch, coding):
    path = tmp_path / "SA1.WAV"
    header = SHORTEN_HEADER.replace(b"pcm,embedded-shorten-v2.00", coding)
    path.write_bytes(header.ljust(1024) + b"ajkg\x02\xfb\xb1\x70")
    monkeypatch.setattr(soundfile, "SoundFile", lambda *_: pytest.fail("soundfile was tried"))
    with pytest.raises(DataError) as caught:
        read_audio(path)
    assert str(caught.value) == (
        f"{path}: NIST SPHERE compressed by shorten; decompress it first: 'sph2pipe -f wav in.wav "
        "out.wav' or 'w_decode -o pcm in.wav out.wav'"
    )


def test_the_word_shorten_elsewhere_in_a_header_means_nothing(tmp_path):
    path = tmp_path / "a.wav"
    soundfile.write(path, sine(440, 16000, 100), 16000, format="NIST", subtype="PCM_16")
    head, data = path.read_bytes()[:1024], path.read_bytes()[1024:]
    head = head.replace(b"end_head", b"remark -s16 sample_coding -s7 shorten\nend_head")[:1024]
    path.write_bytes(head + data)
    assert read_audio(path)[0].shape == (100,)


def test_an_empty_file_is_refused(tmp_path):
    path = tmp_path / "a.wav"
    path.touch()
    with pytest.raises(DataError) as caught:
        read_audio(path)
    assert str(caught.value) == f"{path}: is empty (0 bytes)"


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(DataError) as caught:
        read_audio(tmp_path / "a.wav")
    assert str(caught.value) == f"{tmp_path}/a.wav: cannot be opened: No such file or directory"


def test_what_is_no_audio_is_refused(tmp_path):
    path = tmp_path / "a.wav"
    path.write_bytes(b"no audio at all" * 10)
    with pytest.raises(DataError) as caught:
        read_audio(path)
    assert str(caught.value) == (
        f"{path}: cannot be read as audio: Format not recognised; possible: whatever soundfile "
        "reads (WAV, FLAC, Ogg, MP3, AIFF, NIST SPHERE, ...)"
    )


@pytest.mark.parametrize("rate", [1, 999, 768_001, 2**31 - 1])
def test_a_rate_no_recording_has_is_refused(tmp_path, rate):
    soundfile.write(tmp_path / "a.wav", sine(440, 16000, 1600), rate)
    with pytest.raises(DataError) as caught:
        read_audio(tmp_path / "a.wav")
    assert str(caught.value) == (
        f"{tmp_path}/a.wav: its header says {rate} Hz; possible: 1000 to 768000 Hz"
    )


def test_what_is_no_ordinary_file_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "a.wav")
    with pytest.raises(DataError) as caught:
        read_audio(tmp_path / "a.wav")
    assert str(caught.value) == f"{tmp_path}/a.wav: is no ordinary file"


def test_a_claimed_length_takes_no_memory(tmp_path, monkeypatch):
    written = sine(440, 16000, 1600)
    soundfile.write(tmp_path / "a.flac", written, 16000)
    content = bytearray((tmp_path / "a.flac").read_bytes())
    content[21:26] = bytes([content[21] | 0xF, 0xFF, 0xFF, 0xFF, 0xFF])
    (tmp_path / "a.flac").write_bytes(content)
    assert soundfile.info(tmp_path / "a.flac").frames == 2**36 - 1
    asked = []
    read = soundfile.SoundFile.read

    def counting(self, frames=-1, *arguments, **options):
        asked.append(frames * self.channels)
        return read(self, frames, *arguments, **options)

    monkeypatch.setattr(soundfile.SoundFile, "read", counting)
    with contextlib.suppress(DataError):  # libsndfile may call it damaged
        np.testing.assert_allclose(read_audio(tmp_path / "a.flac")[0], written, atol=1 / 32768)
    assert asked
    assert max(asked) <= 2**22


@pytest.mark.parametrize("format_", ["WAV", "FLAC", "OGG", "MP3", "NIST"])
def test_pieces_join_to_the_whole(tmp_path, monkeypatch, format_):
    path = tmp_path / "a"
    stereo = np.stack([sine(440, 16000, 20000), sine(660, 16000, 20000)], 1)
    soundfile.write(path, stereo, 16000, format=format_)
    whole = read_audio(path)[0]
    monkeypatch.setattr("sslse.audio.VALUES_AT_ONCE", 3000)
    np.testing.assert_allclose(read_audio(path)[0], whole, atol=2e-7)
    at_once = soundfile.read(path, dtype="float32", always_2d=True)[0].mean(axis=1)
    np.testing.assert_allclose(whole, at_once, atol=2e-7)


def test_what_is_longer_than_memory_is_refused(tmp_path, monkeypatch):
    soundfile.write(tmp_path / "a.wav", sine(440, 16000, 1600), 16000)
    monkeypatch.setattr("sslse.audio.LONGEST_SAMPLES", 1600)
    assert read_audio(tmp_path / "a.wav")[0].shape == (1600,)
    monkeypatch.setattr("sslse.audio.LONGEST_SAMPLES", 1599)
    with pytest.raises(DataError) as caught:
        read_audio(tmp_path / "a.wav")
    assert str(caught.value) == (
        f"{tmp_path}/a.wav: holds more than 1599 samples; list segments of it in a manifest"
    )
    with pytest.raises(DataError, match="would have more than 1599 samples at 32000 Hz; list"):
        resample(sine(440, 16000, 800), 16000, 32000)


@pytest.mark.parametrize(("rate", "target_rate"), [(16001, 16000), (47999, 48000)])
def test_a_ratio_without_small_terms_is_refused(rate, target_rate):
    with pytest.raises(DataError, match=f"from {rate} to {target_rate} Hz, whose ratio has no"):
        resample(sine(440, rate, 100), rate, target_rate)


def test_headerless_audio_is_refused(tmp_path):
    path = tmp_path / "a.raw"
    path.write_bytes(bytes(100))
    with pytest.raises(DataError, match=r"a\.raw: cannot be read as audio: .*samplerate"):
        read_audio(path)


def test_a_header_without_samples_is_refused(tmp_path):
    path = tmp_path / "a.wav"
    soundfile.write(path, np.zeros(0), 16000)
    with pytest.raises(DataError) as caught:
        read_audio(path)
    assert str(caught.value) == f"{path}: holds no samples"


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_samples_that_are_not_finite_are_refused(tmp_path, bad):
    path = tmp_path / "a.wav"
    soundfile.write(path, np.array([0.0, bad, 0.0]), 16000, subtype="FLOAT")
    with pytest.raises(DataError) as caught:
        read_audio(path)
    assert str(caught.value) == f"{path}: holds samples that are not finite"


@pytest.mark.parametrize("name", ["a.wav", "a.flac", "a.WAV"])
def test_written_samples_are_16_bit_clipped_and_not_scaled(tmp_path, name):
    samples = np.array([0.0, 0.25, -0.5, 1.0, 1.7, -1.0, -9.0], dtype=np.float32)
    write_audio(tmp_path / name, samples, 16000)
    assert soundfile.info(tmp_path / name).subtype == "PCM_16"
    read, sample_rate = read_audio(tmp_path / name)
    assert sample_rate == 16000
    np.testing.assert_array_equal(
        np.round(read * 32768), [0, 8192, -16384, 32767, 32767, -32768, -32768]
    )


def test_what_was_read_is_written_unchanged(tmp_path):
    integers = np.random.default_rng(0).integers(-32768, 32768, 1000).astype(np.int16)
    soundfile.write(tmp_path / "a.wav", integers, 16000)
    write_audio(tmp_path / "b.wav", *read_audio(tmp_path / "a.wav"))
    np.testing.assert_array_equal(soundfile.read(tmp_path / "b.wav", dtype="int16")[0], integers)


@pytest.mark.parametrize("bad", [np.nan, -np.inf])
def test_writing_refuses_samples_that_are_not_finite(tmp_path, bad):
    path = tmp_path / "a.wav"
    with pytest.raises(DataError) as caught:
        write_audio(path, np.array([0, bad], dtype=np.float32), 16000)
    assert str(caught.value) == f"{path}: not written: samples are not finite"
    assert not path.exists()


def test_writing_refuses_other_endings(tmp_path):
    path = tmp_path / "a.mp3"
    with pytest.raises(DataError) as caught:
        write_audio(path, np.zeros(10, dtype=np.float32), 16000)
    assert str(caught.value) == f"{path}: cannot write the ending '.mp3'; possible: .flac, .wav"


def test_writing_into_a_missing_folder_says_so(tmp_path):
    path = tmp_path / "missing" / "a.wav"
    with pytest.raises(DataError) as caught:
        write_audio(path, np.zeros(10, dtype=np.float32), 16000)
    assert str(caught.value) == f"{path}: cannot be written: its folder is missing"


@pytest.mark.parametrize(
    ("rate", "target_rate"), [(20000, 16000), (44100, 16000), (8000, 16000), (48000, 16000)]
)
def test_a_resampled_sine_stays_that_sine(rate, target_rate):
    resampled = resample(sine(1000, rate, rate), rate, target_rate)
    expected = sine(1000, target_rate, target_rate)
    assert resampled.dtype == np.float32
    assert resampled.shape == expected.shape
    inner = slice(target_rate // 20, -target_rate // 20)
    np.testing.assert_allclose(resampled[inner], expected[inner], atol=1e-3)


def test_resampling_removes_what_the_new_rate_cannot_carry():
    resampled = resample(sine(9000, 20000, 20000), 20000, 16000)
    assert np.abs(resampled[800:-800]).max() < 1e-3


def test_read_only_samples_can_be_resampled():
    samples = sine(1000, 20000, 2000)
    samples.flags.writeable = False
    assert resample(samples, 20000, 16000).shape == (1600,)


def _without_torchaudio(monkeypatch, error):
    """Make every import of torchaudio raise an error."""
    import_ = builtins.__import__

    def failing(name, *args, **kwargs):
        if name.partition(".")[0] == "torchaudio":
            raise error
        return import_(name, *args, **kwargs)

    for name in [name for name in sys.modules if name.partition(".")[0] == "torchaudio"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(builtins, "__import__", failing)


def test_equal_rates_need_no_torchaudio(monkeypatch):
    _without_torchaudio(monkeypatch, ImportError("broken"))
    samples = sine(1000, 16000, 100)
    assert resample(samples, 16000, 16000) is samples


@pytest.mark.parametrize(
    "error",
    [
        ImportError("libtorch_cuda.so: cannot open shared object file"),
        OSError("undefined symbol: _ZN3c10"),
        RuntimeError("PyTorch has CUDA version 12.8 whereas TorchAudio has 12.6"),
        AttributeError("module 'torch.library' has no attribute 'x'"),
    ],
)
def test_a_torchaudio_that_does_not_fit_is_named_with_a_pair_that_does(monkeypatch, error):
    _without_torchaudio(monkeypatch, error)
    versions = {"torch": "2.99.0+cpu", "torchaudio": "2.11.0"}
    monkeypatch.setattr("importlib.metadata.version", versions.__getitem__)
    with pytest.raises(DependencyError) as caught:
        resample(sine(1000, 20000, 100), 20000, 16000)
    assert str(caught.value) == (
        f"torch 2.99.0+cpu and torchaudio 2.11.0 do not fit together: {error}; a working pair: "
        "torch 2.14.1 with torchaudio 2.11.0; pip install 'torch>=2.11,<2.15' 'torchaudio==2.11.0'"
    )


def test_a_missing_torchaudio_is_named(monkeypatch):
    import importlib.metadata

    def version(name):
        if name == "torchaudio":
            raise importlib.metadata.PackageNotFoundError(name)
        return "2.14.1"

    _without_torchaudio(monkeypatch, ModuleNotFoundError("No module named 'torchaudio'"))
    monkeypatch.setattr(importlib.metadata, "version", version)
    with pytest.raises(DependencyError, match=r"torch 2\.14\.1 and torchaudio \(not installed\) "):
        resample(sine(1000, 20000, 100), 20000, 16000)


def test_endings_are_lower_case_and_cover_the_usual_ones():
    assert {".wav", ".flac", ".ogg", ".aiff", ".aif", ".sph", ".mp3", ".opus"} <= AUDIO_ENDINGS
    assert all(ending == ending.lower() and ending.startswith(".") for ending in AUDIO_ENDINGS)


def test_real_sphere_files_are_read(real_audio):
    paths = sorted((real_audio / "timit").rglob("*.WAV"))
    assert len(paths) == 40
    for path in paths:
        assert path.read_bytes().startswith(b"NIST_1A")
        samples, sample_rate = read_audio(path)
        assert sample_rate == 16000
        assert len(samples) * 2 + 1024 == path.stat().st_size
        assert 0.001 < np.abs(samples).max() <= 1


def test_real_flac_and_wav_files_are_read_and_resampled(real_audio):
    flac, rate = read_audio(sorted(Path(real_audio / "speech").glob("*.flac"))[0])
    assert rate == 16000
    assert np.abs(flac).max() > 0.01
    noise, rate = read_audio(real_audio / "nonspeech" / "n1.wav")
    assert rate == 20000
    resampled = resample(noise, rate, 16000)
    assert len(resampled) == -(-len(noise) * 4 // 5)


@pytest.mark.parametrize("rest", [0.0, 0.001])
def test_channels_that_cancel_are_refused_with_the_reason(tmp_path, rest):
    wave = 0.5 * np.sin(0.05 * np.arange(8000))
    file = tmp_path / "antiphase.wav"
    soundfile.write(file, np.stack([wave, (rest - 1) * wave], axis=1), 16000)
    with pytest.raises(DataError) as caught:
        read_audio(file)
    assert str(caught.value) == (
        f"{file}: its 2 channels cancel each other in their mean (one is the other with the sign "
        "turned); keep one of them in a file of its own"
    )
    survey = scan(tmp_path, ["antiphase.wav"])
    assert survey.unreadable[0].reason.startswith("its 2 channels cancel each other")
    soundfile.write(file, np.stack([wave, 0 * wave], axis=1), 16000)
    assert np.abs(read_audio(file)[0] - wave / 2).max() < 1e-4


@pytest.mark.parametrize("riff", [0, 36, 0xFFFFFFFF])
@pytest.mark.parametrize("subtype", ["PCM_16", "FLOAT"])
def test_a_wav_of_data_length_0_is_read_to_its_end(tmp_path, riff, subtype):
    file = tmp_path / "piped.wav"
    soundfile.write(file, 0.5 * np.sin(0.05 * np.arange(8000)), 16000, subtype=subtype)
    whole, _ = read_audio(file)
    content = bytearray(file.read_bytes())
    place = content.index(b"data") + 4
    content[4:8] = struct.pack("<I", riff)
    content[place : place + 4] = bytes(4)
    file.write_bytes(content)
    samples, rate = read_audio(file)
    assert rate == 16000
    np.testing.assert_array_equal(samples, whole)
    assert scan(tmp_path, ["piped.wav"]).seconds == [0.5]
    file.write_bytes(content[: place + 4])
    with pytest.raises(DataError, match=f"^{file}: holds no samples$"):
        read_audio(file)
    tags = b"LIST" + struct.pack("<I", 8000) + bytes(range(250)) * 32
    finished = content[: place + 4] + tags
    finished[4:8] = struct.pack("<I", len(finished) - 8)
    file.write_bytes(finished)
    with pytest.raises(DataError, match=f"^{file}: holds no samples$"):
        read_audio(file)
    nan = np.full(100, np.nan, np.float32).tobytes()
    if subtype == "FLOAT":
        file.write_bytes(bytes(content) + nan)
        with pytest.raises(DataError, match=f"^{file}: holds samples that are not finite$"):
            read_audio(file)
