"""The rules for every objective, with or without a loss."""

import copy

import torch
from torch import Tensor

from sslse.api import Objective, Outcome, Views
from sslse.testing.objective_bench import STEPS, ObjectiveCase, at
from sslse.testing.rules import FOUR_RULES, Rule, rule
from sslse.testing.states import (
    changes,
    drawers,
    global_random,
    holds,
    loose,
    quiet,
    said_of,
    state_of,
    touched,
)

AFTER = "sslse.api.Objective.after_step"
NEAR = 1e-4


@rule("is constructed from wiring by name and options by keyword", see="sslse.options")
def constructs(case: ObjectiveCase) -> str | None:
    """Construct it twice, with the same weights both times."""
    before = global_random()
    first, second = case.bench().objective, case.bench().objective
    if not isinstance(first, Objective):
        return f"{type(first).__name__} is no sslse.api.Objective"
    if drawn := touched(before):
        return f"the constructor moved {drawn[0]} global generator, which no run seeds"
    if name := changes(state_of(first), state_of(second)):
        return f"two with the same seed differ in {name!r}"
    return None if isinstance(first.frame_level, bool) else "frame_level is no bool"


@rule("uses the lent encoder and never stores it", see=FOUR_RULES)
def borrows(case: ObjectiveCase) -> str | None:
    """Look for the encoder, also in lists and closures, before and after a step."""
    bench = case.bench()
    name = holds(bench.objective, bench.encoder)
    bench.train()
    name = name or holds(bench.objective, bench.encoder)
    return f"self.{name} keeps it or a part of it" if name else None


