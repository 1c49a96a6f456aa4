import pytest
import torch

from sslse.errors import OptionError


def test_the_level_changes_evenly_within_the_range(build, draws, noise, decibels):
    views = noise(2, 500, 100)
    out = build("gain", gain_db=[-12.0, 6.0])(views, generator=draws())
    change = decibels(out, views)
    assert -12.001 < change.min() < -11.8
    assert 5.8 < change.max() < 6.001
    assert change.mean().item() == pytest.approx(-3.0, abs=0.5)
    assert change.std().item() == pytest.approx(18 / 12**0.5, rel=0.05)
    torch.testing.assert_close(out, views * 10 ** (change / 20).float().unsqueeze(-1))


def test_the_views_of_an_utterance_share_one(build, draws, noise, decibels):
    views = noise(3, 20, 100)
    out = build("gain", draw="utterance")(views, generator=draws())
    change = decibels(out, views)
    torch.testing.assert_close(change, change[:1].expand(3, -1), rtol=0, atol=1e-4)
    assert change[0].std() > 1


def test_bounds_in_the_wrong_order_are_refused(build):
    with pytest.raises(OptionError, match=r"\[3.0, -3.0\]: the least comes first"):
        build("gain", gain_db=[3.0, -3.0])
