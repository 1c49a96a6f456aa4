import pytest
import torch

from sslse.api import Losses, Progress
from sslse.schedules.balance import Balance

LATENT = torch.zeros(2, 1, 1, 1)
TABLE = [(-0.1 - 0.08 * (step % 9), 9.0 - 1.3 * step) for step in range(30)]


def test_against_running_means_in_a_loop(follow):
    schedule = Balance(ratio=0.4, se=0.3, greatest=2.5, momentum=0.8, cl_floor=-1.5)
    weights = follow(schedule, TABLE)
    means = None
    for (cl, se), found in zip(TABLE, weights, strict=True):
        heights = cl + 1.5, se + 30
        means = means or heights
        means = tuple(0.8 * old + 0.2 * new for old, new in zip(means, heights, strict=True))
        assert found == pytest.approx((min(2.5, 0.4 * 0.3 * means[1] / means[0]), 0.3))
    assert len({cl for cl, _ in weights}) > 10


def test_for_constant_losses_the_parts_are_in_proportion():
    losses = Losses(torch.tensor(-0.8), torch.tensor(-10.0))
    schedule = Balance(ratio=0.25, se=0.5, greatest=100.0)
    losses.cl.requires_grad_()
    losses.se.requires_grad_()
    schedule.combine(schedule.weights(Progress(0, 10, 5)), losses, LATENT).backward()
    cl, se = losses.cl.grad.item(), losses.se.grad.item()
    assert se == pytest.approx(0.5)
    assert cl * 0.2 == pytest.approx(0.25 * se * 20)


def test_where_si_sdr_passes_0_db_cl_is_not_switched_off(follow):
    table = [(-0.5, 1.0 - 0.05 * step) for step in range(40)]
    assert min(cl for cl, _ in follow(Balance(momentum=0.0), table)) > 0.5


def test_the_weight_is_clamped_where_cl_reaches_its_floor(follow):
    weights = follow(Balance(greatest=7.0, momentum=0.0), [(-0.5, 0.0), (-1.0, 0.0), (-9.0, 0.0)])
    assert [cl for cl, _ in weights] == pytest.approx([0.6, 7.0, 7.0])
