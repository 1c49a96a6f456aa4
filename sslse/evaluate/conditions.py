"""The waves of a test mixture that are scored, and their order in every table."""

from collections.abc import Iterable

from sslse.evaluate.scoring import Scores

NOISY, ENHANCED = "noisy", "enhanced"

ScoresOf = dict[str, Scores]


def conditions_of(baselines: Iterable[str]) -> list[str]:
    """Return ``noisy``, the baselines, ``enhanced``."""
    return [NOISY, *baselines, ENHANCED]
