"""The demo corpus's noises: shape, level, determinism, variety."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from sslse.corpora.demo.noise import KINDS, SECONDS, TAKES, make_noise

SAMPLE_RATE = 16000

cached_noise = cache(make_noise)


def _largest_correlation(first: np.ndarray, second: np.ndarray) -> float:
    size = 2 * first.size
    spectrum = np.fft.rfft(first, size) * np.conj(np.fft.rfft(second, size))
    product = np.sqrt(np.sum(first**2) * np.sum(second**2))
    return float(np.abs(np.fft.irfft(spectrum, size)).max() / product)


def test_there_are_twenty_kinds_of_five_takes() -> None:
    assert len(KINDS) == len(set(KINDS)) == 20
    assert TAKES == 5


@pytest.mark.statistics
@pytest.mark.parametrize("kind", KINDS)
def test_every_take_is_well_formed_and_never_silent(kind: str) -> None:
    for take in range(1, TAKES + 1):
        noise = cached_noise(kind, take)
        assert noise.dtype == np.float32
        assert noise.shape == (round(SECONDS * SAMPLE_RATE),)
        assert np.isfinite(noise).all()
        assert np.abs(noise).max() == pytest.approx(0.5, abs=1e-6)
        window_rms = np.sqrt(np.mean(noise.reshape(-1, SAMPLE_RATE // 4) ** 2, axis=1))
        assert window_rms.min() > 1e-3  # -60 dBFS


@pytest.mark.statistics
@pytest.mark.smoke
@pytest.mark.parametrize("kind", KINDS)
def test_takes_are_reproducible_and_differ(kind: str) -> None:
    first, last = cached_noise(kind, 1), cached_noise(kind, TAKES)
    np.testing.assert_array_equal(first, make_noise(kind, 1))
    assert _largest_correlation(first, last) < 0.5


@pytest.mark.parametrize("kind", KINDS)
def test_another_sample_rate_keeps_the_length_in_seconds(kind: str) -> None:
    noise = make_noise(kind, 2, sample_rate=8000)
    assert noise.shape == (round(SECONDS * 8000),)
    assert np.isfinite(noise).all()


def test_an_unknown_kind_is_named_with_the_possible_ones() -> None:
    with pytest.raises(ValueError, match=r"'thunder'; possible: babble, .*clatter"):
        make_noise("thunder", 1)


@pytest.mark.parametrize("take", [0, 6])
def test_an_unknown_take_is_named_with_the_possible_ones(take: int) -> None:
    with pytest.raises(ValueError, match=rf"no take {take} .*possible: 1 to 5"):
        make_noise("rain", take)
