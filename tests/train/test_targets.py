"""What augmentations do to the targets, and which ones an objective refuses."""

from dataclasses import replace

import pytest
import torch

from sslse.api import Augmentation
from sslse.errors import RecipeError
from sslse.prepare import prepare
from sslse.registry import Component, Plugin, discover

CPU = torch.device("cpu")


class Shift(Augmentation):
    """Move waves by drawn numbers of samples: per view, or the same for all."""

    applies_to = "both"

    def __init__(self, *, per_view: bool = False):
        super().__init__()
        self.aligned = not per_view

    def forward(self, views, *, generator):
        count, batch, samples = views.shape
        shape = (1 if self.aligned else count, batch, 1)
        by = torch.randint(samples, shape, generator=generator)
        place = (torch.arange(samples) + by) % samples
        return views.gather(-1, place.expand_as(views))


@pytest.fixture(scope="module")
def shifting():
    found = discover()
    plugin = Plugin("test", "test", "0")
    found.accept(plugin, [Component("augmentation", "shift", Shift, "", plugin)])
    return found


def with_shift(recipe, **options):
    noise = recipe.augmentations[0]
    shift = replace(noise, name="shift", options=options)
    return replace(recipe, augmentations=(noise, shift))


def test_targets_follow_with_the_same_draws(tiny, shifting):
    recipe = with_shift(tiny("objective=normal"), per_view=True)
    plain = prepare(tiny("objective=normal"), shifting, CPU, print).trainer.examples(3)
    moved = prepare(recipe, shifting, CPU, print).trainer.examples(3)
    assert not torch.equal(moved.clean[0], moved.clean[1])
    for view in range(2):
        for row in range(4):
            noise = (moved.noisy - moved.clean)[view, row]
            before = (plain.noisy - plain.clean)[view, row]
            by = [
                n
                for n in range(1024)
                if torch.equal(plain.clean[view, row].roll(-n), moved.clean[view, row])
            ]
            assert len(by) == 1
            torch.testing.assert_close(noise, before.roll(-by[0]))


def test_a_frame_level_objective_refuses_views_out_of_time(tiny, shifting):
    with pytest.raises(RecipeError, match=r"shift as set here puts the views .* out of time"):
        prepare(with_shift(tiny(), per_view=True), shifting, CPU, print)
    prepare(with_shift(tiny(), per_view=False), shifting, CPU, print)
    prepare(with_shift(tiny("objective.over=utterance"), per_view=True), shifting, CPU, print)
