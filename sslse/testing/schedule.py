"""`check_schedule`: what a schedule promises the trainer."""

import copy
import io
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from sslse.api import Encoder, Losses, Progress, Schedule, Weights
from sslse.seeds import seeded
from sslse.testing.construct import Target, construct, find, make_context
from sslse.testing.rules import FOUR_RULES, hold, rule
from sslse.testing.stand_ins import SmallEncoder, noise, tones
from sslse.testing.states import changes, global_random, holds, loose, state_of, touched

WEIGHTS = "sslse.api.Schedule.weights"
COMBINE = "sslse.api.Schedule.combine"
RUNS = ((12, 3), (200, 1), (7, 7))  # steps, and steps per epoch
NEAR = 1e-5


def check_schedule(target: Target, /, **options: Any) -> None:
    """Hold a schedule against the contract of `sslse.api.Schedule`.

    Args:
        target: the class, or the name it is registered under.
        **options: of the schedule, as a recipe would say them.

    Raises:
        AssertionError: a rule is broken.
        RegistryError: no schedule of that name is installed.
    """
    label, component = find("schedule", target)
    hold(label, ScheduleCase(component, options), SCHEDULE_RULES)


@dataclass(frozen=True)
class ScheduleCase:
    """A schedule to check."""

    target: Callable[..., Any]
    options: Mapping[str, Any]

    def make(self, seed: int = 0) -> Schedule:
        """Construct the schedule."""
        parts = {"context": make_context()}
        schedule: Schedule = construct(self.target, self.options, parts, seed)
        return schedule


class LossBench:
    """Two losses that come from one latent, as in a training step."""

    def __init__(self) -> None:
        with seeded(0, "stand-ins"):
            self.encoder: Encoder = SmallEncoder()
        clean = tones(3, 1024).expand(2, -1, -1)
        self._noisy = clean + noise(*clean.shape)

    def draw(self, weights: Weights, step: int = 0, shift: float = 0.0) -> tuple[Losses, Tensor]:
        """Return the losses that have a weight, shifted and different at every step; the latent."""
        latent = self.encoder(self._noisy.flatten(0, 1)).unflatten(0, (2, -1))
        alike = torch.cosine_similarity(latent[0], latent[1], dim=1).mean()
        rough = (latent.mean(2) * (1 + step)).square().mean()
        cl = (1 + 0.1 * step) * (shift - alike) if weights.cl else None
        return Losses(cl, rough + shift if weights.se else None), latent


def times() -> list[Progress]:
    """Return steps of several runs, each run's last one among them."""
    return [Progress(step, steps, epoch) for steps, epoch in RUNS for step in range(steps)]


@rule("is constructed from wiring by name and options by keyword", see="sslse.options")
def constructs(case: ScheduleCase) -> str | None:
    """Construct it twice."""
    before = global_random()
    first, second = case.make(), case.make()
    if not isinstance(first, Schedule):
        return f"{type(first).__name__} is no sslse.api.Schedule"
    if drawn := touched(before):
        return f"the constructor moved {drawn[0]} global generator, which no run seeds"
    name = changes(state_of(first), state_of(second))
    return f"two with the same seed differ in {name!r}" if name else None


@rule("gives weights that are finite numbers, none below 0, not both 0", see=WEIGHTS)
def weighs(case: ScheduleCase) -> str | None:
    """Ask at every step of several runs."""
    schedule = case.make()
    for now in times():
        weights = schedule.weights(now)
        if not isinstance(weights, Weights):
            return f"it gave {type(weights).__name__}"
        for name, one in (("cl", weights.cl), ("se", weights.se)):
            if not isinstance(one, float | int):
                return f"{name} is {type(one).__name__} at step {now.step}"
            if not math.isfinite(one) or one < 0:
                return f"{name} is {one} at step {now.step} of {now.steps}"
        if not weights.cl and not weights.se:
            return f"both are 0 at step {now.step} of {now.steps}"
    return None


@rule("gives weights that depend on the time alone", see=WEIGHTS)
def pure(case: ScheduleCase) -> str | None:
    """Ask twice, the second time backwards, and compare its state."""
    schedule = case.make()
    state, moved = state_of(schedule), global_random()
    forwards = [schedule.weights(now) for now in times()]
    backwards = [schedule.weights(now) for now in reversed(times())][::-1]
    for now, one, other in zip(times(), forwards, backwards, strict=True):
        if one != other:
            return f"step {now.step} of {now.steps} got {one}, then {other}"
    if name := changes(state, state_of(schedule)):
        return f"asking changed {name!r}"
    drawn = touched(moved)
    return f"asking moved {drawn[0]} global generator" if drawn else None


