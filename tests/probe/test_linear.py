"""Linear probes against independent solutions, and on features whose answer is known."""

import numpy as np
import pytest
import torch

from sslse.probe.bootstrap import accuracy, explained_variance, interval, resample
from sslse.probe.linear import (
    PENALTIES,
    Scaling,
    hold_out,
    logistic,
    probe_class,
    probe_number,
    ridge,
)


def draws(seed=0):
    return torch.Generator().manual_seed(seed)


def normal(*shape, seed=0):
    return torch.randn(*shape, generator=draws(seed), dtype=torch.float64)


@pytest.fixture
def blobs():
    """Features of 5 classes, 400 items, whose means lie far apart in the first 5 of 20."""
    labels = torch.arange(400) % 5
    features = normal(400, 20)
    features[torch.arange(400), labels] += 12
    return features, labels


def held(count, seed=1):
    return hold_out([str(one) for one in range(count)], [""] * count, draws(seed))


def test_ridge_is_the_least_squares_solution_of_the_augmented_system():
    features, target = normal(60, 7) + 3, normal(60, seed=1) - 5
    weight, bias = ridge(features, target, 0.3)
    x, y = features.numpy(), target.numpy()
    augmented = np.vstack([np.hstack([x, np.ones((60, 1))]), np.sqrt(0.3 * 60) * np.eye(8)[:7]])
    expected = np.linalg.lstsq(augmented, np.concatenate([y, np.zeros(7)]), rcond=None)[0]
    np.testing.assert_allclose(weight.numpy(), expected[:7], rtol=1e-9)
    assert float(bias) == pytest.approx(expected[7], rel=1e-9)


@pytest.mark.parametrize("penalty", [1.0, 1e-2, 1e-4])
def test_logistic_ends_where_the_gradient_is_zero(penalty):
    features, labels = normal(90, 6), torch.randint(4, (90,), generator=draws(3))
    weight, bias = logistic(features, labels, penalty, classes=4)
    x, w, b = features.numpy(), weight.numpy(), bias.numpy()
    scores = np.exp(x @ w + b)
    surplus = scores / scores.sum(1, keepdims=True) - np.eye(4)[labels.numpy()]
    np.testing.assert_allclose(x.T @ surplus / 90 + penalty * w, 0, atol=1e-5)
    np.testing.assert_allclose(surplus.mean(0), 0, atol=1e-5)


def test_logistic_does_not_depend_on_its_start():
    features, labels = normal(90, 6), torch.randint(4, (90,), generator=draws(3))
    start = (normal(6, 4, seed=5), normal(4, seed=6))
    moved, _ = logistic(features, labels, 0.01, classes=4, start=start)
    weight, _ = logistic(features, labels, 0.01, classes=4)
    torch.testing.assert_close(moved, weight, atol=1e-4, rtol=0)


def test_classes_that_lie_apart_are_all_found(blobs):
    features, labels = blobs
    predicted, _ = probe_class(features[:200], labels[:200], held(200), features[200:], classes=5)
    assert torch.equal(predicted, labels[200:])


def test_shuffled_labels_are_found_by_chance_only(blobs):
    features, labels = blobs
    shuffled = labels[torch.randperm(400, generator=draws(4))]
    found, _ = probe_class(features[:200], shuffled[:200], held(200), features[200:], classes=5)
    statistic = accuracy(found == shuffled[200:])
    low, high = interval(statistic(resample([[str(one) for one in range(200)]], draws(5))))
    assert low < 1 / 5 < high
    assert high - low < 0.15


def test_a_linear_number_is_found_and_an_unrelated_one_is_not():
    features = normal(600, 10)
    target = features @ normal(10, seed=1) + 4
    predicted, penalty = probe_number(features[:300], target[:300], held(300), features[300:])
    assert float(explained_variance(target[300:], predicted)(torch.ones(300).double())) > 0.99999
    assert penalty == min(PENALTIES)
    unrelated = normal(600, seed=2)
    predicted, penalty = probe_number(features[:300], unrelated[:300], held(300), features[300:])
    assert (
        abs(float(explained_variance(unrelated[300:], predicted)(torch.ones(300).double()))) < 0.1
    )
    assert penalty > min(PENALTIES)


def test_the_penalty_is_the_best_on_the_held_out_part():
    features, noise = normal(80, 40), normal(80, seed=2)
    target = features[:, 0] + noise
    mask = held(80)
    _, penalty = probe_number(features, target, mask, features)
    x, y = features.numpy(), target.numpy()
    keep, out = ~mask.numpy(), mask.numpy()
    scaled = (x - x[keep].mean(0)) / x[keep].std(0)
    errors = {}
    for one in PENALTIES:
        gram = scaled[keep].T @ scaled[keep] / keep.sum() + one * np.eye(40)
        weight = np.linalg.solve(gram, scaled[keep].T @ (y[keep] - y[keep].mean()) / keep.sum())
        errors[one] = np.mean((scaled[out] @ weight + y[keep].mean() - y[out]) ** 2)
    assert penalty == min(errors, key=errors.get)


def test_what_does_not_vary_or_has_another_scale_changes_nothing(blobs):
    features, labels = blobs
    wide = torch.cat([1e6 * features, torch.full((400, 1), 0.1)], dim=1)
    probed = [
        probe_class(x[:200], labels[:200], held(200), x[200:], classes=5) for x in (features, wide)
    ]
    assert torch.equal(probed[0][0], probed[1][0])
    assert probed[0][1] == probed[1][1]
    assert Scaling(wide)(wide)[:, -1].abs().max() == 0


def test_whole_groups_are_held_out_and_no_stratum_loses_all():
    groups = [f"{speaker}{utterance}" for speaker in "abc" for utterance in range(4)] * 3
    groups += ["d0"] * 5
    strata = [group[0] for group in groups]
    mask = hold_out(groups, strata, draws())
    out = {group for group, one in zip(groups, mask.tolist(), strict=True) if one}
    kept = {group for group, one in zip(groups, mask.tolist(), strict=True) if not one}
    assert not out & kept
    assert sorted(group[0] for group in out) == ["a", "b", "c"]
    assert {group[0] for group in kept} == set("abcd")


def test_where_no_group_can_be_held_out_items_are():
    mask = hold_out(["a"] * 20 + ["b"] * 20, ["a"] * 20 + ["b"] * 20, draws())
    assert int(mask.sum()) == 10
    assert not torch.equal(mask, hold_out(["a"] * 40, ["a"] * 40, draws(1)))
