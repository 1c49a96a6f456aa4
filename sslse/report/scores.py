"""Scores as a page shows them: as text, compared, ranked, ranked."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sslse.report.curves import SERIES
from sslse.report.reading import Evaluation, Measure

NO_SCORE = "no score"

Verdict = Literal["better", "worse", "same"]


@dataclass(frozen=True)
class Look:
    """How a condition is drawn everywhere.

    Args:
        name: of the condition.
        colour: one of `sslse.report.curves.COLOURS`.
        dashed: one of `sslse.report.curves.DASHES`.
        oracle: it knows the clean wave.
    """

    name: str
    colour: str
    dashed: str
    oracle: bool = False


@dataclass(frozen=True)
class Compared:
    """A metric in every condition, as text.

    Args:
        values: by condition.
        difference: enhanced minus noisy; empty where one has no score.
        verdict: which of the two is better, by the metric's direction.
    """

    values: dict[str, str]
    difference: str
    verdict: Verdict


@dataclass(frozen=True)
class Item:
    """A mixture of the evaluation and how much better a metric says it became."""

    row: dict[str, Any]
    compared: Compared
    gain: float


def looks(evaluation: Evaluation) -> list[Look]:
    """Return how the conditions are drawn, in their order."""
    others = [one for one in evaluation.conditions if one not in ("noisy", "enhanced")]
    drawn = {
        "noisy": Look("noisy", "quiet", "dashed"),
        "enhanced": Look("enhanced", "accent", "solid"),
    }
    drawn |= {
        name: Look(name, f"series-{number % SERIES}", "dotted", _oracle(evaluation, name))
        for number, name in enumerate(others)
    }
    return [drawn[one] for one in evaluation.conditions]


def _oracle(evaluation: Evaluation, name: str) -> bool:
    return evaluation.baselines.get(name, {}).get("oracle") is True


def written(value: float | None, measure: Measure, *, sign: bool = False) -> str:
    """Write a value as tables do: decibels with two digits, the rest with three."""
    if value is None or not math.isfinite(value):
        return NO_SCORE
    digits = 2 if measure.unit == "dB" else 3
    return f"{value:{'+' if sign else ''}z.{digits}f}"


def compare(values: dict[str, float | None], measure: Measure) -> Compared:
    """Write one metric of all conditions, and what was gained."""
    noisy, enhanced = values["noisy"], values["enhanced"]
    text = {condition: written(value, measure) for condition, value in values.items()}
    if NO_SCORE in (text["noisy"], text["enhanced"]) or noisy is None or enhanced is None:
        return Compared(text, "", "same")
    difference = written(enhanced - noisy, measure, sign=True)
    gain = float(difference) * (1 if measure.better == "higher" else -1)
    return Compared(text, difference, "better" if gain > 0 else "worse" if gain < 0 else "same")


def compare_means(
    means: dict[str, dict[str, float | None]], evaluation: Evaluation
) -> dict[str, Compared]:
    """Write the means of all conditions, by metric."""
    return {
        metric: compare(
            {one: means[one][metric] for one in evaluation.conditions}, evaluation.measure(metric)
        )
        for metric in evaluation.names
    }


def rank(rows: Sequence[dict[str, Any]], metric: str, measure: Measure) -> list[Item]:
    """Return the mixtures that have both scores, least gain first.

    Args:
        rows: of ``evaluation.csv``.
        metric: that ranks.
        measure: of the metric.
    """
    items = []
    for row in rows:
        noisy, enhanced = row[f"{metric}_noisy"], row[f"{metric}_enhanced"]
        gain = (enhanced - noisy) * (1 if measure.better == "higher" else -1)
        if math.isfinite(gain):
            compared = compare({"noisy": noisy, "enhanced": enhanced}, measure)
            items.append(Item(row, compared, gain))
    return sorted(items, key=lambda item: item.gain)
