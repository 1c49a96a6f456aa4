"""SI-SDR and its improvement against sums in plain Python."""

import math

import numpy as np
import pytest

from sslse.golden import SAMPLE_RATE
from sslse.metrics.si_sdr import SiSdr, SiSdrImprovement


def slow(clean, estimate, zero_mean=True):
    """Compute the ratio by the formula, every sum exact."""
    s, s_hat = clean.astype(float).tolist(), estimate.astype(float).tolist()
    if zero_mean:
        means = [math.fsum(wave) / len(wave) for wave in (s, s_hat)]
        s, s_hat = [x - means[0] for x in s], [x - means[1] for x in s_hat]
    a = math.fsum(x * y for x, y in zip(s, s_hat, strict=True)) / math.fsum(x * x for x in s)
    wanted = math.fsum((a * x) ** 2 for x in s)
    unwanted = math.fsum((a * x - y) ** 2 for x, y in zip(s, s_hat, strict=True))
    return 10 * math.log10(wanted / unwanted)


@pytest.mark.parametrize("zero_mean", [True, False])
def test_it_is_the_formulas(pair, zero_mean):
    clean, noisy = pair[0], np.tanh(5 * pair[1]) + np.float32(0.05)
    measured = SiSdr(zero_mean=zero_mean).score(clean, noisy, noisy, SAMPLE_RATE)
    assert measured == pytest.approx(slow(clean, noisy, zero_mean), abs=1e-9)


@pytest.mark.parametrize("zero_mean", [True, False])
def test_improvement_is_the_difference(pair, zero_mean):
    clean, noisy = pair
    estimate = 0.7 * clean + 0.1 * noisy
    metric = SiSdrImprovement(zero_mean=zero_mean)
    expected = slow(clean, estimate, zero_mean) - slow(clean, noisy, zero_mean)
    measured = metric.score(clean, estimate, noisy, SAMPLE_RATE)
    assert measured == pytest.approx(expected, abs=1e-9)
    assert measured > 0


@pytest.mark.parametrize("scale", [1.0, 0.5, -2.0])
def test_the_mixture_has_no_improvement(pair, scale):
    clean, noisy = pair
    measured = SiSdrImprovement().score(clean, np.float32(scale) * noisy, noisy, SAMPLE_RATE)
    assert measured == 0


def test_a_mixture_without_noise_has_no_improvement_to_speak_of(pair):
    clean, noisy = pair
    with pytest.raises(ValueError, match="the noisy wave has an SI-SDR of inf dB"):
        SiSdrImprovement(zero_mean=False).score(clean, noisy, clean, SAMPLE_RATE)
    with pytest.raises(ValueError, match="the noisy wave is constant"):
        SiSdrImprovement().score(clean, noisy, np.zeros_like(clean), SAMPLE_RATE)
