"""Each rule for objectives catches the one that breaks it."""

import random
from dataclasses import replace
from functools import partial
from typing import Any, Literal

import numpy as np
import pytest
import torch
from torch import nn

from sslse.api import Encoder, Objective, OptionError, Outcome, PositiveInt, Predictor
from sslse.errors import RegistryError
from sslse.losses import similarity_across_views
from sslse.testing import check_objective


class Good(Objective):
    """Predict one view's latent from the other's; follow the mean loss in a buffer."""

    def __init__(self, encoder: Encoder, /, *, hidden: PositiveInt = 32) -> None:
        super().__init__()
        self.map = nn.Sequential(
            nn.Linear(encoder.dim, hidden), nn.GELU(), nn.Linear(hidden, encoder.dim)
        )
        self.register_buffer("mean", torch.zeros(()))

    def predict(self, latent):
        return self.map(latent.transpose(-1, -2)).transpose(-1, -2)

    def forward(self, encoder, views, progress):
        predicted = self.predict(views.latent)
        loss = -similarity_across_views(predicted, views.latent.detach())
        return Outcome(loss + 0.1 * self.mean, {"loss": loss.detach()}, carry=loss.detach())

    def after_step(self, encoder, carry, progress):
        if carry is not None:
            self.mean.lerp_(carry, 0.1)


class NoObjective(nn.Module):
    def __init__(self, encoder: Encoder, /) -> None:
        super().__init__()


class NeitherWiringNorOption(Good):
    def __init__(self, encoder: Encoder, hidden: int = 32) -> None:
        super().__init__(encoder)


class AsksForNothingThereIs(Good):
    def __init__(self, encoder: Encoder, teacher: Any, /) -> None:
        super().__init__(encoder)


class UnseededWeights(Good):
    def __init__(self, encoder: Encoder, /) -> None:
        super().__init__(encoder)
        with torch.no_grad():
            draws = np.random.default_rng().standard_normal()
            self.map[0].bias.add_(draws)


class GlobalConstructor(Good):
    def __init__(self, encoder: Encoder, /) -> None:
        super().__init__(encoder)
        random.random()


class FrameLevelText(Good):
    frame_level = "no"


class StoresEncoder(Good):
    def __init__(self, encoder: Encoder, /) -> None:
        super().__init__(encoder)
        self.encoder = encoder


class HidesEncoder(Good):
    def __init__(self, encoder: Encoder, /) -> None:
        super().__init__(encoder)
        self.encode = [lambda wave: -encoder(wave)]


class StoresItsLayer(Good):
    def forward(self, encoder, views, progress):
        object.__setattr__(self, "weight", encoder.mix.weight)
        return super().forward(encoder, views, progress)


class Changed(Good):
    """A good one whose outcome is changed."""

    def change(self, outcome, progress):
        raise NotImplementedError

    def forward(self, encoder, views, progress):
        return self.change(super().forward(encoder, views, progress), progress)


class Infinite(Changed):
    def change(self, outcome, progress):
        return Outcome(outcome.loss / 0)


class PerExample(Changed):
    def change(self, outcome, progress):
        return Outcome(outcome.loss.expand(3))


class NoneLater(Changed):
    def change(self, outcome, progress):
        return Outcome(outcome.loss if progress.step < 10 else None)


class Detached(Changed):
    def change(self, outcome, progress):
        return Outcome(outcome.loss.detach())


class PlainLoss(Changed):
    def change(self, outcome, progress):
        return outcome.loss


class MetricWithGradient(Changed):
    def change(self, outcome, progress):
        return Outcome(outcome.loss, {"loss": outcome.loss}, outcome.carry)


class MetricNumber(Changed):
    def change(self, outcome, progress):
        return Outcome(outcome.loss, {"loss": outcome.loss.item()}, outcome.carry)


class WritesInForward(Changed):
    def change(self, outcome, progress):
        self.mean.lerp_(outcome.loss.detach(), 0.1)
        return outcome


