import pytest
import torch

from sslse.api import Bank, Context, OptionError
from sslse.augmentations.add_noise import AddNoise
from sslse.augmentations.draws import different

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
    drawn = torch.cat([different(views, 100, count, draws(s)) for s in range(10)], dim=1)
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


def added_recordings(augmentation, count, batch, seed):
    """Which recordings every view got, from the draws themselves."""
    seen = []
    crops = augmentation._noise.crops

    def watching(index, *rest, **options):
        seen.append(index)
        return crops(index, *rest, **options)

    augmentation._noise.crops = watching
    augmentation(torch.ones(count, batch, 64), generator=draws(seed))
    augmentation._noise.crops = crops
    return seen[0]


@pytest.mark.parametrize("views", [2, 3])
def test_disjoint_views_share_no_recording_and_shared_ones_have_the_same(views):
    bank = Noises(9)
    apart = AddNoise(bank, context(views), noises=[1, 3])
    index = added_recordings(apart, views, 50, 0)
    assert index.shape == (views, 3, 50)
    together = index.flatten(0, 1).sort(dim=0).values
    assert (together[1:] != together[:-1]).all()
    shared = AddNoise(bank, context(views), noises=[1, 3], between_views="shared")
    index = added_recordings(shared, views, 50, 0)
    assert (index == index[:1]).all()
    assert (index[0].sort(dim=0).values.diff(dim=0) != 0).all()


def test_every_order_of_recordings_is_alike_likely():
    drawn = different(3, 24_000, 4, draws(3))
    orders, counts = drawn.unique(dim=1, return_counts=True)
    assert orders.shape == (3, 24)
    assert ((counts - 1000).abs() < 5 * 1000**0.5).all()


def test_several_noises_have_equal_power_and_their_sum_the_drawn_ratio():
    noises = Noises(6)
    augmentation = AddNoise(noises, context(2), noises=[2, 2], snr_db=[5.0])
    speech = 0.1 * torch.randn(2, 40, SAMPLES, generator=draws(9))
    noisy = augmentation(speech, generator=draws(1))
    torch.testing.assert_close(
        ratios_db(noisy, speech), torch.full((2, 40), 5.0, dtype=torch.float64), atol=0.01, rtol=0
    )
    time = torch.arange(SAMPLES)
    tones = torch.stack([torch.exp(1j * 0.1 * (row + 1) * time) for row in range(6)])
    strengths = ((noisy - speech).to(tones.dtype) @ tones.mT).abs().sort(dim=-1).values
    assert (strengths[..., 3] < 0.1 * strengths[..., 4]).all(), "two tones each"
    torch.testing.assert_close(strengths[..., 4], strengths[..., 5], rtol=0.05, atol=0)


def test_the_number_of_noises_is_drawn_evenly_for_each_view():
    augmentation = AddNoise(Noises(9), context(2), noises=[1, 3])
    speech = torch.zeros(2, 300, SAMPLES) + 1.0
    noise = augmentation(speech, generator=draws(4)) - speech
    tones = torch.stack([torch.exp(1j * 0.1 * (r + 1) * torch.arange(SAMPLES)) for r in range(9)])
    strengths = (noise.to(tones.dtype) @ tones.mT).abs()
    numbers = (strengths > 0.2 * strengths.max(-1, keepdim=True).values).sum(-1)
    counts = torch.bincount(numbers.flatten(), minlength=4)
    assert counts[0] == 0
    assert (counts[1:] > 150).all()
    assert (numbers[0] != numbers[1]).any()


def test_too_few_recordings_for_several_noises_are_refused():
    with pytest.raises(OptionError, match="2 views with up to 3 noises each need 6 different"):
        AddNoise(Noises(5), context(), noises=[1, 3])
    with pytest.raises(OptionError, match="views with up to 3 noises each need 3 different"):
        AddNoise(Noises(2), context(), noises=[1, 3], between_views="shared")
    with pytest.raises(OptionError, match="the least number comes first"):
        AddNoise(Noises(5), context(), noises=[3, 1])
