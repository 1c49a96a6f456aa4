"""How sure a difference is: bootstrap over clusters of mixtures and over training seeds."""

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtr, stdtrit

from sslse.compare.reading import Scores

RESAMPLES = 5000
CONFIDENCE = 0.95
FLIPPED = 16  # clusters up to which every pattern of signs is tried
ROUNDING = 1e-9


@dataclass(frozen=True)
class Estimate:
    """A difference of means.

    Args:
        value: over the mixtures.
        low: end of the 95 % interval; NaN where nothing can be said.
        high: the other end.
        p: of no difference, two-sided; NaN where nothing can be said.
        clusters: how many.
    """

    value: float
    low: float
    high: float
    p: float
    clusters: int


class Draws:
    """Resamples, the same for everything that has as many clusters or seeds.

    Args:
        seed: decides all of them.
        resamples: how many.
    """

    def __init__(self, seed: int, resamples: int = RESAMPLES) -> None:
        self.seed = seed
        self.resamples = resamples
        self._kept: dict[tuple[int, int], Scores] = {}
        self._signs: dict[int, Scores] = {}

    def counts(self, things: int, what: int) -> Scores:
        """Return how often each of so many things is in each resample, (resamples, things).

        Args:
            things: drawn with replacement, as many as there are.
            what: which things: those of another number are drawn independently.
        """
        key = things, what
        if key not in self._kept:
            random = np.random.default_rng([self.seed, what])
            drawn = random.integers(things, size=(self.resamples, things))
            drawn += np.arange(self.resamples)[:, np.newaxis] * things
            counts = np.bincount(drawn.ravel(), minlength=self.resamples * things)
            self._kept[key] = counts.reshape(self.resamples, things).astype(np.float64)
        return self._kept[key]

    def signs(self, things: int) -> Scores:
        """Return every pattern of signs whose first is plus, (2 ** (things - 1), things)."""
        if things not in self._signs:
            patterns = np.arange(2 ** (things - 1))[:, np.newaxis] >> np.arange(things) & 1
            self._signs[things] = (1 - 2 * patterns[:, ::-1]).astype(np.float64)
        return self._signs[things]


def estimate(ours: Scores, theirs: Scores, clusters: NDArray[np.int64], draws: Draws) -> Estimate:
    """Estimate how much the mean of ours exceeds that of theirs, over the same mixtures.

    Clusters (speakers) are drawn with replacement, each with all its mixtures, and so are the
    training seeds of either side where there are two or more. The variances of the resampled
    means, times n / (n - 1) for n things drawn, add up to the square of the standard error. The
    interval is the difference -+ t standard errors, t being Student's for the degrees of freedom
    that Welch and Satterthwaite give the sum. p belongs to the same t; with few clusters, whose
    t cannot be trusted far out, it is at least that of swapping the two sides in whole clusters, in
    every way there is. ``docs/compare.md`` has the formulas and how often the intervals cover.

    Args:
        ours: finite scores, (seeds, mixtures).
        theirs: (seeds, mixtures).
        clusters: the cluster of every mixture, (mixtures,).
        draws: the resamples.
    """
    gaps = ours.mean(0) - theirs.mean(0)
    value = float(gaps.mean())
    _, places = np.unique(clusters, return_inverse=True)
    sizes = np.bincount(places).astype(np.float64)
    count = len(sizes)
    if count < 2:  # noqa: PLR2004 - one cluster says nothing of others
        return Estimate(value, math.nan, math.nan, math.nan, count)
    drawn = draws.counts(count, 0)
    sums = np.bincount(places, weights=gaps).astype(np.float64)
    means = (drawn @ sums) / (drawn @ sizes)
    parts = [(_variance(means, count), _degrees(sizes))]
    for what, scores in enumerate((ours, theirs), 1):
        seeds = len(scores)
        if seeds > 1:
            means = draws.counts(seeds, what) @ scores.mean(1) / seeds
            parts.append((_variance(means, seeds), seeds - 1.0))
    found = _by_student(value, parts, count)
    if count > FLIPPED:
        return found
    return replace(found, p=max(found.p, swapped(sums, draws)))


def swapped(sums: Scores, draws: Draws) -> float:
    """Return the share of patterns of signs under which a sum is as large as it is, two-sided.

    Where two systems do not differ, either might have been the other in any cluster: all patterns
    are alike likely, whatever the distribution. At best the share is 2 ** (1 - clusters).

    Args:
        sums: of the differences in each cluster, (clusters,).
        draws: holds the patterns.
    """
    least = abs(sums.sum()) - ROUNDING * np.abs(sums).sum()
    return float((np.abs(draws.signs(len(sums)) @ sums) >= least).mean())


def _variance(means: Scores, things: int) -> float:
    """Return the variance of resampled means, corrected for how few things were drawn from."""
    return float(means.var()) * things / (things - 1)


def _degrees(sizes: Scores) -> float:
    """Return the degrees of freedom of clusters: their number less one where all are alike."""
    return float(sizes.sum() ** 2 / (sizes**2).sum() - 1)


def _by_student(value: float, parts: list[tuple[float, float]], clusters: int) -> Estimate:
    """Return the estimate from the variances and the degrees of freedom of its parts."""
    total = sum(variance for variance, _ in parts)
    if total == 0:
        return Estimate(value, value, value, 0.0 if value else 1.0, clusters)
    degrees = total**2 / sum(variance**2 / own for variance, own in parts)
    error = math.sqrt(total)
    reach = float(stdtrit(degrees, (1 + CONFIDENCE) / 2)) * error
    p = 2 * float(stdtr(degrees, -abs(value) / error))
    return Estimate(value, value - reach, value + reach, p, clusters)