@rule(
    "combines the losses to a finite scalar with a gradient: to their weighted sum, unless combine "
    "is overridden",
    see=COMBINE,
)
def combines(case: ScheduleCase) -> str | None:
    """Combine losses of either sign, and nearly 0."""
    for shift in (0.0, 1.0, -5.0, 30.0):
        schedule, bench = case.make(), LossBench()
        plain = type(schedule).combine is Schedule.combine
        for now in times()[:: len(times()) // 20]:
            weights = schedule.weights(now)
            losses, latent = bench.draw(weights, now.step, shift)
            total = schedule.combine(weights, losses, latent)
            if seen := _unusable(total):
                return f"{seen} at step {now.step} of {now.steps}, for the losses {_said(losses)}"
            pairs = ((weights.cl, losses.cl), (weights.se, losses.se))
            expected = sum(weight * loss.item() for weight, loss in pairs if loss is not None)
            if plain and not math.isclose(total.item(), expected, rel_tol=NEAR, abs_tol=NEAR):
                return f"it is {total.item():.6g} instead of {expected:.6g}"
            total.backward()  # type: ignore[no-untyped-call]
            if seen := _gradient(bench.encoder):
                return seen
    return None


@rule("combines the enhancement loss alone where the objective has no loss", see=COMBINE)
def combines_one(case: ScheduleCase) -> str | None:
    """Leave the contrastive loss out at every time that has the other."""
    schedule, bench = case.make(), LossBench()
    for now in times()[::7]:
        weights = schedule.weights(now)
        if not weights.se:
            continue
        losses, latent = bench.draw(Weights(0.0, weights.se), now.step)
        total = schedule.combine(weights, losses, latent)
        if seen := _unusable(total):
            return f"{seen} at step {now.step} of {now.steps}"
        with torch.no_grad():
            schedule.after_step(losses.detach(), now)
    return None


@rule("combine changes no state and keeps neither losses nor latent", see=FOUR_RULES)
def reads(case: ScheduleCase) -> str | None:
    """Compare everything before and after combining."""
    schedule, bench = case.make(), LossBench()
    state, moved = state_of(schedule), global_random()
    for now in times()[:5]:
        weights = schedule.weights(now)
        schedule.combine(weights, *bench.draw(weights, now.step))
    if name := changes(state, state_of(schedule)):
        return f"it changed {name!r}"
    if name := loose(schedule) or holds(schedule, bench.encoder):
        return f"self.{name} holds a tensor or module that is neither saved nor moved to a device"
    if any(one.grad is not None for one in bench.encoder.parameters()):
        return "it left gradients behind"
    drawn = touched(moved)
    return f"it moved {drawn[0]} global generator" if drawn else None


@rule("what persists is a buffer, and what trains a parameter", see=FOUR_RULES)
def keeps(case: ScheduleCase) -> str | None:
    """Look for tensors outside the state and for counters, after some steps."""
    schedule, bench = case.make(), LossBench()
    state, moved = state_of(schedule), global_random()
    run(schedule, bench, times()[:5])
    if name := loose(schedule):
        return f"self.{name} holds a tensor or module that is neither saved nor moved to a device"
    plain = {name: one for name, one in state.items() if not isinstance(one, Tensor)}
    after = state_of(schedule)
    if name := changes(plain, {name: after.get(name) for name in plain}):
        return f"self.{name} changed from step to step, but is not saved"
    drawn = touched(moved)
    return f"a step moved {drawn[0]} global generator" if drawn else None


@rule("goes on in the same way when its saved state is loaded", see=FOUR_RULES)
def resumes(case: ScheduleCase) -> str | None:
    """Save after some steps, load into a fresh one, and go on with both; copy it too."""
    schedule = case.make()
    run(schedule, LossBench(), times()[:5])
    file = io.BytesIO()
    torch.save(schedule.state_dict(), file)
    file.seek(0)
    fresh = case.make(seed=1)
    fresh.load_state_dict(torch.load(file, weights_only=True))
    twin = copy.deepcopy(schedule)
    expected, loaded, copied = (
        run(one, LossBench(), times()[5:12]) for one in (schedule, fresh, twin)
    )
    for one, other, third in zip(expected, loaded, copied, strict=True):
        if not math.isclose(one, other, rel_tol=NEAR, abs_tol=NEAR):
            return f"the total is {other:.6g} instead of {one:.6g}"
        if not math.isclose(one, third, rel_tol=NEAR, abs_tol=NEAR):
            return f"the total of a copy is {third:.6g} instead of {one:.6g}"
    return None


@rule("gives metrics that are detached scalar tensors", see="sslse.api.Schedule.metrics")
def metrics(case: ScheduleCase) -> str | None:
    """Look at them before and after some steps."""
    schedule = case.make()
    for _ in range(2):
        for name, value in schedule.metrics().items():
            if not isinstance(value, Tensor):
                return f"{name!r} is {type(value).__name__}"
            if value.requires_grad or value.dim():
                return f"{name!r} has {'a gradient' if value.requires_grad else 'several values'}"
        run(schedule, LossBench(), times()[:3])
    return None


SCHEDULE_RULES = (
    constructs,
    weighs,
    pure,
    reads,
    combines,
    combines_one,
    keeps,
    resumes,
    metrics,
)


def run(schedule: Schedule, bench: LossBench, moments: list[Progress]) -> list[float]:
    """Take steps as the trainer does, and return the totals."""
    totals = []
    own = [one for one in schedule.parameters() if one.requires_grad]
    optimizer = torch.optim.SGD([*bench.encoder.parameters(), *own], lr=0.01)
    for now in moments:
        weights = schedule.weights(now)
        losses, latent = bench.draw(weights, now.step)
        total = schedule.combine(weights, losses, latent)
        optimizer.zero_grad()
        total.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        with torch.no_grad():
            schedule.after_step(losses.detach(), now)
        totals.append(total.item())
    return totals


def _unusable(total: Tensor) -> str | None:
    if not isinstance(total, Tensor) or total.dim():
        return "it is no scalar tensor"
    if not bool(total.isfinite()):
        return f"it is {total.item()}"
    return None if total.requires_grad else "it has no gradient"


def _gradient(encoder: Encoder) -> str | None:
    grads = [one.grad for one in encoder.parameters() if one.grad is not None]
    if not any(bool(one.any()) for one in grads):
        return "the encoder gets no gradient"
    finite = all(bool(one.isfinite().all()) for one in grads)
    return None if finite else "the encoder gets a gradient that is not finite"


def _said(losses: Losses) -> str:
    cl, se = (None if one is None else round(one.item(), 4) for one in (losses.cl, losses.se))
    return f"cl={cl}, se={se}"
