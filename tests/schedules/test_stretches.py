"""How ``sslse check`` tells a schedule."""

import pytest
import torch

from sslse.api import Progress, Weights
from sslse.prepare import prepare, timeline
from sslse.schedules.fixed import Mix, Pretrain, Round
from sslse.schedules.ramp import Ramp
from sslse.schedules.stretches import stretches


def told(schedule, epochs, per_epoch=10):
    steps = epochs * per_epoch
    ends = [
        (
            schedule.weights(Progress(epoch * per_epoch, steps, per_epoch)),
            schedule.weights(Progress((epoch + 1) * per_epoch - 1, steps, per_epoch)),
        )
        for epoch in range(epochs)
    ]
    found = stretches(ends)
    assert [0, *(one.end for one in found)] == [*(one.start for one in found), epochs]
    return [str(one) for one in found]


@pytest.mark.parametrize(
    ("schedule", "epochs", "lines"),
    [
        (Mix(), 400, ["epochs 1-400: CL x 1, SE x 0.1"]),
        (Mix(), 1, ["epochs 1-1: CL x 1, SE x 0.1"]),
        (Pretrain(epochs=1), 2, ["epochs 1-1: CL x 1, SE x 0.1", "epochs 2-2: CL x 0, SE x 1"]),
        (
            Round(period=1),
            4,
            [
                "epochs 1-1: CL x 1, SE x 0.1",
                "epochs 2-2: CL x 0, SE x 1",
                "epochs 3-3: CL x 1, SE x 0.1",
                "epochs 4-4: CL x 0, SE x 1",
            ],
        ),
        (Ramp(cl_to=0.2), 50, ["epochs 1-50: CL x 1 -> 0.2, SE x 0.1 -> 1, smoothly"]),
        (Ramp(cl_to=1.0), 1, ["epochs 1-1: CL x 1, SE x 0.1 -> 1, smoothly"]),
        (
            Ramp(cl_to=0.0, start=0.25, end=0.5),
            40,
            [
                "epochs 1-10: CL x 1, SE x 0.1",
                "epochs 11-20: CL x 1 -> 0, SE x 0.1 -> 1, smoothly",
                "epochs 21-40: CL x 0, SE x 1",
            ],
        ),
        (
            Ramp(start=0.25, end=0.75, shape="cosine"),
            20,
            [
                "epochs 1-5: CL x 1, SE x 0.1",
                "epochs 6-15: CL x 1 -> 0.1, SE x 0.1 -> 1, smoothly",
                "epochs 16-20: CL x 0.1, SE x 1",
            ],
        ),
    ],
)
def test_lines(schedule, epochs, lines):
    assert told(schedule, epochs) == lines


def test_one_step_per_epoch():
    lines = told(Ramp(cl_to=0.2), 50, per_epoch=1)
    assert lines == ["epochs 1-50: CL x 1 -> 0.2, SE x 0.1 -> 1, step by step"]


def still(*weights):
    return [(Weights(cl, 1.0),) * 2 for cl in weights]


def test_a_staircase_and_what_turns_back():
    up_and_down = still(0.0, 0.5, 1.0, 0.6, 0.2, 0.2, 0.2)
    assert [str(one) for one in stretches(up_and_down)] == [
        "epochs 1-3: CL x 0 -> 1, SE x 1, step by step",
        "epochs 4-4: CL x 0.6, SE x 1",
        "epochs 5-7: CL x 0.2, SE x 1",
    ]


def test_a_saw_has_a_line_for_each_tooth():
    tooth = [(Weights(1.0, 1.0), Weights(0.6, 1.0)), (Weights(0.5, 1.0), Weights(0.1, 1.0))]
    assert [str(one) for one in stretches(tooth * 2)] == [
        "epochs 1-2: CL x 1 -> 0.1, SE x 1, smoothly",
        "epochs 3-4: CL x 1 -> 0.1, SE x 1, smoothly",
    ]


def test_a_jump_after_a_ramp_is_no_part_of_it():
    ends = [(Weights(1.0, 1.0), Weights(0.6, 1.0)), *still(0.0, 0.0)]
    assert [str(one) for one in stretches(ends)] == [
        "epochs 1-1: CL x 1 -> 0.6, SE x 1, smoothly",
        "epochs 2-3: CL x 0, SE x 1",
    ]


@pytest.mark.parametrize("name", ["uncertainty", "dwa", "gradnorm", "balance"])
def test_weights_that_adapt_are_said_to(tiny, registry, name):
    prepared = prepare(tiny(f"schedule={name}"), registry, torch.device("cpu"), print)
    first, second = timeline(prepared)
    assert first.startswith("epochs 1-4: CL x 1, SE x ")
    assert second == (
        "from there the weights adapt to the losses; metrics.jsonl logs them as weight_cl and "
        "weight_se"
    )


def test_a_ramp_in_a_run(tiny, registry):
    recipe = tiny("schedule=ramp", "schedule.cl_to=0.2")
    lines = timeline(prepare(recipe, registry, torch.device("cpu"), print))
    assert [one.rpartition(", ")[0] for one in lines] == [
        "epochs 1-4: CL x 1 -> 0.2, SE x 0.1 -> 1"
    ]
