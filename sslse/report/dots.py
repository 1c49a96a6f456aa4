"""Scores by kind of noise, laid out as dots on a common axis."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib.ticker import MaxNLocator

from sslse.report.reading import Measure
from sslse.report.scores import Look, written

UNKNOWN = "unknown"
_TICKS = 5
_ROOM = 30  # characters below the axis, on a phone
_GAP = 2  # between two texts
_MARGIN = 0.04


@dataclass(frozen=True)
class Value:
    """A value of a group.

    Args:
        look: how it is drawn.
        value: NaN where there is none.
        low: begin of its interval; NaN where there is none.
        high: end of its interval.
    """

    look: Look
    value: float
    low: float = math.nan
    high: float = math.nan


@dataclass(frozen=True)
class Dot:
    """A value as it is drawn; places are in per cent of the axis.

    Args:
        look: how.
        place: of the dot.
        bar: begin and length of its interval's bar; None where there is none.
        text: what it says.
    """

    look: Look
    place: float
    bar: tuple[float, float] | None
    text: str


@dataclass(frozen=True)
class Dots:
    """A line of a plot of dots.

    Args:
        group: what the line is of.
        count: mixtures behind it.
        dots: of the values that are there.
        values: as text, by name of the look.
    """

    group: str
    count: int
    dots: Sequence[Dot]
    values: dict[str, str]


@dataclass(frozen=True)
class DotPlot:
    """Values of a metric by group, on one axis.

    Args:
        title: the metric.
        lines: of the groups.
        ticks: text and place in per cent.
        zero: place of 0, where the values are differences.
    """

    title: str
    lines: Sequence[Dots]
    ticks: Sequence[tuple[str, float]]
    zero: float | None = None


def kinds_of_noise(rows: Sequence[dict[str, Any]]) -> list[str]:
    """List the kinds, the unknown one last; none where no kind is known."""
    kinds = sorted({row.get("noise_kind", "") for row in rows} - {""})
    unknown = any(not row.get("noise_kind") for row in rows)
    return [*kinds, ""] if kinds and unknown else kinds


def plot_kinds(
    rows: Sequence[dict[str, Any]],
    kinds: Sequence[str],
    metric: str,
    drawn: Sequence[Look],
    measure: Measure,
) -> DotPlot:
    """Lay out a metric's means by kind of noise.

    A mixture counts where noisy and enhanced both have a score.

    Args:
        rows: of ``evaluation.csv``.
        kinds: of noise, as `kinds_of_noise` gives them.
        metric: whose means.
        drawn: the conditions.
        measure: of the metric.
    """
    groups = []
    for kind in kinds:
        counted = [
            row
            for row in rows
            if row.get("noise_kind", "") == kind
            and math.isfinite(row[f"{metric}_noisy"] + row[f"{metric}_enhanced"])
        ]
        means = [
            Value(look, _mean([row[f"{metric}_{look.name}"] for row in counted])) for look in drawn
        ]
        groups.append((kind or UNKNOWN, len(counted), means))
    return dot_plot(metric, groups, measure)


def dot_plot(
    title: str,
    groups: Sequence[tuple[str, int, Sequence[Value]]],
    measure: Measure,
    *,
    zero: bool = False,
) -> DotPlot:
    """Lay out values on a common axis.

    Args:
        title: of the plot.
        groups: name, mixtures behind it, and its values.
        measure: of the metric.
        zero: values are differences: the axis holds 0, and they are written with their sign.
    """
    every = [part for _, _, values in groups for one in values for part in _parts(one)]
    shown = [one for one in every if math.isfinite(one)] + [0.0] * zero or [0.0, 1.0]
    low, high = min(shown), max(shown)
    margin = _MARGIN * (high - low) or 0.5
    low, high = low - margin, high + margin

    def place(value: float) -> float:
        return 100 * (value - low) / (high - low)

    def dot(one: Value) -> Dot:
        bar = (place(one.low), place(one.high) - place(one.low)) if one.low <= one.high else None
        return Dot(one.look, place(one.value), bar, written(one.value, measure, sign=zero))

    lines = [
        Dots(
            group,
            count,
            [dot(one) for one in values if math.isfinite(one.value)],
            {one.look.name: written(one.value, measure, sign=zero) for one in values},
        )
        for group, count, values in groups
    ]
    ticks = [(text, place(one)) for text, one in _ticks(low, high)]
    return DotPlot(title, lines, ticks, place(0) if zero else None)


def _parts(one: Value) -> tuple[float, float, float]:
    return one.value, one.low, one.high


def _ticks(low: float, high: float) -> list[tuple[str, float]]:
    """Return texts and values of ticks, as many as their texts have room beside each other."""
    found: list[tuple[str, float]] = []
    for count in range(_TICKS, 0, -1):
        values = MaxNLocator(count).tick_values(low, high)
        found = [(f"{one + 0.0:.6g}", float(one)) for one in values if low <= one <= high]
        if sum(len(text) + _GAP for text, _ in found) <= _ROOM:
            break
    return found


def _mean(values: Sequence[float]) -> float:
    finite = [one for one in values if math.isfinite(one)]
    return math.fsum(finite) / len(finite) if finite else math.nan
