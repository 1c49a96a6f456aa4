"""A file keeps its format, rate, channels and length, or nothing is left of it."""

import subprocess
import sys

import numpy as np
import pytest
import soundfile

from sslse.enhance.job import enhance_file
from sslse.enhance.model import load
from sslse.enhance.sound_files import SoundFormat, replacing
from sslse.errors import DataError

FORMATS = [
    *(("WAV", one) for one in ("PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE")),
    *(("WAV", one) for one in ("ULAW", "ALAW", "IMA_ADPCM", "MS_ADPCM")),
    *(("WAVEX", "PCM_24"), ("RF64", "PCM_16"), ("W64", "FLOAT"), ("NIST", "PCM_16")),
    *(("FLAC", one) for one in ("PCM_S8", "PCM_16", "PCM_24")),
    *(("OGG", "VORBIS"), ("OGG", "OPUS"), ("MP3", "MPEG_LAYER_III")),
    *(("AIFF", "PCM_16"), ("AIFF", "FLOAT"), ("AU", "PCM_16"), ("AU", "ULAW")),
    *(("CAF", "PCM_16"), ("CAF", "ALAC_16"), ("CAF", "ALAC_24"), ("IRCAM", "FLOAT")),
]
LOSSY = {"ULAW", "ALAW", "IMA_ADPCM", "MS_ADPCM", "VORBIS", "OPUS", "MPEG_LAYER_III"}


@pytest.fixture(scope="module")
def model(tiny_models):
    return load(tiny_models["context"], device="cpu")


def noise(frames, channels=1, scale=0.1):
    return np.random.default_rng(frames).normal(0, scale, (frames, channels)).astype(np.float32)


def enhanced(model, folder, name="a.wav"):
    target = folder / "enhanced" / name
    done = enhance_file(model, folder / name, target)
    assert [one.name for one in target.parent.iterdir()] == [name]
    return target, done


def refused(model, path):
    target = path.parent / "enhanced" / path.name
    with pytest.raises(DataError) as caught:
        enhance_file(model, path, target)
    assert not target.exists()
    assert not target.parent.exists() or not list(target.parent.iterdir())
    text = str(caught.value)
    assert text.startswith(f"{path}: ")
    assert "\n" not in text
    return text.removeprefix(f"{path}: ")


def facts(path):
    with soundfile.SoundFile(path) as file:
        return SoundFormat.of(file), file.frames


def directly(model, samples, rate):
    stream = model.stream(rate, samples.shape[1])
    return np.concatenate([stream.push(samples.T.copy()), stream.finish()], axis=1).T


@pytest.mark.parametrize(("container", "subtype"), FORMATS)
@pytest.mark.parametrize(("rate", "channels"), [(8000, 1), (16000, 2), (44100, 1), (48000, 2)])
def test_format_rate_channels_and_length_are_kept(
    tmp_path, model, container, subtype, rate, channels
):
    if subtype == "OPUS" and rate == 44100:
        pytest.skip("Opus has no such rate")
    path = tmp_path / "a.wav"
    soundfile.write(path, noise(2001, channels), rate, subtype, format=container)
    before = path.read_bytes()
    target, done = enhanced(model, tmp_path)
    assert facts(target) == facts(path)
    assert path.read_bytes() == before
    assert done.seconds == facts(path)[1] / rate
    assert done.missing == 0
    read, _ = soundfile.read(path, dtype="float32", always_2d=True)
    written, _ = soundfile.read(target, dtype="float32", always_2d=True)
    wanted = directly(model, read, rate)
    if subtype not in LOSSY:
        np.testing.assert_allclose(written, wanted, atol=0.51 / 2**7 if "8" in subtype else 2e-5)
    assert np.mean((written - wanted) ** 2) < 0.3 * np.mean(wanted**2)


