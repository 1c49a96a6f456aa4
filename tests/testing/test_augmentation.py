"""Each rule for augmentations catches the one that breaks it."""

import numpy as np
import pytest
import torch
from torch import nn

from sslse.api import Augmentation, Bank, Context, OptionError, PositiveFloat
from sslse.testing import check_augmentation
from sslse.testing.augmentation import AUGMENTATION_RULES, delays_of


class Good(Augmentation):
    """Scale every view by a drawn factor."""

    def __init__(self, noise: Bank, context: Context, /, *, most: PositiveFloat = 2.0) -> None:
        super().__init__()
        self.most = most
        self.register_buffer("least", torch.ones(()), persistent=False)

    def forward(self, views, *, generator):
        drawn = torch.rand(views.shape[:2], generator=generator).unsqueeze(-1)
        return views * (self.least + (self.most - self.least) * drawn)


class NoAugmentation(nn.Module):
    pass


class UnknownPart(Good):
    def __init__(self, rooms: Bank, /) -> None:
        pass


class WrongWord(Good):
    applies_to = "clean"


class HasParameter(Good):
    def __init__(self, noise: Bank, context: Context, /) -> None:
        super().__init__(noise, context)
        self.scale = nn.Parameter(torch.ones(()))


class CountsCalls(Good):
    def forward(self, views, *, generator):
        self.most = self.most + 1
        return super().forward(views, generator=generator)


class LooseTensor(Good):
    def __init__(self, noise: Bank, context: Context, /) -> None:
        super().__init__(noise, context)
        self.window = torch.hann_window(8)


class EvenOnly(Good):
    def forward(self, views, *, generator):
        half = views.shape[-1] // 2
        return super().forward(views[..., : 2 * half], generator=generator)


class Doubles(Good):
    def forward(self, views, *, generator):
        return super().forward(views, generator=generator).double()


class NormalizesSilence(Good):
    def forward(self, views, *, generator):
        return views / views.square().mean(-1, keepdim=True).sqrt()


class DrawsFromTorch(Good):
    def forward(self, views, *, generator):
        return views * torch.rand(())


class OwnGenerator(Good):
    def __init__(self, noise: Bank, context: Context, /) -> None:
        super().__init__(noise, context)
        self.random = np.random.default_rng(0)

    def forward(self, views, *, generator):
        return views * float(self.random.random())


class InPlace(Good):
    def forward(self, views, *, generator):
        drawn = torch.rand((), generator=generator)
        if views.is_contiguous():
            views.mul_(drawn)
        return views * drawn


class DrawsByLevel(Good):
    applies_to = "both"

    def forward(self, views, *, generator):
        loud = int((views.abs() > 0.05).sum()) + 1
        return views * torch.rand(loud, generator=generator).mean()


class ShiftsViews(Good):
    def forward(self, views, *, generator):
        shift = torch.randint(200, (len(views),), generator=generator)
        shifted = [one.roll(int(by), -1) for one, by in zip(views, shift, strict=True)]
        return torch.stack(shifted)


class SaysSo(ShiftsViews):
    aligned = False


class ShiftsAll(Good):
    def forward(self, views, *, generator):
        return views.roll(int(torch.randint(200, (), generator=generator)), -1)


BROKEN = {
    "is constructed from wiring": (NoAugmentation, UnknownPart, WrongWord),
    "keeps no state": (HasParameter, CountsCalls, LooseTensor),
    "keeps shape": (EvenOnly, Doubles),
    "gives finite waves": (NormalizesSilence,),
    "takes every draw": (DrawsFromTorch, OwnGenerator),
    "leaves its input": (InPlace,),
    "applies_to is 'both'": (DrawsByLevel,),
    "where aligned is True": (ShiftsViews,),
}


@pytest.mark.parametrize(
    ("rule", "target"), [(rule, one) for rule, all_ in BROKEN.items() for one in all_]
)
def test_a_broken_one_is_caught_by_its_rule(rule, target):
    with pytest.raises(AssertionError, match=rule) as caught:
        check_augmentation(target)
    assert str(caught.value).startswith(f"augmentation {target.__module__}:{target.__name__}: ")


def test_every_rule_has_its_offender():
    for one in AUGMENTATION_RULES:
        assert sum(rule in one.text for rule in BROKEN) == 1, one.text


@pytest.mark.parametrize("target", [Good, SaysSo, ShiftsAll])
def test_what_is_allowed_passes(target):
    check_augmentation(target)


def test_options_reach_it():
    with pytest.raises(AssertionError, match="most: takes float > 0, not -1") as caught:
        check_augmentation(Good, most=-1)
    assert isinstance(caught.value.__cause__, OptionError)


def test_delays_are_those_of_a_shift():
    sound = torch.randn(3, 4096, generator=torch.Generator().manual_seed(0))
    views = torch.stack([sound, -nn.functional.pad(sound, (100, 0))[:, :-100]])
    assert delays_of(views, sound).tolist() == [[0, 0, 0], [100, 100, 100]]
    assert delays_of(sound[None, :, 70:], sound[:, :-70]).tolist() == [[-70] * 3]
