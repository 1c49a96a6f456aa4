"""How sure a difference is: bootstrap over speakers, noise recordings and training seeds."""

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
SPEAKERS, OURS, THEIRS, NOISES = range(4)  # each drawn independently of the others


@dataclass(frozen=True)
class Estimate:
    """A difference of means.

    Args:
        value: over the mixtures.
        low: end of the 95 % interval; NaN where nothing can be said.
        high: the other end.
        p: of no difference, two-sided; NaN where nothing can be said.
        clusters: how many.
        noises: how many noise recordings; 0 where they are not told apart.
    """

    value: float
    low: float
    high: float
    p: float
    clusters: int
    noises: int = 0


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


def estimate(
    ours: Scores,
    theirs: Scores,
    clusters: NDArray[np.int64],
    draws: Draws,
    *,
    noises: NDArray[np.int64] | None = None,
) -> Estimate:
    """Estimate how much the mean of ours exceeds that of theirs, over the same mixtures.

    Clusters (speakers) are drawn with replacement, each with all its mixtures, and so are noise
    recordings and the training seeds of either side where there are two or more. The variances of
    the resampled means, times n / (n - 1) for n things drawn, add up to the square of the standard
    error, less what speakers and noises count twice (Cameron, Gelbach and Miller 2011). The
    interval is the difference -+ t standard errors, t being Student's for the degrees of freedom
    that Welch and Satterthwaite give the sum. p belongs to the same t; with few clusters or
    noises, whose t cannot be trusted far out, it is at least that of swapping the two sides in
    whole clusters, in every way there is. ``docs/compare.md`` has the formulas and how often the
    intervals cover.

    Args:
        ours: finite scores, (seeds, mixtures).
        theirs: (seeds, mixtures).
        clusters: the cluster of every mixture, (mixtures,).
        draws: the resamples.
        noises: the noise recording of every mixture, (mixtures,); None, or one recording alone,
            says nothing of other noises.
    """
    gaps = ours.mean(0) - theirs.mean(0)
    ways = [_Way(gaps, clusters)]
    if noises is not None:
        ways.append(_Way(gaps, noises))
    counts = [way.count for way in ways]
    found = Estimate(float(gaps.mean()), math.nan, math.nan, math.nan, *counts)
    if counts[0] < 2:  # noqa: PLR2004 - one cluster says nothing of others
        return found
    ways = [way for way in ways if way.count > 1]
    parts = [
        (_variance(way.resampled(draws.counts(way.count, what)), way.count), way.degrees)
        for way, what in zip(ways, (SPEAKERS, NOISES), strict=False)
    ]
    twice = 0.0
    if noises is not None and len(ways) > 1:
        pairs = clusters + noises * (clusters.max() + 1)
        own = [variance for variance, _ in parts]
        # Never so much that less than the larger of the two is left.
        twice = min(_Way(gaps, pairs).variance(), *own)
    for what, scores in ((OURS, ours), (THEIRS, theirs)):
        seeds = len(scores)
        if seeds > 1:
            means = draws.counts(seeds, what) @ scores.mean(1) / seeds
            parts.append((_variance(means, seeds), seeds - 1.0))
    found = _by_student(found, parts, twice)
    few = [swapped(way.sums, draws) for way in ways if way.count <= FLIPPED]
    return replace(found, p=max(found.p, *few)) if few else found


class _Way:
    """Mixtures clustered in one way.

    Args:
        gaps: of every mixture, (mixtures,).
        names: of its cluster, (mixtures,).
    """

    def __init__(self, gaps: Scores, names: NDArray[np.int64]) -> None:
        _, places = np.unique(names, return_inverse=True)
        self.sizes = np.bincount(places).astype(np.float64)
        self.sums = np.bincount(places, weights=gaps).astype(np.float64)
        self.count = len(self.sizes)

    @property
    def degrees(self) -> float:
        """Degrees of freedom: the number of clusters less one where all are alike."""
        return float(self.sizes.sum() ** 2 / (self.sizes**2).sum() - 1)

    def resampled(self, drawn: Scores) -> Scores:
        """Return the mean in each resample, drawn (resamples, clusters)."""
        means: Scores = (drawn @ self.sums) / (drawn @ self.sizes)
        return means

    def variance(self) -> float:
        """Return what the variance of many resampled means tends to, corrected as `_variance`."""
        total = self.sizes.sum()
        apart = self.sums - self.sizes * (self.sums.sum() / total)
        return float((apart**2).sum() / total**2) * self.count / max(self.count - 1, 1)


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


def _by_student(found: Estimate, parts: list[tuple[float, float]], twice: float) -> Estimate:
    """Add interval and p, from the variances and degrees of freedom of the parts of a variance."""
    value, total = found.value, sum(variance for variance, _ in parts) - twice
    if total == 0:
        return replace(found, low=value, high=value, p=0.0 if value else 1.0)
    degrees = total**2 / sum(variance**2 / own for variance, own in parts)
    error = math.sqrt(total)
    reach = float(stdtrit(degrees, (1 + CONFIDENCE) / 2)) * error
    p = 2 * float(stdtr(degrees, -abs(value) / error))
    return replace(found, low=value - reach, high=value + reach, p=p)
