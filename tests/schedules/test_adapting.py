"""What holds for every schedule that adapts."""

import copy
import math

import pytest
import torch

from sslse.api import Losses, Progress
from sslse.schedules.adapting import LEAST, Floors


def figures(schedule):
    return [float(schedule.metrics()[name]) for name in ("cl", "se")]


def test_heights_above_floors():
    cl, se = torch.tensor(-0.25, requires_grad=True), torch.tensor(-31.0)
    floors = Floors(-1.0, -30.0)
    assert floors.above(Losses(cl, se)).tolist() == pytest.approx([0.75, LEAST])
    assert not floors.above(Losses(cl, se)).requires_grad
    assert floors.above(Losses(None, se + 6)).tolist() == pytest.approx([0.0, 5.0])


def test_both_losses_are_computed_at_any_time(adaptive):
    for step in (0, 7, 39):
        weights = adaptive().weights(Progress(step, 40, 5))
        assert weights.cl > 0
        assert weights.se > 0


def test_it_adapts_and_says_so(adaptive, simulate):
    simulation = simulate(adaptive())
    before = figures(simulation.schedule)
    assert all(math.isfinite(one) and one > 0 for one in before)
    for step in range(20):
        simulation.step(step)
    after = simulation.schedule.metrics()
    assert figures(simulation.schedule) != before
    assert not any(one.requires_grad for one in after.values())
    kept = [float(one) for one in after.values()]
    simulation.step(20)
    assert [float(one) for one in after.values()] == kept


def test_a_saved_state_continues_identically(adaptive, simulate):
    whole, cut = simulate(adaptive()), simulate(adaptive())
    for step in range(13):
        whole.step(step)
        cut.step(step)
    resumed = simulate(adaptive())
    resumed.load(copy.deepcopy(cut.state()))
    for step in range(13, 40):
        total, _ = whole.step(step)
        assert resumed.step(step)[0].item() == total.item()
        assert figures(resumed.schedule) == figures(whole.schedule)


def test_without_a_contrastive_loss_se_still_trains(adaptive, simulate):
    simulation = simulate(adaptive(), cl=False, rate=0.01, steps=300)
    first = simulation.step(0)[1].se
    for step in range(1, 300):
        total, losses = simulation.step(step)
        assert math.isfinite(total)
    assert losses.cl is None
    assert losses.se < first - 4
    if adaptive.__name__ != "Uncertainty":
        plain = simulation.schedule.weights(Progress(0, 300, 5))
        assert figures(simulation.schedule)[1] == pytest.approx(plain.se)


@pytest.mark.statistics
def test_negative_losses_never_diverge(adaptive, simulate):
    """SE falls far below its floor (the target is met exactly), CL close to -1."""
    simulation = simulate(adaptive(se_floor=-10.0), rate=0.02, steps=2000)
    lowest = math.inf
    for step in range(2000):
        total, losses = simulation.step(step)
        lowest = min(lowest, float(losses.se))
        assert math.isfinite(total)
        assert all(math.isfinite(one) and 0 < one <= 1000 for one in figures(simulation.schedule))
    assert lowest < -10


def test_a_copy_can_be_tried_out(adaptive, simulate):
    """As the estimate of the training time does."""
    simulation = simulate(adaptive())
    before = copy.deepcopy(simulation.schedule.state_dict())
    simulation.step(0)
    trial = copy.deepcopy(simulation.schedule)
    losses, latent = simulation.problem.losses(0.0)
    trial.combine(trial.weights(Progress(0, 40, 5)), losses, latent).backward()
    assert before.keys() == simulation.schedule.state_dict().keys()
