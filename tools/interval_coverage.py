"""How often 95 % intervals of `sslse compare` cover, beside plainer ones (docs/compare.md).

Run as: python tools/interval_coverage.py [SIMULATIONS]
"""

import math
import sys
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from sslse.compare.reading import Scores
from sslse.compare.resampling import Draws, estimate

RESAMPLES = 2000
TAILS = (0.025, 0.975)


@dataclass(frozen=True)
class Case:
    """Speakers, the distribution of their effects, and how training seeds vary."""

    speakers: int
    shape: str = "normal"
    uneven: bool = False
    seeds: int = 1
    spread: float = 0.0


def speaker_effects(random: np.random.Generator, shape: str, speakers: int) -> Scores:
    if shape == "normal":
        return random.normal(size=speakers)
    if shape == "exponential":
        return random.exponential(size=speakers) - 1
    return (np.exp(random.normal(size=speakers)) - math.exp(0.5)) / 2.16


def simulate(random: np.random.Generator, case: Case) -> tuple[Scores, NDArray[np.int64]]:
    """Draw scores of one system, (seeds, mixtures), whose true mean is 0, and their speakers."""
    count = case.speakers
    sizes = random.integers(1, 8, count) if case.uneven else np.full(count, 4)
    clusters = np.repeat(np.arange(count), sizes)
    items = speaker_effects(random, case.shape, count)[clusters]
    items = items + random.normal(size=len(clusters))
    drift = case.spread * random.normal(size=(case.seeds, 1))
    return items + drift + 0.3 * random.normal(size=(case.seeds, len(clusters))), clusters


def percentile(values: Scores, clusters: NDArray[np.int64], draws: Draws) -> tuple[Scores, Scores]:
    """Return the percentile and the BCa interval over clusters alone (Efron and Tibshirani)."""
    sizes = np.bincount(clusters).astype(float)
    sums = np.bincount(clusters, weights=values)
    drawn = draws.counts(len(sizes), 0)
    means = (drawn @ sums) / (drawn @ sizes)
    share = np.clip((means < values.mean()).mean(), 1 / RESAMPLES, 1 - 1 / RESAMPLES)
    without = (sums.sum() - sums) / (sizes.sum() - sizes)
    gap = without.mean() - without
    skew = (gap**3).sum() / (6 * (gap**2).sum() ** 1.5)
    shifted = ndtri(share) + ndtri(TAILS)
    levels = ndtr(ndtri(share) + shifted / (1 - skew * shifted))
    return np.quantile(means, TAILS), np.quantile(means, levels)


def under_noises(count: int) -> None:
    """Print the shares where noises were drawn as well as speakers, four mixtures a speaker."""
    print("| speakers | noises | spread of speakers, noises | speakers alone | ours |")
    print("|---|---|---|---|---|")
    random = np.random.default_rng(1)
    for speakers, noises, own, heard in (
        (36, 25, 1.0, 1.0),
        (36, 25, 1.0, 0.3),
        (36, 25, 1.0, 0.0),
        (36, 25, 0.0, 1.0),
        (36, 25, 0.0, 0.0),
        (36, 6, 1.0, 1.0),
        (36, 3, 1.0, 1.0),
        (100, 8, 1.0, 1.0),
        (6, 20, 1.0, 1.0),
    ):
        covered = np.zeros(2)
        clusters = np.repeat(np.arange(speakers), 4)
        none = np.zeros((1, len(clusters)))
        for number in range(count):
            draws = Draws(number, RESAMPLES)
            noise = random.integers(noises, size=len(clusters))
            gains = own * random.normal(size=speakers)[clusters] + random.normal(size=none.shape)
            gains = gains + heard * random.normal(size=noises)[noise]
            blind = estimate(gains, none, clusters, draws)
            ours = estimate(gains, none, clusters, draws, noises=noise)
            covered += [one.low <= 0 <= one.high for one in (blind, ours)]
        shares = " | ".join(f"{100 * share / count:.1f}" for share in covered)
        print(f"| {speakers} | {noises} | {own:g}, {heard:g} | {shares} |", flush=True)


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 2000
    cases = [
        *(Case(speakers) for speakers in (2, 3, 4, 6, 10, 20, 60)),
        *(Case(speakers, uneven=True) for speakers in (6, 20)),
        *(Case(speakers, "exponential") for speakers in (6, 20, 60)),
        *(Case(speakers, "log-normal") for speakers in (6, 20, 60)),
        *(Case(20, seeds=seeds, spread=0.3) for seeds in (2, 3, 5)),
        *(Case(20, seeds=seeds, spread=0.05) for seeds in (2, 3)),
    ]
    print("| speakers | their effects | mixtures each | seeds | percentile | BCa | ours |")
    print("|---|---|---|---|---|---|---|")
    random = np.random.default_rng(0)
    for case in cases:
        covered = np.zeros(3)
        for number in range(count):
            draws = Draws(number, RESAMPLES)
            scores, clusters = simulate(random, case)
            one = estimate(scores, np.zeros((1, len(clusters))), clusters, draws)
            plain = percentile(scores.mean(0), clusters, draws)
            ends = (*plain, (one.low, one.high))
            covered += [low <= 0 <= high for low, high in ends]
        each = "1 to 7" if case.uneven else "4"
        trained = f"{case.seeds}, apart by {case.spread:g}" if case.seeds > 1 else "1"
        shares = " | ".join(f"{100 * share / count:.1f}" for share in covered)
        print(f"| {case.speakers} | {case.shape} | {each} | {trained} | {shares} |", flush=True)
    print()
    under_noises(count)


if __name__ == "__main__":
    main()
