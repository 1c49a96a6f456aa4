"""How sure a figure is: percentile bootstrap over clusters of test items."""

from collections.abc import Callable, Sequence

import torch
from torch import Generator, Tensor

RESAMPLES = 2000
CONFIDENCE = 0.95

Statistic = Callable[[Tensor], Tensor]


def accuracy(hits: Tensor) -> Statistic:
    """Return the share of hits, bool (items,), under weights (..., items)."""
    return lambda weights: weights @ hits.double() / weights.sum(-1)


def explained_variance(target: Tensor, predicted: Tensor) -> Statistic:
    """Return R^2 of predictions, both (items,), under weights (..., items).

    1 is perfect, 0 is what the test items' own mean would reach; below 0 is worse than that.
    """
    error = (target - predicted).square()
    centred = target - target.mean()

    def statistic(weights: Tensor) -> Tensor:
        mean = weights @ centred / weights.sum(-1)
        total = weights @ centred.square() - weights.sum(-1) * mean.square()
        return 1 - weights @ error / total

    return statistic


def resample(clusters: Sequence[Sequence[str]], draws: Generator) -> Tensor | None:
    """Return how often each item is in each resample, float64 (resamples, items).

    Whole clusters are drawn with replacement. Where items are clustered in several ways (by
    utterance and by noise), a resample has an item as often as the product of its clusters'
    counts (Owen 2007, doi:10.1214/07-AOAS122).

    Args:
        clusters: for each way, the cluster of every item.
        draws: decides.

    Returns:
        The counts; None where the first way has one cluster only, which says nothing of others. A
        further way with one cluster is left out.
    """
    if len(set(clusters[0])) == 1:
        return None
    weights = torch.ones(RESAMPLES, len(clusters[0]), dtype=torch.float64)
    for names in clusters:
        unique = sorted(set(names))
        if len(unique) == 1:
            continue
        drawn = torch.randint(len(unique), (RESAMPLES, len(unique)), generator=draws)
        ones = torch.ones_like(drawn, dtype=torch.float64)
        counts = torch.zeros_like(ones).scatter_add_(1, drawn, ones)
        number = {name: place for place, name in enumerate(unique)}
        weights *= counts[:, torch.tensor([number[name] for name in names])]
    return weights


def interval(replicates: Tensor) -> list[float] | None:
    """Return the middle 95 % of replicates (resamples,); empty resamples (NaN) do not count."""
    tail = (1 - CONFIDENCE) / 2
    quantiles = torch.tensor([tail, 1 - tail], dtype=replicates.dtype)
    bounds = torch.nanquantile(replicates, quantiles)
    return [float(one) for one in bounds] if bounds.isfinite().all() else None
