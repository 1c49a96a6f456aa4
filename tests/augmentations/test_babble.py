import pytest
import torch

from sslse.errors import OptionError


def strengths(added):
    """Measure how much of every recording's tone there is."""
    time = torch.arange(added.shape[-1])
    tones = torch.stack([torch.exp(1j * torch.pi / 16 * (r + 1) * time) for r in range(15)])
    return (added.to(tones.dtype) @ tones.mT).abs()


def test_numbers_of_talkers_are_drawn_and_all_are_equally_loud(build, draws, noise):
    views = noise(2, 100, 8000)
    out = build("babble", talkers=[2, 4], snr_db=[-30.0, -30.0])(views, generator=draws())
    strength = strengths(out - views)
    heard = strength > 0.5 * strength.amax(-1, keepdim=True)
    numbers = heard.sum(-1)
    counts = torch.bincount(numbers.flatten(), minlength=5)
    assert counts[:2].sum() == 0
    assert (counts[2:] > 45).all()
    level = (strength * heard).sum(-1, keepdim=True) / numbers.unsqueeze(-1)
    assert ((strength - level).abs() < 0.05 * level)[heard].all()
    assert (strength < 0.1 * level)[~heard].all()


def test_every_recording_talks(build, draws, noise):
    views = noise(2, 100, 2000)
    out = build("babble", talkers=[3, 3], snr_db=[-30.0, -30.0])(views, generator=draws())
    strength = strengths(out - views)
    heard = (strength > 0.5 * strength.amax(-1, keepdim=True)).flatten(0, 1).sum(0)
    assert (heard - 40).abs().max() < 25
    assert heard.sum() == 600


def test_the_ratio_is_the_drawn_one(build, draws, noise, decibels):
    views = noise(2, 200, 4000)
    out = build("babble", snr_db=[-5.0, 15.0])(views, generator=draws())
    ratio = decibels(views, out - views)
    assert -5.01 < ratio.min() < -4.5
    assert 14.5 < ratio.max() < 15.01


def test_fewer_recordings_than_talkers_are_refused(build):
    with pytest.raises(OptionError, match=r"\[2, 9\]: the training part has 5 recordings"):
        build("babble", recordings=5, talkers=[2, 9])
