import pytest
import torch

from sslse.nn import sinkhorn


def draw(*shape, seed=0):
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed)) * 2 - 1


@pytest.mark.parametrize(("examples", "prototypes"), [(7, 3), (3, 7), (1, 5), (5, 1)])
@pytest.mark.parametrize("iterations", [1, 3])
@pytest.mark.parametrize("epsilon", [0.05, 0.5])
def test_it_equals_loops(slow_sinkhorn, examples, prototypes, iterations, epsilon):
    scores = draw(examples, prototypes)
    found = sinkhorn(scores, iterations=iterations, epsilon=epsilon)
    expected = slow_sinkhorn(scores.tolist(), iterations, epsilon)
    torch.testing.assert_close(found, torch.tensor(expected), atol=2e-6, rtol=1e-5)


def test_rows_are_exact_and_columns_converge_to_the_same_sum():
    scores = draw(40, 8)
    off = []
    for iterations in (1, 3, 10, 300):
        shares = sinkhorn(scores, iterations=iterations)
        torch.testing.assert_close(shares.sum(1), torch.ones(40))
        off.append(float((shares.sum(0) - 40 / 8).abs().max()))
    assert off == sorted(off, reverse=True)
    assert off[0] > 0.1
    assert off[-1] < 1e-3


def test_where_all_examples_are_the_same_no_prototype_is_preferred():
    shares = sinkhorn(draw(1, 6).expand(9, 6))
    torch.testing.assert_close(shares, torch.full((9, 6), 1 / 6))


def test_a_score_added_to_an_example_or_a_prototype_changes_nothing():
    scores = draw(7, 4).double()
    expected = sinkhorn(scores, iterations=2000)
    for shift in (draw(7, 1, seed=1), draw(1, 4, seed=2)):
        torch.testing.assert_close(sinkhorn(scores + shift, iterations=2000), expected)


@pytest.mark.parametrize("scale", [1e2, 1e6, 1e30, 3.4e38])
def test_no_finite_scores_overflow(scale):
    shares = sinkhorn(scale * draw(30, 5))
    assert shares.isfinite().all()
    torch.testing.assert_close(shares.sum(1), torch.ones(30))


def test_a_prototype_that_all_are_far_from_is_used_as_much():
    scores = draw(30, 5)
    scores[:, 2] -= 1000
    shares = sinkhorn(scores, iterations=100)
    torch.testing.assert_close(shares.sum(0), torch.full((5,), 6.0), atol=0.05, rtol=0)


def test_examples_that_do_not_count_change_nothing_for_the_others():
    scores, strangers = draw(7, 4), 50 * draw(5, 4, seed=1)
    counted = torch.tensor([True] * 7 + [False] * 5)
    shares = sinkhorn(torch.cat([scores, strangers]), counted=counted)
    torch.testing.assert_close(shares[:7], sinkhorn(scores))
    everybody = sinkhorn(torch.cat([scores, strangers]))
    assert (everybody[:7] - shares[:7]).abs().max() > 0.1


def test_several_matrices_are_independent():
    scores = draw(2, 3, 7, 4)
    shares = sinkhorn(scores)
    for i in range(2):
        for j in range(3):
            torch.testing.assert_close(shares[i, j], sinkhorn(scores[i, j]))


def test_low_precision_is_computed_in_float32_also_under_autocast():
    scores = draw(9, 4).bfloat16()
    expected = sinkhorn(scores.float())
    with torch.autocast("cpu", dtype=torch.bfloat16):
        shares = sinkhorn(scores)
    assert shares.dtype == torch.float32
    assert torch.equal(shares, expected)


def test_no_gradient_passes_and_the_scores_stay():
    scores = draw(9, 4).requires_grad_()
    before = scores.detach().clone()
    assert not sinkhorn(scores).requires_grad
    assert torch.equal(scores, before)
