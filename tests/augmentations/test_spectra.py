import numpy as np
import pytest
import torch

from sslse.augmentations.spectra import convolve, fast_length


@pytest.mark.parametrize("samples", [1, 2, 3, 7, 100, 4001, 16384, 16385, 26000, 99999])
def test_fast_lengths_are_long_enough_and_have_small_factors(samples):
    length = fast_length(samples)
    assert samples <= length <= 1.25 * samples + 1
    odd = length // (length & -length)
    assert odd in (1, 3, 5, 7)


@pytest.mark.parametrize(("samples", "taps"), [(1, 1), (50, 7), (50, 50), (50, 80), (1001, 333)])
def test_convolution_is_the_direct_one_cut_to_the_wave(samples, taps, draws):
    waves = torch.randn(2, 3, samples, generator=draws(1))
    responses = torch.randn(2, 3, taps, generator=draws(2))
    fast = convolve(waves, responses)
    for wave, response, found in zip(
        waves.flatten(0, 1), responses.flatten(0, 1), fast.flatten(0, 1), strict=True
    ):
        slow = np.convolve(wave.double(), response.double())[:samples]
        np.testing.assert_allclose(found.numpy(), slow, atol=1e-4)
