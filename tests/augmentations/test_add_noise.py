import pytest
import torch

from sslse.api import Bank, Context, OptionError
from sslse.augmentations.add_noise import AddNoise

SAMPLES = 4096


class Noises(Bank):
    """Recording r is a tone of its own frequency; the last one may be silent."""

    def __init__(self, count, lengths=None, silent=()):
        self.count = count
        self.lengths = torch.tensor(lengths or [10_000] * count)
        self.silent = torch.tensor([row in silent for row in range(count)])

    def crops(self, index, start, samples, *, loop=False):
        assert loop
        assert (start >= 0).all()
        assert (start < self.lengths[index]).all()
        time = start.unsqueeze(-1) + torch.arange(samples)
        tones = torch.sin(0.1 * (index.unsqueeze(-1) + 1) * time)
        return torch.where(self.silent[index].unsqueeze(-1), 0.0, tones)

    def lengths_of(self, index):
        return self.lengths[index]


def context(views=2):
    return Context(sample_rate=16000, views=views, batch_size=4, crop=SAMPLES)


def draws(seed=0):
    return torch.Generator().manual_seed(seed)


def ratios_db(views, speech):
    added = views.double() - speech.double()
    return 10 * torch.log10(speech.double().square().mean(-1) / added.square().mean(-1))


@pytest.fixture
def speech():
    return 0.1 * torch.randn(2, 64, SAMPLES, generator=draws(9))


def test_listed_ratios_are_met_and_all_occur_about_equally(speech):
    listed = [-10.0, -5.0, 0.0, 5.0, 10.0]
    augmentation = AddNoise(Noises(7), context(), snr_db=listed)
    measured = torch.cat(
        [ratios_db(augmentation(speech, generator=draws(s)), speech).flatten() for s in range(10)]
    )
    nearest = measured.unsqueeze(-1).sub(torch.tensor(listed)).abs().min(-1)
    assert nearest.values.max() < 0.01
    counts = torch.bincount(nearest.indices, minlength=5) / len(measured)
    assert counts.min() > 0.15
    assert counts.max() < 0.25


def test_a_range_is_drawn_evenly(speech):
    augmentation = AddNoise(Noises(7), context(), snr_db=[10, -10], draw="range")
    measured = torch.cat(
        [ratios_db(augmentation(speech, generator=draws(s)), speech).flatten() for s in range(10)]
    )
    assert measured.min() >= -10.01
    assert measured.max() <= 10.01
    assert measured.mean().abs() < 1.0
    assert measured.std().item() == pytest.approx(20 / 12**0.5, rel=0.1)


@pytest.mark.parametrize(("views", "count"), [(2, 2), (2, 7), (3, 3), (4, 9)])
def test_the_views_of_an_utterance_get_different_noises_and_every_noise_occurs(views, count):
    augmentation = AddNoise(Noises(count), context(views))
    drawn = torch.cat([augmentation._different(views, 100, draws(s)) for s in range(10)], dim=1)
    ordered = drawn.sort(dim=0).values
    assert (ordered[1:] != ordered[:-1]).all()
    for row in drawn:
        assert (torch.bincount(row, minlength=count) / len(row)).min() > 0.6 / count


def test_draws_come_from_the_generator_alone(speech):
    augmentation = AddNoise(Noises(7), context())
    state = torch.get_rng_state()
    first = augmentation(speech, generator=draws(1))
    torch.testing.assert_close(augmentation(speech, generator=draws(1)), first)
    assert not torch.equal(augmentation(speech, generator=draws(2)), first)
    assert torch.equal(torch.get_rng_state(), state)


def test_silent_noise_and_silent_speech_never_give_nan(speech):
    augmentation = AddNoise(Noises(2, silent=(0, 1)), context())
    torch.testing.assert_close(augmentation(speech, generator=draws()), speech)
    quiet = torch.zeros_like(speech)
    augmentation = AddNoise(Noises(2), context())
    torch.testing.assert_close(augmentation(quiet, generator=draws()), quiet)


def test_short_noises_start_within_themselves(speech):
    augmentation = AddNoise(Noises(3, lengths=[50, SAMPLES, 10_000]), context())
    assert augmentation(speech, generator=draws()).isfinite().all()


def test_fewer_noises_than_views_are_refused():
    with pytest.raises(
        OptionError, match="3 views need 3 different recordings of noise; the training part has 2"
    ):
        AddNoise(Noises(2), context(views=3))