class CountsInForward(Changed):
    calls = 0

    def __init__(self, encoder: Encoder, /) -> None:
        super().__init__(encoder)
        self.calls = 0

    def change(self, outcome, progress):
        self.calls += 1
        return outcome


class ChangesViews(Good):
    def forward(self, encoder, views, progress):
        views.noisy.mul_(0.5)
        return super().forward(encoder, views, progress)


class ChangesEncoder(Good):
    def forward(self, encoder, views, progress):
        with torch.no_grad():
            encoder.mix.bias.add_(0.1)
        return super().forward(encoder, views, progress)


class GoesBackItself(Changed):
    def change(self, outcome, progress):
        outcome.loss.backward(retain_graph=True)
        return outcome


class LooseTensor(Good):
    def __init__(self, encoder: Encoder, /) -> None:
        super().__init__(encoder)
        self.scale = [torch.ones(())]


class CountsSteps(Good):
    def __init__(self, encoder: Encoder, /) -> None:
        super().__init__(encoder)
        self.step = 0

    def after_step(self, encoder, carry, progress):
        self.step += 1


class NeedsCarry(Good):
    def after_step(self, encoder, carry, progress):
        self.mean.lerp_(carry, 0.1)


class WritesToEncoder(Good):
    def after_step(self, encoder, carry, progress):
        encoder.mix.bias.zero_()


class DrawsFromTorch(Changed):
    def change(self, outcome, progress):
        return Outcome(outcome.loss * (1 + 0.01 * torch.rand(())))


class Masked(Good):
    """Leave out drawn frames of every view."""

    def forward(self, encoder, views, progress):
        kept = torch.rand(*views.latent.shape[:2], 1, views.latent.shape[-1]) < 0.8
        return super().forward(encoder, replace(views, latent=views.latent * kept), progress)


class DropsTheMap(Good):
    """Draws in a layer of its own, in training mode alone."""

    def __init__(self, encoder: Encoder, /) -> None:
        super().__init__(encoder)
        self.map = nn.Sequential(self.map, MayLeaveOut())


class MayLeaveOut(nn.Module):
    def forward(self, x):
        return x * (torch.rand(()) < 0.5) if self.training else x


class DrawsFromNumpy(Changed):
    def change(self, outcome, progress):
        np.random.rand()  # noqa: NPY002 - the offence
        return outcome


class SeedsTorch(Changed):
    def change(self, outcome, progress):
        torch.manual_seed(progress.step)
        return Outcome(outcome.loss * (1 + 0.01 * torch.rand(())))


class DrawsAfter(Good):
    def after_step(self, encoder, carry, progress):
        random.random()


class NoCopy(Good):
    def __deepcopy__(self, memo):
        raise TypeError("cannot be copied")


class CopyWithoutBuffers(Good):
    def __deepcopy__(self, memo):
        with torch.random.fork_rng():
            twin = CopyWithoutBuffers(Encoder16())
        twin.map.load_state_dict(self.map.state_dict())
        return twin


class Encoder16:
    dim = 16


class DetachesEncoder(Good):
    def forward(self, encoder, views, progress):
        predicted = self.predict(views.latent.detach())
        return Outcome(-similarity_across_views(predicted, views.latent.detach()))


class UnusedParameter(Good):
    def __init__(self, encoder: Encoder, /) -> None:
        super().__init__(encoder)
        self.unused = nn.Parameter(torch.ones(3))


class GradientIsNaN(Changed):
    def change(self, outcome, progress):
        return Outcome(outcome.loss + 0 * (outcome.loss - outcome.loss).sqrt())


class BufferInGraph(Good):
    def after_step(self, encoder, carry, progress):
        with torch.enable_grad():
            self.mean = self.mean + 0 * self.map[0].bias.sum()


