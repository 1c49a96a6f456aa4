"""SDR of BSS Eval against least squares over delayed copies, and against torchmetrics."""

import numpy as np
import pytest
import torch

from sslse.golden import SAMPLE_RATE
from sslse.metrics.sdr import Sdr


def slow(clean, estimate, taps):
    """Project onto all delayed copies of the clean wave by least squares."""
    samples = len(clean)
    copies = np.zeros((samples + taps - 1, taps))
    for delay in range(taps):
        copies[delay : delay + samples, delay] = clean
    padded = np.concatenate([estimate, np.zeros(taps - 1)])
    target = copies @ np.linalg.lstsq(copies, padded, rcond=None)[0]
    return 10 * np.log10(np.square(target).sum() / np.square(target - padded).sum())


def sdr(clean, estimate, **options):
    return Sdr(**options).score(clean, estimate, estimate, SAMPLE_RATE)


@pytest.fixture(scope="module")
def waves(pair):
    return tuple(wave[9000:10000].astype(np.float64) for wave in pair)


@pytest.mark.parametrize("taps", [1, 2, 16, 100])
def test_it_is_the_least_squares_solutions(waves, taps):
    clean, noisy = waves
    assert sdr(clean, noisy, taps=taps) == pytest.approx(slow(clean, noisy, taps), abs=1e-8)


def test_a_wave_with_few_frequencies_has_one_too(waves):
    time = np.arange(1000)
    clean = np.sin(0.3 * time) + 0.5 * np.sin(0.7 * time)
    estimate = clean + 0.1 * waves[1] / np.abs(waves[1]).max()
    assert sdr(clean, estimate, taps=64) == pytest.approx(slow(clean, estimate, 64), abs=1e-6)


def test_it_is_torchmetrics(pair, noise):
    from torchmetrics.functional.audio import signal_distortion_ratio

    clean = pair[0].astype(np.float64)
    for snr_db in (-10, 0, 20):
        noisy = clean + 10 ** (-snr_db / 20) * noise
        expected = signal_distortion_ratio(torch.from_numpy(noisy), torch.from_numpy(clean))
        assert sdr(clean, noisy) == pytest.approx(expected.item(), abs=1e-4)


def test_neither_level_nor_delay_nor_filter_counts(pair):
    clean, noisy = (wave.astype(np.float64) for wave in pair)
    noise = noisy - clean
    expected = sdr(clean, noisy)
    assert sdr(clean, -3e-3 * noisy) == pytest.approx(expected, abs=1e-8)
    assert sdr(250 * clean, noisy) == pytest.approx(expected, abs=1e-8)
    clean = np.pad(clean, (0, 600))
    echo = np.convolve(clean, [0, 0, 0.8, 0, 0.3, -0.2])[: len(clean)]
    assert sdr(clean, echo) > 200
    assert sdr(clean, clean) > 200
    late = np.roll(clean, 100) + np.roll(np.pad(noise, (0, 600)), 100)
    assert sdr(clean, late) == pytest.approx(expected, abs=0.2)


def test_more_taps_forgive_more(pair):
    values = [sdr(*pair, taps=taps) for taps in (1, 8, 64, 512)]
    assert values == sorted(values)


def test_waves_shorter_than_the_filter_are_refused(pair):
    with pytest.raises(ValueError, match="511 samples are fewer than the filter's 512"):
        sdr(pair[0][9000:9511], pair[1][9000:9511])
