"""Segmental SNR against loops over frames."""

import math

import numpy as np
import pytest

from sslse.golden import SAMPLE_RATE
from sslse.metrics.frames import frames, loizou_frames
from sslse.metrics.segmental_snr import SegmentalSnr


def snr(clean, estimate, rate=SAMPLE_RATE):
    return SegmentalSnr().score(clean, estimate, estimate, rate)


@pytest.mark.parametrize("rate", [8000, 16000, 44100])
def test_it_is_the_loops(pair, framed, rate):
    clean, noisy = (wave[3000:30000].astype(np.float64) for wave in pair)
    error = [y - x for x, y in zip(clean, noisy, strict=True)]
    ratios = []
    for one, other in zip(framed(clean, rate), framed(error, rate), strict=True):
        energy, wrong = math.fsum(x * x for x in one), math.fsum(x * x for x in other)
        if energy:
            ratios.append(min(max(10 * math.log10(energy / (wrong + 2.0**-52)), -10.0), 35.0))
    assert min(ratios) == -10.0
    assert max(ratios) > 0
    assert snr(clean, noisy, rate) == pytest.approx(sum(ratios) / len(ratios), abs=1e-9)


def test_frames_are_limited_one_by_one():
    draws = np.random.default_rng(0)
    clean, noise = draws.standard_normal((2, 32000))
    noise[:16000] *= 10**2.5
    noise[16000:] *= 10**-2.5
    # 134 of 262 frames hold some of the loud noise.
    expected = (134 * -10 + 128 * 35) / 262
    assert snr(clean, clean + noise) == pytest.approx(expected, abs=1e-9)
    assert snr(clean, clean + 1e-9 * noise) == 35
    assert snr(clean, clean + 1e9 * noise) == -10


def test_silent_frames_do_not_count():
    draws = np.random.default_rng(0)
    clean, noise = draws.standard_normal((2, 32000))
    expected = snr(clean[:16000], clean[:16000] + noise[:16000])
    clean[16000:] = 0
    assert snr(clean, clean + noise) == pytest.approx(expected, abs=0.3)
    clean[:31900] = 0
    clean[31900:] = 1
    with pytest.raises(ValueError, match="all whole frames of the clean wave are silent"):
        snr(clean, clean + noise)


@pytest.mark.parametrize("samples", [100, 480, 599, 600])
def test_it_needs_two_whole_frames(pair, samples):
    cut = slice(9000, 9000 + samples)
    if samples == 600:
        assert math.isfinite(snr(pair[0][cut], pair[1][cut]))
    else:
        with pytest.raises(ValueError, match=f"{samples} samples are fewer than"):
            snr(pair[0][cut], pair[1][cut])


@pytest.mark.parametrize("rate", [8000, 11025, 16000, 48000])
@pytest.mark.parametrize("samples", [5000, 12345])
def test_frames_are_those_of_the_loops(framed, rate, samples):
    wave = np.random.default_rng(0).standard_normal(samples)
    np.testing.assert_allclose(loizou_frames(wave, rate), framed(wave, rate), atol=1e-12)


def test_frames_leave_out_what_does_not_fill_one():
    wave = np.arange(1.0, 11.0)
    cut = frames(wave, 4, 3)
    window = np.sin(np.pi * np.arange(1, 5) / 5) ** 2
    np.testing.assert_allclose(cut, [window * wave[:4], window * wave[3:7], window * wave[6:]])
    assert frames(wave[:9], 4, 3).shape == (2, 4)