@rule("gives a finite scalar loss, or None every time", see="sslse.api.Outcome")
def finite(case: ObjectiveCase) -> str | None:
    """Compute the loss at the beginning, in the middle and at the end."""
    outcomes = [case.bench().outcome(step) for step in (0, STEPS // 2, STEPS - 1)]
    for outcome in outcomes:
        if not isinstance(outcome, Outcome):
            return f"forward returned {type(outcome).__name__}"
        if (outcome.loss is None) != (outcomes[0].loss is None):
            return "there is a loss at one time and none at another"
        if outcome.loss is not None and (seen := _unusable(outcome.loss)):
            return seen
    return None


@rule("gives metrics that are detached scalar tensors", see="sslse.api.Outcome")
def metrics(case: ObjectiveCase) -> str | None:
    """Look at each metric."""
    for name, value in case.bench().outcome().metrics.items():
        if not isinstance(value, Tensor):
            return f"{name!r} is {type(value).__name__}"
        if value.requires_grad or value.dim():
            return f"{name!r} has {'a gradient' if value.requires_grad else 'several values'}"
    return None


@rule("forward reads: it changes neither state nor views", see=FOUR_RULES)
def reads(case: ObjectiveCase) -> str | None:
    """Compare everything before and after; the first call may fill caches."""
    bench = case.bench()
    bench.outcome()
    views = bench.encoded()
    copied = [one.detach().clone() for one in _tensors(views)]
    before, lent = state_of(bench.objective), state_of(bench.encoder)
    first, second = bench.outcome(views=views).loss, bench.outcome(views=views).loss
    if name := changes(before, state_of(bench.objective)):
        return f"it changed {name!r}"
    if name := changes(lent, state_of(bench.encoder)):
        return f"it changed {name!r} of the encoder"
    if not all(torch.equal(a, b) for a, b in zip(copied, _tensors(views), strict=True)):
        return "it changed the views in place"
    if any(one.grad is not None for one in (*bench.trained(), views.noisy)):
        return "it computed gradients itself"
    same = first is None or second is None or bool(torch.isclose(first, second, rtol=NEAR))
    return None if same else f"the same views gave {first:.6g}, then {second:.6g}"


@rule("passes no gradient to what does not train: frozen parameters and buffers", see=FOUR_RULES)
def stops(case: ObjectiveCase) -> str | None:
    """Look at buffers and frozen parameters, also after `after_step` has written."""
    bench = case.bench()
    for step in range(2):
        bench.train(first=step)
        frozen = {
            name: one for name, one in bench.objective.named_parameters() if not one.requires_grad
        }
        for name, one in (*frozen.items(), *bench.objective.named_buffers()):
            if one.grad is not None or one.requires_grad:
                return f"{name!r} is part of the gradient's graph"
    return None


@rule("what persists is a buffer, and what trains a parameter", see=FOUR_RULES)
def keeps(case: ObjectiveCase) -> str | None:
    """Look for tensors and modules outside the state, and for counters."""
    bench = case.bench()
    bench.train()
    before = state_of(bench.objective)
    bench.train(steps=2)
    if name := loose(bench.objective):
        return f"self.{name} holds a tensor or module that is neither saved nor moved to a device"
    after = state_of(bench.objective)
    plain = {name: after.get(name) for name, one in before.items() if not isinstance(one, Tensor)}
    name = changes({name: before[name] for name in plain}, plain)
    return f"self.{name} changed from step to step, but is not saved" if name else None


@rule("after_step takes the carry of its step, or None, and leaves the encoder alone", see=AFTER)
def writes(case: ObjectiveCase) -> str | None:
    """Call it without a carry first, as a schedule may, then with one."""
    bench = case.bench()
    lent = state_of(bench.encoder)
    bench.after(None)
    bench.after(bench.outcome().carry)
    bench.after(None, 1)
    if name := changes(lent, state_of(bench.encoder)):
        return f"it changed {name!r} of the encoder"
    outcome = bench.outcome(2)
    return None if outcome.loss is None else _unusable(outcome.loss)


@rule("draws from no global random generator", see=FOUR_RULES)
def draws(case: ObjectiveCase) -> str | None:
    """Watch torch's, Python's and numpy's."""
    bench = case.bench()
    quiet(bench.objective)
    views = bench.encoded()
    ends = []
    for seed in (1, 2):
        with torch.random.fork_rng(devices=[]):
            torch.default_generator.manual_seed(seed)
            before = global_random()
            with drawers(bench.objective) as found:
                carry = bench.objective(bench.encoder, views, at(0)).carry
            allowed = {"torch's"} if case.draws else set()
            if moved := [one for one in touched(before) if one not in allowed]:
                before = global_random()
                bench.objective.eval()(bench.encoder, views, at(0))
                always = moved[0] in touched(before)
                return f"forward moved {said_of(found, moved[0], in_evaluation=always)}"
            ends.append(torch.random.get_rng_state())
        before = global_random()
        bench.after(carry)
        if moved := touched(before):
            return f"after_step moved {moved[0]}"
    return "forward seeds torch's" if torch.equal(*ends) else None


@rule("can be copied after a step, as the estimate of a run's time does", see="copy.deepcopy")
def copies(case: ObjectiveCase) -> str | None:
    """Copy it when it has been used."""
    bench = case.bench()
    bench.train()
    twin = copy.deepcopy(bench.objective)
    name = changes(state_of(bench.objective), state_of(twin))
    return f"the copy differs in {name!r}" if name else None


ALWAYS: tuple[Rule[ObjectiveCase], ...] = (
    constructs,
    finite,
    metrics,
    reads,
    stops,
    borrows,
    keeps,
    writes,
    draws,
    copies,
)


def _unusable(loss: Tensor) -> str | None:
    if not isinstance(loss, Tensor) or loss.dim():
        shape = tuple(getattr(loss, "shape", ()))
        return f"the loss is {type(loss).__name__} of shape {shape}"
    if not bool(loss.isfinite()):
        return f"the loss is {loss.item()}"
    return None if loss.requires_grad else "the loss has no gradient"


def _tensors(views: Views) -> list[Tensor]:
    return [views.clean, views.noisy, views.latent, views.utterance]
