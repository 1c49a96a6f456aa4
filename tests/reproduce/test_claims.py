"""A claim's word follows from what was decided; early gains are compared seed by seed."""

import math
from pathlib import Path

import pytest

from sslse.curves import Course
from sslse.reproduce.claims import _word, claims


@pytest.mark.parametrize(
    ("verdicts", "word"),
    [
        ([], "not measured"),
        (["better"], "confirmed"),
        (["better", "better"], "confirmed"),
        (["better", "undecided"], "undecided"),
        (["better", "worse"], "undecided"),
        (["undecided"], "undecided"),
        (["worse", "undecided"], "not confirmed"),
        (["worse"], "not confirmed"),
    ],
)
def test_a_word(verdicts, word):
    assert _word(verdicts) == word


def course(name, seed, early):
    """A course that stands at ``early`` after a quarter of the training."""
    scores = [
        {"step": step, "epoch": step / 10, "seconds": 0.0, "score/si_sdr": value}
        for step, value in ((0, 0.0), (25, early), (100, 9.0))
    ]
    return Course(Path(f"{name},seed={seed}"), {"name": name, "seed": seed}, [], scores)


def early(courses):
    found, *_ = claims(None, [], None, None, courses)
    return found


def test_early_gains_are_those_of_equal_seeds():
    courses = [course("normal", seed, 2.0 + seed) for seed in range(3)]
    courses += [
        course("byol", seed, 3.0 + seed + gap) for seed, gap in ((0, 0.1), (1, -0.1), (2, 0))
    ]
    found = early(courses)
    reach = 4.302653 * 0.1 / math.sqrt(3)  # t of two degrees of freedom
    between = f"[{1 - reach:+.2f}, {1 + reach:+.2f}] over 3 seeds"
    assert found.here == (f"BYOL +1.00 dB {between}: better",)
    assert found.word == "confirmed"


def test_one_seed_decides_nothing():
    found = early([course("normal", 0, 2.0), course("byol", 0, 1.0), course("byol", 1, 1.0)])
    assert found.here == ("BYOL -1.00 dB (one seed: no interval): undecided",)
    assert found.word == "undecided"


def test_a_gain_that_seeds_do_not_share_is_undecided():
    courses = [course("normal", seed, 2.0) for seed in range(2)]
    courses += [course("simsiam", 0, 2.0), course("simsiam", 1, 3.0)]
    assert early(courses).word == "undecided"
    assert early([]).word == "not measured"
