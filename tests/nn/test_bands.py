import math

import pytest
import torch

from sslse.errors import OptionError
from sslse.nn.bands import Bands


def make(bins=257, linear=65, erb=64):
    return Bands(bins, linear=linear, erb=erb, sample_rate=16000)


def test_the_lowest_bins_stay_as_they_are():
    bands = make()
    assert bands.count == 129
    bins = torch.randn(2, 257, 3)
    torch.testing.assert_close(bands(bins)[:, :64], bins[:, :64])
    torch.testing.assert_close(bands.spread(torch.randn(129, 1))[:64].shape, (64, 1))


def test_centres_are_equally_far_apart_on_the_erb_scale():
    ramp = torch.linspace(0, 8000, 257).unsqueeze(-1)
    place = make(erb=32).spread(torch.arange(97.0).unsqueeze(-1)).squeeze(-1)
    # Where the spread number of a band passes a whole number lies that band's centre.
    rate = [21.4 * math.log10(1 + 0.00437 * hertz) for hertz in (2000, 8000)]
    for band in (70, 80, 96):
        wanted = (10 ** ((rate[0] + (rate[1] - rate[0]) * (band - 64) / 32) / 21.4) - 1) / 0.00437
        found = float(ramp[(place <= band).nonzero().max()])
        assert wanted - 31.25 <= found <= wanted + 0.01


def test_what_is_constant_stays_so():
    bands = make()
    torch.testing.assert_close(bands(torch.ones(257, 2)), torch.ones(129, 2))
    torch.testing.assert_close(bands.spread(torch.ones(129, 2)), torch.ones(257, 2))


def test_bins_alone_are_possible():
    bands = make(bins=9, linear=9, erb=0)
    bins = torch.randn(4, 9, 2)
    torch.testing.assert_close(bands(bins), bins)
    torch.testing.assert_close(bands.spread(bins), bins)


@pytest.mark.parametrize(("linear", "erb"), [(250, 8), (257, 1), (65, 0), (258, 0)])
def test_more_bands_than_bins_are_refused(linear, erb):
    with pytest.raises(OptionError, match=f"{linear} linear and {erb} ERB bands do not fit 257"):
        make(linear=linear, erb=erb)


def test_bands_without_a_bin_are_refused():
    with pytest.raises(OptionError, match="120 bands above 16 bins are narrower than a bin"):
        make(linear=16, erb=120)