class FrozenInGraph(Good):
    def __init__(self, encoder: Encoder, /) -> None:
        super().__init__(encoder)
        self.frozen = nn.Parameter(torch.ones(()), requires_grad=False)

    def forward(self, encoder, views, progress):
        outcome = super().forward(encoder, views, progress)
        self.frozen.requires_grad_(True)
        loss = outcome.loss * self.frozen
        self.frozen.grad = torch.ones(())
        self.frozen.requires_grad_(False)
        return Outcome(loss)


class EvenBatches(Good):
    def forward(self, encoder, views, progress):
        if views.utterance.numel() % 2:
            raise ValueError("odd")
        return super().forward(encoder, views, progress)


class RefusesThree(Good):
    def __init__(self, context: Any, encoder: Encoder, /) -> None:
        super().__init__(encoder)
        if context.batch_size == 3:
            raise OptionError("three")


class NaNAlone(Changed):
    def forward(self, encoder, views, progress):
        outcome = super(Changed, self).forward(encoder, views, progress)
        spread = views.latent.mean((0, 2, 3)).std()
        return Outcome(outcome.loss + 0 * spread) if len(views.utterance) == 1 else outcome


class NeedsTwoUtterances(Good):
    def forward(self, encoder, views, progress):
        outcome = super().forward(encoder, views, progress)
        negatives = (views.utterance[:, None] != views.utterance).sum()
        return Outcome(outcome.loss + 0 / negatives) if len(views.utterance) > 1 else outcome


class TwoViewsOnly(Good):
    def forward(self, encoder, views, progress):
        _one, _two = views.latent
        return super().forward(encoder, views, progress)


class FirstViewOnly(Good):
    def forward(self, encoder, views, progress):
        predicted = self.predict(views.latent[:1])
        target = views.latent[1:].detach()
        return Outcome(-torch.cosine_similarity(predicted, target, dim=2).mean())


class OneViewMasked(Masked, FirstViewOnly):
    """Masks both views, and predicts from the first alone."""


class ForgetsBuffer(Good):
    def __init__(self, encoder: Encoder, /) -> None:
        super().__init__(encoder)
        self.register_buffer("mean", torch.zeros(()), persistent=False)


class Coarse(Changed):
    """Sums so many terms that bfloat16 is far off."""

    def forward(self, encoder, views, progress):
        outcome = super(Changed, self).forward(encoder, views, progress)
        rough = views.latent.square().sum()
        return Outcome(outcome.loss + 50 * (rough - rough.to(views.latent.double().dtype).round()))


class Rises(Changed):
    def change(self, outcome, progress):
        return Outcome(outcome.loss + progress.step, {}, outcome.carry)


BROKEN = {
    "is constructed from wiring": (
        NoObjective,
        NeitherWiringNorOption,
        AsksForNothingThereIs,
        UnseededWeights,
        GlobalConstructor,
        FrameLevelText,
    ),
    "never stores it": (StoresEncoder, HidesEncoder, StoresItsLayer),
    "gives a finite scalar loss": (Infinite, PerExample, NoneLater, Detached, PlainLoss),
    "gives metrics": (MetricWithGradient, MetricNumber),
    "forward reads": (
        WritesInForward,
        CountsInForward,
        ChangesViews,
        ChangesEncoder,
        GoesBackItself,
    ),
    "what persists is a buffer": (LooseTensor, CountsSteps),
    "after_step takes": (NeedsCarry, WritesToEncoder),
    "draws from no global": (DrawsFromTorch, DrawsFromNumpy, SeedsTorch, DrawsAfter),
    "can be copied": (NoCopy, CopyWithoutBuffers),
    "passes a gradient": (DetachesEncoder, UnusedParameter, GradientIsNaN),
    "passes no gradient": (BufferInGraph, FrozenInGraph),
    "batches of any size": (EvenBatches, RefusesThree, NaNAlone),
    "several crops": (NeedsTwoUtterances,),
    "three views": (TwoViewsOnly,),
    "order of the views": (FirstViewOnly,),
    "saved state": (ForgetsBuffer,),
    "bfloat16": (Coarse,),
    "lowers its loss": (Rises,),
}


