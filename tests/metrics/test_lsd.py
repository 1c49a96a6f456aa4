"""The log-spectral distance against a transform written as sums, and on known spectra."""

import math

import numpy as np
import pytest

from sslse.golden import SAMPLE_RATE
from sslse.metrics.lsd import Lsd


def lsd(clean, estimate, rate=SAMPLE_RATE, **options):
    return Lsd(**options).score(clean, estimate, estimate, rate)


def powers(wave, rate):
    """Return the power of each bin of each frame by the sum that defines the transform."""
    length = round(0.032 * rate)
    bins, time = np.arange(length // 2 + 1), np.arange(length)
    turns = np.exp(-2j * np.pi * np.outer(bins, time) / length)
    window = [math.sin(math.pi * (n + 1) / (length + 1)) ** 2 for n in range(length)]
    starts = range(0, len(wave) - length + 1, length // 2)
    return [np.abs(turns @ (window * wave[one : one + length])) ** 2 for one in starts]


@pytest.mark.parametrize("range_db", [30.0, 50.0, 80.0])
def test_it_is_the_loops(pair, range_db):
    clean, noisy = (wave[8000:13000].astype(np.float64) for wave in pair)
    own, theirs = powers(clean, SAMPLE_RATE), powers(noisy, SAMPLE_RATE)
    floor = max(max(frame) for frame in own) * 10 ** (-range_db / 10)
    distances = []
    for frame, other in zip(own, theirs, strict=True):
        squares = [
            (10 * math.log10(max(p, floor) / max(q, floor))) ** 2
            for p, q in zip(frame, other, strict=True)
        ]
        distances.append(math.sqrt(sum(squares) / len(squares)))
    expected = sum(distances) / len(distances)
    assert lsd(clean, noisy, range_db=range_db) == pytest.approx(expected, abs=1e-9)


def test_a_level_is_its_distance():
    wave = np.random.default_rng(0).standard_normal(SAMPLE_RATE)
    assert lsd(wave, 2 * wave) == pytest.approx(20 * math.log10(2), abs=0.02)
    assert lsd(wave, -wave) == 0
    assert lsd(wave, wave) == 0


def test_what_is_softer_than_the_floor_is_not_seen():
    draws = np.random.default_rng(0)
    wave, faint = draws.standard_normal((2, SAMPLE_RATE))
    wave[8000:] = 0
    assert lsd(wave, wave + 1e-4 * faint) < 0.1
    assert lsd(wave, wave + 1e-4 * faint, range_db=120.0) > 10


def test_waves_shorter_than_a_frame_are_refused(pair):
    with pytest.raises(ValueError, match="511 samples are fewer than a frame, which has 512"):
        lsd(pair[0][9000:9511], pair[1][9000:9511])
