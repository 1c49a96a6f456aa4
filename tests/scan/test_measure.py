"""What is measured of one file, against slow sums in float64."""

import math

import numpy as np
import pytest
import soundfile

from sslse.errors import DataError
from sslse.scan.measure import FRAMES_AT_ONCE, measure

RATE = 1000
FRAME = 20
PIECE = FRAME * FRAMES_AT_ONCE


def written(tmp_path, samples, name="x.wav", **options):
    path = tmp_path / name
    soundfile.write(path, samples, RATE, **options)
    return measure(path, name)


def draw(*shape, seed=0, scale=8000):
    return (np.random.default_rng(seed).standard_normal(shape) * scale).round().astype(np.int16)


def runs_at_full_scale(samples):
    """Count runs of three or more, one channel and one sign at a time."""
    count = 0
    for channel in samples.reshape(len(samples), -1).T:
        for full in (32767, -32768):
            run = 0
            for sample in channel:
                at_full = sample == full or (full < 0 and sample == -32767)
                run = run + 1 if at_full else 0
                count += run == 3
    return count


@pytest.mark.parametrize("samples", [1, 19, 20, 21, PIECE - 1, PIECE, PIECE + 7, 2 * PIECE + 33])
@pytest.mark.parametrize("channels", [1, 2])
def test_against_sums_over_the_whole_file(tmp_path, samples, channels):
    quiet = np.where(np.arange(samples) % 100 < 50, 1, 0.0001)[:, None]
    wave = (draw(samples, channels) * quiet).round().astype(np.int16)
    facts = written(tmp_path, wave)
    mono = wave.astype(np.float64).mean(1) / 32768
    assert facts.seconds == samples / RATE
    assert (facts.rate, facts.channels) == (RATE, channels)
    assert facts.peak == pytest.approx(np.abs(mono).max(), abs=1e-7)
    power = sum(one**2 for one in mono) / samples
    sound = mono[mono != 0]
    assert facts.offset == pytest.approx(sound.mean(), abs=1e-7)
    share = sound.mean() ** 2 / np.square(sound).mean()
    assert facts.offset_share == pytest.approx(share, rel=1e-4, abs=1e-9)
    assert facts.level_db == pytest.approx(10 * math.log10(power), abs=1e-4)
    frames = [mono[start : start + FRAME] for start in range(0, samples, FRAME)]
    silent = [math.sqrt(sum(one**2 for one in frame) / len(frame)) < 1e-3 for frame in frames]
    assert facts.silent_share == sum(silent) / len(silent)


@pytest.mark.parametrize("seed", range(5))
def test_runs_at_full_scale_are_counted_once(tmp_path, seed):
    generator = np.random.default_rng(seed)
    values = np.array([32767, -32768, 32767, -32767, 100], np.int16)
    wave = np.repeat(generator.choice(values, 4000), generator.integers(1, 6, 4000))[:, None]
    wave = np.concatenate([wave, np.roll(wave, 7)], axis=1)
    wave[PIECE - 1 : PIECE + 1] = 32767
    assert written(tmp_path, wave).clipped == runs_at_full_scale(wave) > 100


def test_one_sample_at_full_scale_is_not_clipped(tmp_path):
    wave = draw(500)
    wave[[0, 1, 100, 102, 499]] = 32767
    assert written(tmp_path, wave).clipped == 0
    assert written(tmp_path, np.full(500, 1.5, np.float32), subtype="FLOAT").clipped == 1


def test_the_digest_is_of_the_samples(tmp_path):
    wave = draw(3 * PIECE)
    same = [
        written(tmp_path, wave, "a.wav"),
        written(tmp_path, wave, "b.flac"),
        written(tmp_path, wave.astype(np.float32) / 32768, "c.wav", subtype="FLOAT"),
        written(tmp_path, wave, "d.aiff"),
    ]
    assert len({one.digest for one in same}) == 1
    soundfile.write(tmp_path / "e.wav", wave, 2 * RATE)
    assert measure(tmp_path / "e.wav", "e").digest == same[0].digest
    other = wave.copy()
    other[-1] += 1
    two = wave.reshape(-1, 2)
    digests = {written(tmp_path, one).digest for one in (wave, other, two, wave[:-1])}
    assert len(digests) == 4


def test_minus_zero_is_zero(tmp_path):
    zeros = np.zeros(100, np.float32)
    digests = {written(tmp_path, sign * zeros, subtype="FLOAT").digest for sign in (1, -1)}
    assert len(digests) == 1


def test_silent_and_short_are_what_a_run_leaves_out(tmp_path):
    zero = written(tmp_path, np.zeros(100, np.int16))
    assert (zero.silent, zero.short, zero.level_db, zero.silent_share) == (
        True,
        False,
        -math.inf,
        1,
    )
    assert written(tmp_path, np.full(100, 3, np.int16)).silent
    assert not written(tmp_path, np.full(100, 4, np.int16)).silent
    assert written(tmp_path, draw(99)).short


@pytest.mark.parametrize(
    ("content", "reason"),
    [(b"", "is empty (0 bytes)"), (b"RIFF....WAVE", "cannot be read as audio: ")],
)
def test_unreadable_files_are_refused(tmp_path, content, reason):
    (tmp_path / "x.wav").write_bytes(content)
    with pytest.raises(DataError) as caught:
        measure(tmp_path / "x.wav", "x.wav")
    assert str(caught.value).startswith(f"{tmp_path}/x.wav: {reason}")


def test_a_file_damaged_in_its_middle_is_refused(tmp_path):
    soundfile.write(tmp_path / "x.flac", draw(20 * PIECE), RATE)
    content = bytearray((tmp_path / "x.flac").read_bytes())
    content[len(content) // 2 : len(content) // 2 + 4000] = bytes(4000)
    (tmp_path / "x.flac").write_bytes(content)
    with pytest.raises(DataError, match=r"x\.flac: cannot be read as audio"):
        measure(tmp_path / "x.flac", "x.flac")


@pytest.mark.parametrize("wrong", [np.nan, np.inf])
def test_samples_that_are_not_finite_are_refused(tmp_path, wrong):
    wave = np.zeros(2 * PIECE, np.float32)
    wave[-1] = wrong
    with pytest.raises(DataError, match="holds samples that are not finite"):
        written(tmp_path, wave, subtype="FLOAT")


def test_no_samples_are_refused(tmp_path):
    with pytest.raises(DataError, match="holds no samples"):
        written(tmp_path, np.zeros(0, np.int16))
