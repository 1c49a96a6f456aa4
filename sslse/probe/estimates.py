"""A figure's values: one an encoder, with its interval, and how far the first is above it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from sslse.probe.bootstrap import Statistic, interval, resample
from sslse.seeds import generator

NOT_FINITE = "its latents are not finite"


@dataclass(frozen=True)
class Scored:
    """What an encoder reached.

    Args:
        statistic: weights of the test items (..., items) to the score.
        facts: what else is written beside it.
    """

    statistic: Statistic
    facts: dict[str, float] = field(default_factory=dict)


def estimate_values(
    scored: dict[str, Scored | None], clusters: Sequence[Sequence[str]], seed: int, name: str
) -> dict[str, dict[str, Any]]:
    """Estimate every encoder's score, and by how much the first one's exceeds it.

    Args:
        scored: by encoder; None where its latents are not finite.
        clusters: see `sslse.probe.bootstrap.resample`; the same resamples serve all encoders.
        seed: of the resamples.
        name: of the figure, for its own stream of them.
    """
    weights = resample(clusters, generator("cpu", seed, "probe", name, "bootstrap"))
    ones = torch.ones(len(clusters[0]), dtype=torch.float64)
    first = next(iter(scored.values()))
    values: dict[str, dict[str, Any]] = {}
    for encoder, one in scored.items():
        if one is None:
            values[encoder] = {"value": None, "interval": None, "reason": NOT_FINITE}
            continue
        values[encoder] = _estimate(one.statistic, ones, weights) | one.facts
        if first is not None and first is not one:
            gap = _difference(first.statistic, one.statistic)
            values[encoder]["difference"] = _estimate(gap, ones, weights)
    return values


def unusable(title: str, reason: str) -> dict[str, Any]:
    """Return the figure of a probe that the material does not allow."""
    return {"title": title, "values": None, "reason": reason}


def finite(*features: Tensor) -> bool:
    """Tell whether a probe can be fitted on features."""
    return all(bool(one.isfinite().all()) for one in features)


def _difference(first: Statistic, second: Statistic) -> Statistic:
    return lambda weights: first(weights) - second(weights)


def _estimate(statistic: Statistic, ones: Tensor, weights: Tensor | None) -> dict[str, Any]:
    return {
        "value": float(statistic(ones)),
        "interval": None if weights is None else interval(statistic(weights)),
    }
