import math

import pytest
import torch

from sslse.api import Losses, Progress
from sslse.schedules.adapting import LEAST
from sslse.schedules.uncertainty import Uncertainty

LATENT = torch.zeros(2, 1, 1, 1)
NOW = Progress(0, 10, 5)


def constant(*values):
    return Losses(*(torch.tensor(value, dtype=torch.float64) for value in values))


def settle(schedule, losses, steps, rate=0.05):
    optimizer = torch.optim.SGD(schedule.parameters(), lr=rate, momentum=0.9)
    for _ in range(steps):
        optimizer.zero_grad()
        schedule.combine(schedule.weights(NOW), losses, LATENT).backward()
        optimizer.step()
        with torch.no_grad():
            schedule.after_step(losses, NOW)
    return {name: float(value) for name, value in schedule.metrics().items()}


@pytest.mark.parametrize("values", [(-0.9, -12.0), (0.5, 45.0), (-0.2, 0.0)])
def test_for_constant_losses_s_is_the_logarithm_of_the_height(values):
    schedule = Uncertainty(cl=2.0, se=0.5).double()
    settle(schedule, constant(0.0, 3.0), 1)  # the first step's losses are others
    weights = settle(schedule, constant(*values), 600)
    assert weights["cl"] == pytest.approx(2.0 / (values[0] + 1))
    assert weights["se"] == pytest.approx(0.5 / (values[1] + 30))


def test_it_starts_at_the_optimum_of_the_first_losses():
    schedule = Uncertainty().double()
    schedule.combine(schedule.weights(NOW), constant(-0.5, -2.0), LATENT).backward()
    torch.testing.assert_close(schedule.shift.grad, torch.zeros_like(schedule.shift))
    assert settle(schedule, constant(-0.5, -2.0), 3) == pytest.approx({"cl": 2.0, "se": 1 / 28})


def test_the_total_is_the_objective_of_the_paper_above_the_floors():
    schedule = Uncertainty(cl=2.0, se=0.5, cl_floor=-2.0, se_floor=-40.0).double()
    with torch.no_grad():
        schedule.first.copy_(torch.tensor([1.5, 20.0]))
        schedule.shift.copy_(torch.tensor([0.3, -0.7]))
    total = schedule.combine(schedule.weights(NOW), constant(-0.5, -5.0), LATENT)
    s_cl, s_se = math.log(1.5) + 0.3, math.log(20.0) - 0.7
    expected = 2.0 * (math.exp(-s_cl) * 1.5 + s_cl) + 0.5 * (math.exp(-s_se) * 35.0 + s_se)
    assert total.item() == pytest.approx(expected)


@pytest.mark.parametrize("se", [-12.0, -30.0, -75.0])
def test_the_network_has_the_plain_gradient_below_the_floor_too(se):
    schedule = Uncertainty().double()
    with torch.no_grad():
        schedule.first.copy_(torch.tensor([1.0, 20.0]))
        schedule.shift.copy_(torch.tensor([0.3, -0.7]))
    losses = constant(-0.5, se)
    for one in (losses.cl, losses.se):
        one.requires_grad_()
    schedule.combine(schedule.weights(NOW), losses, LATENT).backward()
    assert losses.cl.grad.item() == pytest.approx(math.exp(-0.3))
    assert losses.se.grad.item() == pytest.approx(math.exp(0.7) / 20)


def test_below_its_floor_a_weight_stays_finite():
    schedule = Uncertainty().double()
    settle(schedule, constant(0.0, 0.0), 1)
    weights = settle(schedule, constant(-3.0, -75.0), 800)
    assert weights == pytest.approx({"cl": 1 / LEAST, "se": 1 / LEAST}, rel=1e-3)


def test_without_floors_it_would_diverge():
    """The trap: the paper's objective with a negative loss."""
    s = torch.zeros((), dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.SGD([s], lr=0.05)
    for _ in range(200):
        optimizer.zero_grad()
        (torch.exp(-s) * -12.0 + s).backward()
        optimizer.step()
    assert not math.isfinite(torch.exp(-s).item())


def test_decay_pulls_weights_to_where_they_started():
    schedule = Uncertainty().double()
    settle(schedule, constant(0.0, 0.0), 1)
    settle(schedule, constant(-0.9, -15.0), 500)
    optimizer = torch.optim.AdamW(schedule.parameters(), lr=0.1, weight_decay=0.1)
    for _ in range(1000):
        schedule.shift.grad = torch.zeros_like(schedule.shift)
        optimizer.step()
    weights = {name: float(value) for name, value in schedule.metrics().items()}
    assert weights == pytest.approx({"cl": 1.0, "se": 1 / 30}, rel=1e-3)


@pytest.mark.statistics
def test_the_usual_decay_hardly_moves_the_optimum():
    plain, decayed = Uncertainty().double(), Uncertainty().double()
    for schedule, decay in ((plain, 0.0), (decayed, 1e-4)):
        settle(schedule, constant(0.0, 0.0), 1)
        optimizer = torch.optim.SGD(
            schedule.parameters(), lr=0.05, momentum=0.9, weight_decay=decay
        )
        for _ in range(1000):
            optimizer.zero_grad()
            losses = constant(-0.9, -15.0)
            schedule.combine(schedule.weights(NOW), losses, LATENT).backward()
            optimizer.step()
    for name, value in plain.metrics().items():
        assert float(decayed.metrics()[name]) == pytest.approx(float(value), rel=1e-3)
        assert float(decayed.metrics()[name]) != float(value)
