"""Each rule for schedules catches the one that breaks it."""

import random

import pytest
import torch
from torch import nn

from sslse.api import NonNegativeFloat, Schedule, Weights
from sslse.testing import check_schedule
from sslse.testing.schedule import SCHEDULE_RULES


class Good(Schedule):
    """Equal weights, the contrastive one scaled by the running ratio of the losses."""

    def __init__(self, *, cl: NonNegativeFloat = 1.0) -> None:
        super().__init__()
        self.cl = cl
        self.register_buffer("ratio", torch.ones(()))

    def weights(self, progress):
        return Weights(self.cl, 1.0)

    def combine(self, weights, losses, latent):
        cl = 0 if losses.cl is None else weights.cl * losses.cl * self.ratio
        return cl + weights.se * losses.se

    def after_step(self, losses, progress):
        if losses.cl is not None and losses.se is not None:
            ratio = losses.se.abs() / losses.cl.abs().clamp_min(0.1)
            self.ratio.lerp_(ratio.clamp(0.1, 10), 0.1)

    def metrics(self):
        return {"ratio": self.ratio.clone()}


class NoSchedule(nn.Module):
    pass


class PositionalOption(Good):
    def __init__(self, cl: float = 1.0) -> None:
        super().__init__()


class Negative(Good):
    def weights(self, progress):
        return Weights(1 - progress.epoch, 1.0)


class TensorWeight(Good):
    def weights(self, progress):
        return Weights(torch.ones(()), 1.0)


class BothZero(Good):
    def weights(self, progress):
        return Weights(0.0, float(progress.step + 1 < progress.steps))


class Pair(Good):
    def weights(self, progress):
        return 1.0, 1.0


class CountsCalls(Good):
    def weights(self, progress):
        self.cl = self.cl / 2
        return Weights(self.cl, 1.0)


class DrawsWeights(Good):
    def weights(self, progress):
        random.random()
        return Weights(1.0, 1.0)


class Logarithm(Good):
    def combine(self, weights, losses, latent):
        return losses.cl.log() + losses.se


class Detaches(Good):
    def combine(self, weights, losses, latent):
        return losses.cl.detach() + losses.se.detach()


class NotTheSum(Schedule):
    def weights(self, progress):
        return Weights(1.0, 1.0)

    def __getattribute__(self, name):
        found = super().__getattribute__(name)
        return (lambda *args: 2 * found(*args)) if name == "combine" else found


class NeedsBoth(Good):
    def combine(self, weights, losses, latent):
        return losses.cl + losses.se


class WritesInCombine(Good):
    def combine(self, weights, losses, latent):
        total = super().combine(weights, losses, latent)
        self.ratio.mul_(0.9)
        return total


class KeepsLatent(Good):
    def combine(self, weights, losses, latent):
        self.latent = latent.detach()
        return super().combine(weights, losses, latent)


class GoesBackItself(Good):
    def combine(self, weights, losses, latent):
        losses.se.backward(retain_graph=True)
        return super().combine(weights, losses, latent)


class PlainNumber(Good):
    def after_step(self, losses, progress):
        self.cl = self.cl * 0.9


class ForgetsRatio(Good):
    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("ratio", torch.ones(()), persistent=False)


class MetricNumber(Good):
    def metrics(self):
        return {"ratio": 1.0}


class MetricVector(Good):
    def metrics(self):
        return {"ratio": self.ratio.expand(2)}


BROKEN = {
    "is constructed from wiring": (NoSchedule, PositionalOption),
    "gives weights that are finite": (Negative, TensorWeight, BothZero, Pair),
    "depend on the time alone": (CountsCalls, DrawsWeights),
    "combines the losses": (Logarithm, Detaches, NotTheSum),
    "combines the enhancement loss alone": (NeedsBoth,),
    "combine changes no state": (WritesInCombine, KeepsLatent, GoesBackItself),
    "what persists is a buffer": (PlainNumber,),
    "saved state": (ForgetsRatio,),
    "gives metrics": (MetricNumber, MetricVector),
}


@pytest.mark.parametrize(
    ("rule", "target"), [(rule, one) for rule, all_ in BROKEN.items() for one in all_]
)
def test_a_broken_one_is_caught_by_its_rule(rule, target):
    with pytest.raises(AssertionError, match=rule) as caught:
        check_schedule(target)
    assert str(caught.value).startswith(f"schedule {target.__module__}:{target.__name__}: ")


def test_every_rule_has_its_offender():
    for one in SCHEDULE_RULES:
        assert sum(rule in one.text for rule in BROKEN) == 1, one.text


def test_a_good_one_passes():
    check_schedule(Good, cl=0.5)
    check_schedule("round", period=2)
