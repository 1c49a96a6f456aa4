"""Figures of a training as plots."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from sslse.report.curves import Phase, Stroke, plot_curves, plot_weights
from sslse.train.log import TIMING

SCORE = "score/"
_NOT_DRAWN = {"step", "epoch", "learning_rate", "weight_cl", "weight_se", "warnings", *TIMING}
_LOSSES = ("loss", "cl", "se")
TITLES = {
    "loss": "weighted sum of the losses",
    "cl": "contrastive loss (CL)",
    "se": "enhancement loss (SE)",
    "latent/std": "latent/std: near 1 spread out, 0 collapsed",
    "latent/rank": "latent/rank: directions in use (RankMe)",
    "latent/alignment": "latent/alignment: distance of the views, 0 where they are one",
    "latent/uniformity": "latent/uniformity: lower is more spread out, 0 collapsed",
    "output/level_db": "output/level_db: outputs relative to inputs",
    "output/copied": "output/copied: share of the disturbance left",
    "gradient_cosine": "gradient_cosine: 1 the losses pull alike, -1 they fight",
}
_UNITS = (("s", 1, 180), ("min", 60, 180 * 60), ("h", 3600, math.inf))


@dataclass(frozen=True)
class Panel:
    """A plot and its title."""

    title: str
    svg: str


def plot_figures(
    lines: Sequence[dict[str, Any]], phases: Sequence[Phase]
) -> tuple[list[Panel], list[Panel]]:
    """Plot the losses, and the other figures, over epochs."""
    epochs = [line["epoch"] for line in lines]
    names = dict.fromkeys(name for line in lines for name in line if name not in _NOT_DRAWN)
    losses: list[Panel] = []
    others: list[Panel] = []
    for number, name in enumerate(names):
        stroke = Stroke(epochs, [as_number(line.get(name)) for line in lines])
        svg = plot_curves(f"training-{number}", [stroke], phases=phases)
        (losses if name in _LOSSES else others).append(Panel(TITLES.get(name, name), svg))
    return losses, others


def plot_schedule(lines: Sequence[dict[str, Any]], phases: Sequence[Phase]) -> Panel | None:
    """Plot the schedule, if it ever changes."""
    epochs, cl, se = ([line[n] for line in lines] for n in ("epoch", "weight_cl", "weight_se"))
    if len(set(zip(cl, se, strict=True))) <= 1:
        return None
    return Panel("weights of the losses", plot_weights("weights", epochs, cl, se, phases))


def plot_scored(
    lines: Sequence[dict[str, Any]], phases: Sequence[Phase]
) -> Iterator[tuple[Panel, Panel]]:
    """Plot what was scored during the training, over epochs and over time; phases are shaded."""
    if not lines:
        return
    unit, seconds = unit_of(lines[-1]["seconds"])
    epochs = [line["epoch"] for line in lines]
    times = [line["seconds"] / seconds for line in lines]

    def time_of(epoch: float) -> float:
        return float(np.interp(epoch, epochs, times))

    timed = [replace(one, start=time_of(one.start), end=time_of(one.end)) for one in phases]
    names = dict.fromkeys(name for line in lines for name in line if name.startswith(SCORE))
    for number, name in enumerate(names):
        values = [as_number(line.get(name)) for line in lines]
        axes = (("epoch", epochs, phases), (f"training time ({unit})", times, timed))
        first, second = (
            plot_curves(f"score-{number}-{place}", [Stroke(xs, values)], over=axis, phases=shaded)
            for place, (axis, xs, shaded) in enumerate(axes)
        )
        title = name.removeprefix(SCORE)
        yield Panel(title, first), Panel(title, second)


def unit_of(seconds: float) -> tuple[str, int]:
    """Return a unit of time that suits, and its seconds."""
    return next((name, factor) for name, factor, most in _UNITS if seconds < most)


def as_number(value: Any) -> float:
    """Return a logged value; NaN where it is missing or no number."""
    return float(value) if isinstance(value, int | float) else math.nan
