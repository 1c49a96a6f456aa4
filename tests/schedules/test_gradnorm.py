import math

import pytest
import torch

from sslse.api import Losses, OptionError, Progress
from sslse.schedules.gradnorm import GradNorm

NOW = Progress(0, 10, 5)


def tasks(cl_norm, se_norm, cl=-0.5, se=-5.0):
    """Two losses of these values whose gradients at the latent have these norms."""
    latent = torch.zeros(2, 3, 4, 5, dtype=torch.float64, requires_grad=True)
    there = latent * 1.0
    share = 1 / there.numel() ** 0.5
    return Losses(there.sum() * share * cl_norm + cl, se - there.sum() * share * se_norm), there


def settle(schedule, steps, *arguments, optimizer=None, **values):
    optimizer = optimizer or torch.optim.SGD(schedule.parameters(), lr=0.05, momentum=0.9)
    for _ in range(steps):
        losses, latent = tasks(*arguments, **values)
        optimizer.zero_grad()
        schedule.combine(schedule.weights(NOW), losses, latent).backward()
        optimizer.step()
        with torch.no_grad():
            schedule.after_step(losses.detach(), NOW)
    return {name: float(value) for name, value in schedule.metrics().items()}


@pytest.mark.parametrize("scale", [1e-4, 1.0, 1e3])
def test_gradients_of_one_to_ten_are_balanced_at_any_scale(scale):
    weights = settle(GradNorm(alpha=0.0).double(), 600, scale, 10 * scale)
    assert weights["cl"] == pytest.approx(20 / 11, abs=0.02)
    assert weights["se"] == pytest.approx(2 / 11, abs=0.02)
    assert weights["cl"] + weights["se"] == pytest.approx(2.0)


def test_base_weights_set_the_ratio_of_the_gradients():
    weights = settle(GradNorm(alpha=0.0, cl=3.0).double(), 600, 1.0, 10.0)
    pulls = weights["cl"] * 1.0, weights["se"] * 10.0
    assert pulls[0] / pulls[1] == pytest.approx(3.0, rel=0.1)


def test_the_loss_that_lags_behind_pulls_harder():
    schedule = GradNorm(alpha=1.5).double()
    settle(schedule, 1, 1.0, 1.0)
    weights = settle(schedule, 600, 1.0, 1.0, cl=-0.9, se=-5.0)
    share = 0.2  # CL is at a fifth of its first height, SE at all of it
    assert weights["cl"] / weights["se"] == pytest.approx(share**1.5, rel=0.05)


def test_against_the_formula_step_by_step():
    alpha, speed, rate = 0.7, 0.02, 0.3
    schedule = GradNorm(alpha=alpha, rate=speed, cl=2.0, se=0.5).double()
    optimizer = torch.optim.SGD(schedule.parameters(), lr=rate)
    expected, first = [1.0, 1.0], None
    for step in range(40):
        norms = (1.0 + 0.1 * step, 5.0 - 0.1 * step)
        values = {"cl": -0.2 - 0.01 * step, "se": 3.0 - 0.6 * step}
        heights = (values["cl"] + 1, values["se"] + 30)
        first = first or heights
        paces = [(height / start) ** alpha for height, start in zip(heights, first, strict=True)]
        pulls = [weight * norm for weight, norm in zip(expected, norms, strict=True)]
        mean = sum(pulls) / 2
        loss = 0.0
        for k in range(2):
            wanted = sum(pulls) * paces[k] / sum(paces)
            loss += abs(pulls[k] - wanted) / mean
            sign = (pulls[k] > wanted) - (pulls[k] < wanted)
            expected[k] *= math.exp(-rate * speed * sign * pulls[k] / mean)
        losses, latent = tasks(*norms, **values)
        before = schedule.metrics()
        total = schedule.combine(schedule.weights(NOW), losses, latent)
        plain = before["cl"] * values["cl"] + before["se"] * values["se"]
        assert total.item() == pytest.approx(plain.item() + speed * loss)
        optimizer.zero_grad()
        total.backward()
        optimizer.step()
        with torch.no_grad():
            schedule.after_step(losses.detach(), NOW)
        expected = [2 * weight / sum(expected) for weight in expected]
        assert schedule.log_factors.exp().tolist() == pytest.approx(expected)


