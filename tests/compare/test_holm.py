"""Holm's adjustment: worked examples, and the procedure of the paper taken literally."""

import math
import random

import pytest

from sslse.compare.holm import adjust


def reject(p_values, level):
    """Holm's sequence: the smallest against level / m, the next against level / (m - 1) ..."""
    rejected = [False] * len(p_values)
    for place, index in enumerate(sorted(range(len(p_values)), key=lambda i: p_values[i])):
        if p_values[index] > level / (len(p_values) - place):
            break
        rejected[index] = True
    return rejected


@pytest.mark.parametrize(
    ("p_values", "adjusted"),
    [
        ([0.01, 0.04, 0.03, 0.005], [0.03, 0.06, 0.06, 0.02]),
        ([0.05, 0.01], [0.05, 0.02]),
        ([0.05, 0.05, 0.05], [0.15, 0.15, 0.15]),
        ([0.6, 0.7], [1.0, 1.0]),
        ([0.02], [0.02]),
        ([], []),
    ],
)
def test_known_examples(p_values, adjusted):
    assert adjust(p_values) == pytest.approx(adjusted)


def test_it_rejects_what_the_sequence_rejects():
    draws = random.Random(0)
    for _ in range(300):
        p_values = [draws.random() ** 4 for _ in range(draws.randint(1, 12))]
        for level in (0.01, 0.05, 0.3):
            assert [p <= level for p in adjust(p_values)] == reject(p_values, level)


def test_order_and_ties():
    p_values = [0.2, 0.001, 0.2, 0.04]
    adjusted = adjust(p_values)
    assert adjusted[0] == adjusted[2]
    assert all(after >= before for before, after in zip(p_values, adjusted, strict=True))


def test_what_tells_nothing_counts_as_one():
    assert adjust([math.nan, 0.01]) == pytest.approx([1.0, 0.02])
