"""Intervals: weights are repetitions, clusters stay whole, widths are those of theory."""

import pytest
import torch

from sslse.probe.bootstrap import RESAMPLES, accuracy, explained_variance, interval, resample


def draws(seed=0):
    return torch.Generator().manual_seed(seed)


def test_weights_are_repetitions():
    hits = torch.rand(30, generator=draws()) < 0.4
    target = torch.randn(30, generator=draws(1), dtype=torch.float64) + 7
    predicted = target + torch.randn(30, generator=draws(2), dtype=torch.float64)
    counts = torch.randint(0, 4, (30,), generator=draws(3))
    rows = torch.arange(30).repeat_interleave(counts)
    weights = counts.double()
    assert float(accuracy(hits)(weights)) == pytest.approx(float(hits[rows].double().mean()))
    error = (target[rows] - predicted[rows]).square().sum()
    total = (target[rows] - target[rows].mean()).square().sum()
    expected = 1 - float(error / total)
    assert float(explained_variance(target, predicted)(weights)) == pytest.approx(expected)


def test_r2_is_one_for_the_truth_and_zero_for_the_mean():
    target = torch.randn(50, generator=draws(), dtype=torch.float64)
    ones = torch.ones(50, dtype=torch.float64)
    assert float(explained_variance(target, target)(ones)) == 1
    mean = target.mean().expand(50)
    assert float(explained_variance(target, mean)(ones)) == pytest.approx(0, abs=1e-12)


def test_clusters_stay_whole():
    utterances = [f"u{item % 10}" for item in range(60)]
    weights = resample([utterances], draws())
    assert weights.shape == (RESAMPLES, 60)
    torch.testing.assert_close(weights[:, :10], weights[:, 10:20])
    assert (weights.sum(1) == 60).all()


def test_crossed_clusters_multiply():
    rows, columns = ([f"{item // 5}" for item in range(20)], [f"{item % 5}" for item in range(20)])
    weights = resample([rows, columns], draws()).reshape(-1, 4, 5)
    assert (weights.sum((1, 2)) == 20).all()
    # The table of products has rank one.
    torch.testing.assert_close(
        weights * weights.sum((1, 2), keepdim=True),
        weights.sum(2, keepdim=True) * weights.sum(1, keepdim=True),
    )


@pytest.mark.parametrize("clusters", [400, 20])
def test_the_width_is_that_of_as_many_independent_items_as_clusters(clusters):
    hits = torch.arange(400) % clusters < clusters // 2
    weights = resample([[str(item % clusters) for item in range(400)]], draws())
    low, high = interval(accuracy(hits)(weights))
    expected = 2 * 1.96 * (0.25 / clusters) ** 0.5
    assert high - low == pytest.approx(expected, rel=0.15)
    assert low < 0.5 < high


def test_one_cluster_gives_no_interval_and_a_further_single_one_is_left_out():
    assert resample([["a"] * 5], draws()) is None
    assert resample([["a"] * 5, list("abcde")], draws()) is None
    torch.testing.assert_close(
        resample([list("abcde"), ["a"] * 5], draws()), resample([list("abcde")], draws())
    )


def test_empty_resamples_do_not_count():
    assert interval(torch.tensor([float("nan"), 0.25, 0.25])) == [0.25, 0.25]
    assert interval(torch.tensor([float("nan")] * 3)) is None