@pytest.mark.parametrize(
    ("container", "endian"), [("WAV", "BIG"), ("AU", "LITTLE"), ("AIFF", "LITTLE"), ("NIST", "BIG")]
)
def test_the_order_of_bytes_is_kept(tmp_path, model, container, endian):
    path = tmp_path / "a.wav"
    soundfile.write(path, noise(500), 16000, "PCM_16", endian, container)
    target, _ = enhanced(model, tmp_path)
    assert facts(target) == facts(path)
    assert target.read_bytes()[:4] == path.read_bytes()[:4]


@pytest.mark.parametrize("frames", [1, 2, 127, 160_000])
@pytest.mark.parametrize("rate", [1000, 16000, 44101, 768_000])
def test_any_length_and_rate(tmp_path, model, frames, rate):
    soundfile.write(tmp_path / "a.wav", noise(frames), rate)
    target, _ = enhanced(model, tmp_path)
    assert facts(target) == facts(tmp_path / "a.wav")


@pytest.mark.parametrize("channels", [3, 32, 300])
def test_many_channels(tmp_path, model, channels):
    soundfile.write(tmp_path / "a.wav", noise(700, channels), 16000)
    target, _ = enhanced(model, tmp_path)
    assert facts(target) == facts(tmp_path / "a.wav")


def test_loud_samples_are_clipped_where_the_format_ends_and_kept_where_it_does_not(tmp_path, model):
    for subtype in ("PCM_16", "ULAW", "FLOAT"):
        soundfile.write(tmp_path / "a.wav", np.sign(noise(4000)), 16000, subtype)
        read, _ = soundfile.read(tmp_path / "a.wav", dtype="float32", always_2d=True)
        wanted = directly(model, read, 16000)
        assert np.abs(wanted).max() > 1.1
        written, _ = soundfile.read(enhanced(model, tmp_path)[0], dtype="float32", always_2d=True)
        limited = wanted if subtype == "FLOAT" else np.clip(wanted, -1, 1)
        np.testing.assert_allclose(written, limited, atol=0.04 if subtype == "ULAW" else 1e-4)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("place", [0, 299_999])
def test_samples_that_are_not_finite_are_refused(tmp_path, model, bad, place):
    samples = noise(300_000)
    samples[place] = bad
    soundfile.write(tmp_path / "a.wav", samples, 16000, "FLOAT")
    assert refused(model, tmp_path / "a.wav") == "holds samples that are not finite"


def test_samples_too_loud_for_the_network_are_refused(tmp_path, model):
    soundfile.write(tmp_path / "a.wav", noise(4000, scale=1e37), 16000, "FLOAT")
    message = "is too loud for the model, whose result is not finite"
    assert refused(model, tmp_path / "a.wav") == message


def test_a_file_without_samples_is_refused(tmp_path, model):
    soundfile.write(tmp_path / "a.wav", noise(0), 16000)
    assert refused(model, tmp_path / "a.wav") == "holds no samples"


def cut(path, container):
    soundfile.write(path, noise(400_000), 16000, format=container)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) * 2 // 3])


@pytest.mark.parametrize("container", ["WAV", "AIFF", "OGG", "MP3"])
def test_what_is_there_of_a_cut_file_is_enhanced(tmp_path, model, container):
    cut(tmp_path / "a.wav", container)
    target, done = enhanced(model, tmp_path)
    frames = facts(target)[1]
    assert 200_000 < frames < 300_000
    assert done.seconds == frames / 16000
    if container == "MP3":  # the others' headers are not believed
        assert done.missing == pytest.approx((400_000 - frames) / 16000)


def test_a_cut_file_that_the_decoder_gives_up_is_refused(tmp_path, model):
    cut(tmp_path / "a.wav", "FLAC")
    text = refused(model, tmp_path / "a.wav")
    assert text.startswith("cannot be read as audio: Error : flac decoder lost sync; possible: ")