def test_the_network_has_the_gradient_of_the_weighted_losses_alone():
    schedule = GradNorm().double()
    with torch.no_grad():
        schedule.log_factors.copy_(torch.tensor([1.5, 0.5]).log())
    latent = torch.linspace(-1, 1, 12, dtype=torch.float64).reshape(2, 1, 2, 3).requires_grad_()
    cl, se = latent.square().sum(), latent.exp().sum()
    schedule.combine(schedule.weights(NOW), Losses(cl, se), latent).backward()
    torch.testing.assert_close(latent.grad, 1.5 * 2 * latent.detach() + 0.5 * latent.detach().exp())


@pytest.mark.statistics
@pytest.mark.parametrize(
    ("kind", "options"),
    [
        (torch.optim.SGD, {"lr": 0.05, "momentum": 0.9, "weight_decay": 1e-4}),
        (torch.optim.AdamW, {"lr": 6e-3, "weight_decay": 1e-2}),
    ],
)
def test_the_usual_weight_decay_does_not_unbalance(kind, options):
    schedule = GradNorm(alpha=0.0).double()
    optimizer = kind(schedule.parameters(), **options)
    weights = settle(schedule, 800, 1.0, 10.0, optimizer=optimizer)
    assert weights["cl"] == pytest.approx(20 / 11, abs=0.05)


@pytest.mark.parametrize("norm", [1e-6, 1.0, 1e6])
def test_its_gradient_is_too_small_to_count_in_clipping(norm):
    schedule = GradNorm(rate=0.01).double()
    for _ in range(60):
        settle(schedule, 1, norm, 1.0, optimizer=torch.optim.SGD(schedule.parameters(), lr=10.0))
        assert torch.linalg.vector_norm(schedule.log_factors.grad) <= 2.001 * 0.01


def test_weights_stay_positive():
    schedule = GradNorm(alpha=0.0).double()
    optimizer = torch.optim.SGD(schedule.parameters(), lr=5.0, momentum=0.9)
    for _ in range(50):
        weights = settle(schedule, 1, 1.0, 1e6, optimizer=optimizer)
        assert min(weights.values()) > 0
        assert sum(weights.values()) == pytest.approx(2.0, rel=1e-3)


def test_gradients_of_nothing_leave_it_finite():
    weights = settle(GradNorm().double(), 5, 0.0, 0.0)
    assert weights == pytest.approx({"cl": 1.0, "se": 1.0})


@pytest.mark.parametrize("norms", [(0.0, 1.0), (1.0, 0.0)])
def test_a_loss_without_a_pull_starves_no_other(norms):
    weights = settle(GradNorm().double(), 200, *norms)
    assert weights == pytest.approx({"cl": 1.0, "se": 1.0})


def test_without_gradients_it_adds_the_weighted_losses():
    losses, latent = tasks(1.0, 1.0)
    schedule = GradNorm(cl=2.0).double()
    total = schedule.combine(schedule.weights(NOW), losses.detach(), latent.detach())
    assert total.item() == pytest.approx(2.0 * -0.5 - 5.0)


def test_a_loss_that_does_not_depend_on_the_latent_is_refused():
    losses, latent = tasks(1.0, 1.0)
    elsewhere = torch.ones((), dtype=torch.float64, requires_grad=True)
    for name, given in (
        ("CL", Losses(elsewhere * 2, losses.se)),
        ("SE", Losses(losses.cl, elsewhere * 2)),
        ("CL", Losses(losses.cl.detach(), losses.se)),
    ):
        with pytest.raises(OptionError, match=f"the {name} loss does not depend on it"):
            GradNorm().double().combine(GradNorm().weights(NOW), given, latent)
