import pytest
import torch

from sslse.errors import OptionError


def stretches(zero):
    """Return (begin, length) of every run of True."""
    edges = torch.cat([torch.zeros(1), zero.float(), torch.zeros(1)]).diff()
    begins, ends = (edges == 1).nonzero().flatten(), (edges == -1).nonzero().flatten()
    return list(zip(begins.tolist(), (ends - begins).tolist(), strict=True))


def test_one_stretch_has_a_length_and_place_within_bounds(build, draws, noise):
    views = noise(2, 200, 16000)
    augmentation = build("time_masking", stretches=[1, 1], seconds=[0.01, 0.05])
    out = augmentation(views, generator=draws())
    found = [stretches(row == 0) for row in out.flatten(0, 1)]
    assert all(len(one) == 1 for one in found)
    begins, lengths = map(torch.tensor, zip(*(one[0] for one in found), strict=True))
    assert 160 <= lengths.min() < 170
    assert 790 < lengths.max() <= 800
    assert lengths.double().mean().item() == pytest.approx(480, abs=30)
    share = begins.double() / (16000 - lengths)
    assert share.min() < 0.02
    assert share.max() > 0.98
    assert share.std().item() == pytest.approx(12**-0.5, rel=0.1)
    assert torch.equal(out[out != 0], views[out != 0])


def test_the_number_of_stretches_is_drawn_evenly(build, draws, noise):
    augmentation = build("time_masking", stretches=[2, 4], seconds=[0.001, 0.001])
    out = augmentation(noise(2, 300, 16000), generator=draws())
    numbers = torch.tensor([len(stretches(row == 0)) for row in out.flatten(0, 1)])
    counts = torch.bincount(numbers, minlength=5)
    assert counts[[0, 1]].sum() < 10, "only where two touch"
    assert (counts[2:] > 150).all()


def test_a_stretch_longer_than_the_crop_is_refused(build):
    with pytest.raises(OptionError, match=r"\[0.1, 0.6\]: a crop has 0.5 seconds"):
        build("time_masking", crop=8000, seconds=[0.1, 0.6])


def test_views_shorter_than_a_stretch_are_masked_wholly(build, draws, noise):
    out = build("time_masking", seconds=[0.5, 0.5])(noise(1, 4, 1000), generator=draws())
    assert not out.any()