@pytest.mark.parametrize(
    ("rule", "target"), [(rule, one) for rule, all_ in BROKEN.items() for one in all_]
)
def test_a_broken_one_is_caught_by_its_rule(rule, target):
    with pytest.raises(AssertionError, match=rule) as caught:
        check_objective(target)
    message = str(caught.value)
    assert message.startswith(f"objective {target.__module__}:{target.__name__}: ")
    assert " (see " in message
    assert "\n" not in message


def test_every_rule_has_its_offender():
    from sslse.testing.objective_rules import ALWAYS
    from sslse.testing.objective_training import WITH_LOSS

    for one in (*ALWAYS, *WITH_LOSS):
        assert sum(rule in one.text for rule in BROKEN) == 1, one.text


def test_a_good_one_passes_with_any_option():
    check_objective(Good)
    check_objective(Good, hidden=7)


def test_a_wrong_option_is_told():
    with pytest.raises(AssertionError, match=r"hidden: takes int > 0, not 0"):
        check_objective(Good, hidden=0)


def test_a_partial_is_called_and_checked_like_its_class():
    with pytest.raises(AssertionError, match=r"^objective [\w.]+:Good: .*hidden: takes int > 0"):
        check_objective(partial(Good, hidden=0))


def test_an_unknown_name_is_told():
    with pytest.raises(RegistryError, match="did you mean 'byol'"):
        check_objective("byool")


@pytest.mark.parametrize(
    ("target", "word"), [(FirstViewOnly, "symmetric"), (Rises, "learns"), (DrawsFromTorch, "draws")]
)
def test_what_is_not_promised_is_not_checked(target, word):
    check_objective(target, **{word: word == "draws"})


def test_one_that_masks_what_it_draws_passes():
    check_objective(Masked, draws=True)


def test_the_order_of_views_is_looked_at_where_masks_are_drawn_too():
    with pytest.raises(AssertionError, match=r"order of the views.* in the mean of 64 draws"):
        check_objective(OneViewMasked, draws=True)


@pytest.mark.parametrize(
    ("target", "said"),
    [
        (
            DropsTheMap,
            r"forward moved torch's in 'map.1' \(MayLeaveOut\), in training mode alone, as layer",
        ),
        (DrawsFromTorch, r"forward moved torch's in 'forward' \(DrawsFromTorch\); say draws=True"),
        (DrawsFromNumpy, r"forward moved numpy's in 'forward' \(\w+\), which no run seeds"),
    ],
)
def test_what_moved_a_generator_is_named(target, said):
    with pytest.raises(AssertionError, match=said):
        check_objective(target)


def test_one_without_a_loss_passes():
    class Silent(Objective):
        def forward(self, encoder, views, progress):
            return Outcome(None)

    check_objective(Silent)


class RefusesOneCropAndThreeViews(Good):
    def __init__(self, context: Any, encoder: Encoder, /) -> None:
        super().__init__(encoder)
        if context.batch_size < 2 or context.views != 2:
            raise OptionError("two")


class WithNormAndDropout(Good):
    def __init__(self, encoder: Encoder, predictor: Predictor, /) -> None:
        super().__init__(encoder)
        width = encoder.dim
        self.predictor = predictor
        self.norm, self.drop = nn.BatchNorm1d(width), nn.Dropout(0.1)

    def predict(self, latent):
        flat = self.drop(self.norm(latent.flatten(0, 1)))
        return super().predict(self.predictor(flat).view_as(latent))


class OwnOptionSymmetric(Good):
    def __init__(
        self, encoder: Encoder, /, *, symmetric: bool, over: Literal["a", "b"] = "a"
    ) -> None:
        super().__init__(encoder)


@pytest.mark.parametrize(
    "target",
    [
        RefusesOneCropAndThreeViews,
        WithNormAndDropout,
        partial(OwnOptionSymmetric, symmetric=False),
    ],
)
def test_what_is_allowed_passes(target):
    check_objective(target)
