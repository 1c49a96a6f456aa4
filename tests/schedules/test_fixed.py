import pytest
import torch

from sslse.api import Losses, OptionError, Progress, Weights
from sslse.schedules.fixed import Mix, Pretrain, Round, Se

STEPS_PER_EPOCH = 3
LATENT = torch.zeros(2, 1, 1, 1)
MIXED, ALONE = Weights(1.0, 0.1), Weights(0.0, 1.0)


def at(epoch):
    """The last step of an epoch, counted from 1, in a run of 400 epochs."""
    return Progress(epoch * STEPS_PER_EPOCH - 1, 400 * STEPS_PER_EPOCH, STEPS_PER_EPOCH)


@pytest.mark.parametrize(
    ("schedule", "table"),
    [
        (Mix(), {1: MIXED, 400: MIXED}),
        (Se(), {1: ALONE, 400: ALONE}),
        (
            Round(),
            {1: MIXED, 50: MIXED, 51: ALONE, 100: ALONE, 101: MIXED, 150: MIXED, 400: ALONE},
        ),
        (Round(period=100), {100: MIXED, 101: ALONE, 200: ALONE, 201: MIXED, 400: ALONE}),
        (Pretrain(), {1: MIXED, 50: MIXED, 51: ALONE, 400: ALONE}),
        (Mix(cl=2.0, se=0.5), {7: Weights(2.0, 0.5)}),
        (
            Round(period=1, cl=2.0, se=0.5, se_alone=3.0),
            {1: Weights(2.0, 0.5), 2: Weights(0.0, 3.0)},
        ),
        (
            Pretrain(epochs=2, cl=0.3, se_alone=0.7),
            {2: Weights(0.3, 0.1), 3: Weights(0.0, 0.7)},
        ),
    ],
)
def test_weights_by_epoch(schedule, table):
    assert {epoch: schedule.weights(at(epoch)) for epoch in table} == table


def test_phases_begin_with_the_first_step_of_an_epoch():
    first_of_51 = Progress(50 * STEPS_PER_EPOCH, 400 * STEPS_PER_EPOCH, STEPS_PER_EPOCH)
    assert Round().weights(first_of_51) == ALONE


def test_combine_adds_the_weighted_losses_that_exist():
    cl, se = torch.tensor(-0.5), torch.tensor(4.0)
    assert Mix().combine(MIXED, Losses(cl, se), LATENT).item() == pytest.approx(-0.5 + 0.4)
    assert Se().combine(ALONE, Losses(None, se), LATENT).item() == pytest.approx(4.0)
    alone = Mix().combine(Weights(1.0, 0.0), Losses(cl, None), LATENT)
    assert alone.item() == pytest.approx(-0.5)


def test_nothing_to_train_on_is_refused():
    with pytest.raises(OptionError, match="nothing to train on: SE has no weight"):
        Mix().combine(Weights(0.0, 0.0), Losses(None, None), LATENT)
    for schedule in (Mix, Round, Pretrain):
        with pytest.raises(OptionError, match="both losses have weight 0"):
            schedule(cl=0.0, se=0.0)