def test_a_format_that_comes_out_with_another_length_is_refused(tmp_path, model):
    soundfile.write(tmp_path / "a.voc", noise(501), 8000, "ULAW", format="VOC")
    text = refused(model, tmp_path / "a.voc")
    assert text == (
        "cannot be written back as VOC ULAW of 8000 Hz with 1 channel: 502 samples came out as "
        "503; convert it first, to WAV or FLAC for example"
    )


def test_a_format_that_cannot_be_written_is_refused(tmp_path):
    form = SoundFormat("MP3", "MPEG_LAYER_II", "FILE", 16000, 2)
    with (
        pytest.raises(DataError, match=r"^cannot be written back as MP3 MPEG_LAYER_II of 16000 Hz"),
        replacing(tmp_path / "a.mp3", form, 1),
    ):
        pass
    assert not list(tmp_path.iterdir())


def test_nothing_is_left_of_a_file_that_was_not_finished(tmp_path):
    form = SoundFormat("WAV", "PCM_16", "FILE", 16000, 1)
    (tmp_path / "a.wav").write_text("old")
    (tmp_path / "a.wav.partial").write_text("of a process that was killed")
    with pytest.raises(KeyboardInterrupt), replacing(tmp_path / "a.wav", form, 9) as write:  # noqa: PT012
        write(noise(9).T)
        raise KeyboardInterrupt
    assert [one.name for one in tmp_path.iterdir()] == ["a.wav"]
    assert (tmp_path / "a.wav").read_text() == "old"


def test_nothing_is_written_through_a_link(tmp_path):
    form = SoundFormat("WAV", "PCM_16", "FILE", 16000, 1)
    (tmp_path / "mine").write_text("mine")
    (tmp_path / "a.wav.partial").symlink_to("mine")
    with replacing(tmp_path / "a.wav", form, 9) as write:
        write(noise(9).T)
    assert (tmp_path / "mine").read_text() == "mine"
    assert not (tmp_path / "a.wav").is_symlink()


FULL = """
import resource, sys
from pathlib import Path
import numpy as np
from sslse.enhance.sound_files import SoundFormat, replacing
from sslse.errors import DataError
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
try:
    with replacing(Path(sys.argv[1]), SoundFormat("WAV", "PCM_16", "FILE", 8000, 1), 9) as write:
        for _ in range(9):
            write(np.zeros((1, 4000), np.float32))
except DataError as error:
    print(error)
"""


@pytest.mark.processes
def test_a_full_disk_is_told(tmp_path):
    command = [sys.executable, "-c", FULL, str(tmp_path / "a.wav")]
    ended = subprocess.run(command, capture_output=True, text=True, check=True)
    assert ended.stdout.startswith(f"{tmp_path}/a.wav.partial cannot be written: ")
    assert ended.stdout.endswith("; is the disk full?\n")
    assert not list(tmp_path.iterdir())


LONG = """
import resource, sys
import numpy as np
import soundfile
from pathlib import Path
import torch
from sslse.enhance.job import enhance_file
from sslse.enhance.model import load

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

torch.set_num_threads(1)
folder, model = Path(sys.argv[1]), load(sys.argv[2], device="cpu")
block = np.random.default_rng(0).uniform(-0.5, 0.5, 8000 * 60)
peaks = []
for minutes in (1, 20):
    with soundfile.SoundFile(folder / "a.wav", "w", 8000, 1, "PCM_16") as file:
        for _ in range(minutes):
            file.write(block)
    enhance_file(model, folder / "a.wav", folder / "b.wav")
    assert soundfile.info(folder / "b.wav").frames == minutes * len(block)
    peaks.append(peak())
print(peaks[1] - peaks[0])
"""


@pytest.mark.processes
def test_memory_does_not_grow_with_the_length(tmp_path, tiny_models):
    command = [sys.executable, "-c", LONG, str(tmp_path), str(tiny_models["context"])]
    ended = subprocess.run(command, capture_output=True, text=True, check=True)
    assert int(ended.stdout) < 32 * 1024, "KB; 19 minutes take 73 MB at the model's rate"
