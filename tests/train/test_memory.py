"""``train.batch_size: auto``."""

import pytest
import torch

from sslse import prepare as preparing
from sslse.errors import OptionError, RecipeError
from sslse.prepare import prepare
from sslse.run_folder import check_folder, start_folder
from sslse.train.memory import largest_batch

CPU, CUDA = torch.device("cpu"), torch.device("cuda")


@pytest.mark.training
def test_the_largest_batch_is_tried_in_every_phase_and_leaves_the_trainer_alone(
    tiny, registry, monkeypatch
):
    trainer = prepare(tiny("schedule={name: pretrain, epochs: 1}"), registry, CPU, print).trainer
    forward, tried = type(trainer.model).forward, []

    def limited(model, examples, weights, progress):
        tried.append((examples.noisy.shape[1], bool(weights.cl), bool(weights.se)))
        if examples.noisy.shape[1] > 4 and weights.se:
            raise MemoryError
        return forward(model, examples, weights, progress)

    monkeypatch.setattr(type(trainer.model), "forward", limited)
    before = {name: value.clone() for name, value in trainer.model.state_dict().items()}
    assert largest_batch(trainer, 24) == 4
    assert {phase[1:] for phase in tried} == {(True, True), (False, True)}
    assert all(torch.equal(value, before[name]) for name, value in trainer.model.named_buffers())
    assert all(one.grad is None for one in trainer.model.parameters())


def test_auto_needs_a_device_that_says_when_memory_ends(tiny, registry):
    recipe = tiny("train.batch_size=auto")
    with pytest.raises(RecipeError, match=r"train\.batch_size: auto needs a CUDA device"):
        prepare(recipe, registry, CPU, print)
    with pytest.raises(OptionError, match="auto is not known yet"):
        _ = recipe.train.utterances


def test_what_auto_finds_becomes_the_recipes(tiny, registry, monkeypatch, tmp_path):
    on_cpu = preparing.prepare
    monkeypatch.setattr(
        preparing, "prepare", lambda recipe, *_: on_cpu(recipe, registry, CPU, print)
    )
    monkeypatch.setattr(preparing, "largest_batch", lambda _, most: min(most, 16))
    said = []
    auto = tiny("train.batch_size=auto")
    found = preparing._with_batch(auto, registry, CUDA, said.append)
    assert found == tiny("train.batch_size=16")
    assert said == ["train.batch_size: auto finds that 16 fit"]
    start_folder(tmp_path, found, {}, {})
    assert check_folder(tmp_path, auto, registry, resume=True) == found
