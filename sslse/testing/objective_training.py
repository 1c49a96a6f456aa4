"""The rules for objectives that have a loss: how they train."""

import io
import math
import statistics
from dataclasses import replace

import torch
from torch import nn

from sslse.errors import OptionError
from sslse.testing.objective_bench import STEPS, ObjectiveBench, ObjectiveCase
from sslse.testing.rules import FOUR_RULES, Rule, rule
from sslse.testing.states import quiet

FORWARD = "sslse.api.Objective.forward"
FEW_UTTERANCES = ([0, 0, 1, 1], [5, 5, 5, 5])
NEAR = 1e-4
NEAR_BFLOAT16 = 0.1
DRAWS = 64
ERRORS = 4  # standard errors of a mean over draws
ENDS = 5  # losses at both ends of a training whose means are compared


@rule("passes a gradient to the encoder and to every parameter that trains", see=FOUR_RULES)
def gradients(case: ObjectiveCase) -> str | None:
    """Look at steps early and late: a layer may begin at zero, a queue empty, frozen weights."""
    bench = case.bench()
    optimizer = torch.optim.SGD(bench.trained(), lr=0.01)
    own = dict(bench.objective.named_parameters())
    encoder, reached = False, set[str]()
    for step in (0, 1, STEPS // 2, STEPS - 1):
        bench.train(optimizer, first=step)
        if seen := _not_finite(bench):
            return seen
        lent = [one.grad for one in bench.encoder.parameters() if one.grad is not None]
        encoder = encoder or any(bool(one.any()) for one in lent)
        reached |= {name for name, one in own.items() if one.grad is not None and one.grad.any()}
    if not encoder:
        return "the encoder gets none"
    missed = [name for name, one in own.items() if one.requires_grad and name not in reached]
    return f"{missed[0]!r} gets none; freeze it, or make it a buffer" if missed else None


@rule("takes batches of any size; a single crop it may refuse with an OptionError", see=FORWARD)
def sizes(case: ObjectiveCase) -> str | None:
    """Train on odd batches, also on one smaller than announced."""
    for batch, announced in ((1, 1), (2, 2), (3, 3), (7, 7), (3, 7)):
        try:
            bench = case.bench(batch=batch, announced=announced)
        except OptionError:
            if batch == 1:
                continue
            raise
        if seen := _trains(bench):
            return f"in a batch of {batch} {seen}"
    return None


@rule("takes several crops of one utterance in a batch", see="sslse.api.Views")
def crops(case: ObjectiveCase) -> str | None:
    """Train on batches with fewer utterances than crops, down to one."""
    for utterance in FEW_UTTERANCES:
        if seen := _trains(case.bench(utterance=utterance)):
            return f"with the utterances {utterance} {seen}"
    return None


@rule("takes three views, or refuses them with an OptionError", see="sslse.api.Views")
def three_views(case: ObjectiveCase) -> str | None:
    """Train on three views."""
    try:
        bench = case.bench(views=3)
    except OptionError:
        return None
    return _trains(bench)


@rule("does not depend on the order of the views, unless symmetric=False", see=FORWARD)
def symmetry(case: ObjectiveCase) -> str | None:
    """Swap the two views; of an objective that draws, compare means over many draws."""
    if not case.symmetric:
        return None
    bench = case.bench()
    quiet(bench.objective)
    views = bench.encoded()
    flipped = {name: getattr(views, name).flip(0) for name in ("clean", "noisy", "latent")}
    count = DRAWS if case.draws else 1
    both = [
        [bench.loss(order, seed).item() for seed in range(count)]
        for order in (views, replace(views, **flipped))
    ]
    differences = [one - other for one, other in zip(*both, strict=True)]
    one, other = (sum(losses) / count for losses in both)
    doubt = 0.0
    if case.draws:  # what is drawn for a view stays in its place when the views are swapped
        doubt = ERRORS * statistics.stdev(differences) / math.sqrt(count)
    near = abs(one - other) <= doubt + NEAR * max(1.0, abs(one), abs(other))
    mean = f" in the mean of {count} draws" if case.draws else ""
    return None if near else f"the loss is {one:.6g}, swapped {other:.6g}{mean}"


@rule("goes on with the same losses when its saved state is loaded", see=FOUR_RULES)
def resumes(case: ObjectiveCase) -> str | None:
    """Save after three steps, load into a fresh one, and take three more with both."""
    bench = case.bench()
    bench.train(steps=3)
    file = io.BytesIO()
    torch.save(bench.objective.state_dict(), file)
    file.seek(0)
    fresh = case.bench(seed=1)
    fresh.encoder.load_state_dict(bench.encoder.state_dict())
    fresh.objective.load_state_dict(torch.load(file, weights_only=True))
    pairs = zip(bench.train(first=3, steps=3), fresh.train(first=3, steps=3), strict=True)
    for one, other in pairs:
        if not math.isclose(one, other, rel_tol=NEAR, abs_tol=NEAR):
            return f"the loss is {other:.6g} instead of {one:.6g}"
    return None


@rule("gives nearly float32's loss under bfloat16 autocast", see=FORWARD)
def autocast(case: ObjectiveCase) -> str | None:
    """Encode and compare under autocast; take the gradient too."""
    bench = case.bench()
    expected = bench.loss().item()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        loss = bench.loss()
    loss.backward()  # type: ignore[no-untyped-call]
    if not math.isclose(loss.item(), expected, rel_tol=NEAR_BFLOAT16, abs_tol=NEAR_BFLOAT16):
        return f"it is {loss.item():.6g} instead of {expected:.6g}"
    return _not_finite(bench)


@rule("lowers its loss on one batch within 60 steps, unless learns=False", see=FORWARD)
def learning(case: ObjectiveCase) -> str | None:
    """Train with Adam and compare the first losses with the last."""
    if not case.learns:
        return None
    bench = case.bench()
    losses = bench.train(torch.optim.Adam(bench.trained(), lr=3e-3), steps=STEPS)
    first, last = (sum(part) / ENDS for part in (losses[:ENDS], losses[-ENDS:]))
    fell = last < first - NEAR * abs(first)
    return None if fell else f"it went from {first:.6g} to {last:.6g}"


WITH_LOSS: tuple[Rule[ObjectiveCase], ...] = (
    gradients,
    sizes,
    crops,
    three_views,
    symmetry,
    resumes,
    autocast,
    learning,
)


def _trains(bench: ObjectiveBench) -> str | None:
    """Take two steps; say what is not finite."""
    for loss in bench.train(steps=2):
        if not math.isfinite(loss):
            return f"the loss is {loss}"
    return _not_finite(bench)


def _not_finite(bench: ObjectiveBench) -> str | None:
    whole = nn.ModuleList([bench.encoder, bench.objective])
    for name, one in whole.named_parameters():
        if one.grad is not None and not bool(one.grad.isfinite().all()):
            return f"the gradient of {name.partition('.')[2]!r} is not finite"
    return None
