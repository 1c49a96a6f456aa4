import copy

import pytest
import torch

from sslse.errors import RecipeError
from sslse.prepare import prepare
from sslse.train.rehearsal import rehearse_step

CPU = torch.device("cpu")


@pytest.mark.parametrize(
    "sets",
    [
        ("objective=normal", "schedule={name: mix, se: 0}"),
        ("objective=normal", "schedule={name: round, period: 2, se: 0}"),
        ("objective=normal", "schedule={name: ramp, se_from: 0, start: 0.5}"),
    ],
)
def test_a_phase_with_nothing_to_train_on_is_refused_before_the_run(tiny, registry, sets):
    with pytest.raises(RecipeError, match=r"schedule: nothing to train on: SE has no weight"):
        prepare(tiny(*sets), registry, CPU, lambda _: None)


def test_a_later_phase_is_tried_too(tiny, registry):
    sets = ("objective=normal", "schedule={name: ramp, se_from: 1, se_to: 0, end: 0.5}")
    with pytest.raises(RecipeError, match="nothing to train on"):
        prepare(tiny(*sets), registry, CPU, lambda _: None)


def test_it_changes_nothing(tiny, registry):
    trainer = prepare(tiny(), registry, CPU, lambda _: None).trainer
    before = copy.deepcopy(trainer.model.state_dict())
    state = torch.get_rng_state()
    rehearse_step(trainer)
    torch.testing.assert_close(trainer.model.state_dict(), before, rtol=0, atol=0)
    assert torch.equal(torch.get_rng_state(), state)
    assert all(one.grad is None for one in trainer.model.parameters())
