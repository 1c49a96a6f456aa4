"""The tracker against a slow one in loops, and what it is for."""

import math

import numpy as np
import pytest

from sslse.baselines.noise_power import noise_power


def slow(powers):
    """Gerkmann and Hendriks' recursion, frequency by frequency."""
    found = np.empty_like(powers)
    least = powers.mean() * 1e-12 + np.finfo(np.float64).tiny
    for column in range(powers.shape[1]):
        ordered = sorted(powers[:, column])
        place = 0.1 * (len(ordered) - 1)
        low = ordered[int(place)]
        quiet = low + (place - int(place)) * (ordered[min(int(place) + 1, len(ordered) - 1)] - low)
        noise, lasting = max(quiet / -math.log(0.9), least), 0.5
        for row in range(powers.shape[0]):
            power = powers[row, column]
            snr = 10**1.5
            exponent = min(power / noise, 1000) * snr / (1 + snr)
            speech = 1 / (1 + (1 + snr) * math.exp(-exponent))
            lasting = 0.9 * lasting + 0.1 * speech
            if lasting > 0.99:
                speech = min(speech, 0.99)
            noise = max(0.8 * noise + 0.2 * (speech * noise + (1 - speech) * power), least)
            found[row, column] = noise
    return found


def test_it_is_the_recursion():
    draws = np.random.default_rng(0)
    powers = draws.exponential(1.0, (60, 5)) * np.geomspace(1e-3, 1e3, 5)
    powers[20:40] *= 300
    np.testing.assert_allclose(noise_power(powers), slow(powers), rtol=1e-10)


@pytest.mark.parametrize("level", [1e-12, 1.0, 1e12])
def test_the_power_of_steady_noise_is_found(level):
    powers = level * np.random.default_rng(1).exponential(1.0, (400, 257))
    error_db = 10 * np.log10(noise_power(powers).mean() / level)
    assert abs(error_db) < 1.5


def test_noise_that_rises_is_followed_while_speech_is_not():
    draws = np.random.default_rng(2)
    rising = draws.exponential(1.0, (400, 257))
    rising[200:] *= 10
    after = noise_power(rising)[-50:].mean()
    assert 10 * math.log10(after / 10) == pytest.approx(0, abs=1.5)
    bursts = draws.exponential(1.0, (400, 257))
    bursts[100:110] *= 1e4
    assert noise_power(bursts)[110:].mean() < 2


def test_silence_has_a_power_above_zero():
    found = noise_power(np.zeros((10, 4)))
    assert (found > 0).all()
