"""Runs that collapse are told from healthy ones."""

import pytest
import torch

from sslse.api import Objective, Outcome, Schedule, Weights
from sslse.errors import RunError
from sslse.losses import similarity_across_views
from sslse.prepare import prepare
from sslse.recipe import load_recipe
from sslse.registry import Component, Plugin, discover
from sslse.train.log import read_metrics

CPU = torch.device("cpu")


class WithoutStopGradient(Objective):
    """SimSiam as it must not be: the target passes the gradient, so one point is the optimum."""

    def __init__(self, predictor, /):
        super().__init__()
        self.predictor = predictor

    def forward(self, encoder, views, progress):
        predicted = self.predictor(views.latent.flatten(0, 1))
        predicted = predicted.unflatten(0, views.latent.shape[:2])
        return Outcome(-similarity_across_views(predicted, views.latent))


class Growing(Schedule):
    """Adapts both weights, and something else."""

    def __init__(self):
        super().__init__()
        self.register_buffer("taken", torch.zeros(()))

    def weights(self, progress):
        return Weights(1.0, 1.0)

    def after_step(self, losses, progress):
        self.taken += 1

    def metrics(self):
        return {"cl": self.taken, "se": 2 * self.taken, "other": 3 * self.taken}


@pytest.fixture(scope="module")
def extended():
    found = discover()
    plugin = Plugin("test", "test", "0")
    added = [("objective", "no_stop", WithoutStopGradient), ("schedule", "growing", Growing)]
    found.accept(plugin, [Component(kind, name, one, "", plugin) for kind, name, one in added])
    return found


@pytest.fixture
def recipe(extended, tiny_sets, tiny_cache):
    def make(*sets):
        cache = f"data.cache={tiny_cache}"
        return load_recipe("quickstart", extended, sets=[*tiny_sets, cache, *sets])

    return make


def train(recipe, registry, folder):
    folder.mkdir(exist_ok=True)
    said = []
    prepare(recipe, registry, CPU, lambda _: None).trainer.run(folder, say=said.append)
    return said, read_metrics(folder / "metrics.jsonl")


LONG = ("train.epochs=50", "train.log_every=4", "schedule=mix", "encoder.dim=16")


@pytest.mark.training
@pytest.mark.parametrize("se", [0.0, 0.1])
def test_simsiam_without_stop_gradient_is_caught(recipe, extended, tmp_path, se):
    sets = (*LONG, "objective=no_stop", f"schedule.se={se}")
    said, lines = train(recipe(*sets), extended, tmp_path)
    assert len(said) >= 1
    assert "latent/std is" in said[0]
    assert "collapsed" in said[0]
    warned = [line for line in lines if "warnings" in line]
    assert warned[0]["warnings"]["latent/std"] in said[0]
    again, _ = train(recipe(*sets), extended, tmp_path)
    assert again == [], "a warning is given once, also where the run is resumed"


@pytest.mark.training
@pytest.mark.parametrize("objective", ["byol", "simsiam", "normal"])
def test_a_healthy_run_raises_no_warning(recipe, extended, tmp_path, objective):
    said, lines = train(recipe(*LONG, f"objective={objective}"), extended, tmp_path)
    assert said == []
    assert {"latent/rank", "latent/alignment", "output/copied"} <= set(lines[-1])


@pytest.mark.training
@pytest.mark.smoke
def test_a_collapse_can_stop_the_run(recipe, extended, tmp_path):
    sets = (*LONG, "objective=no_stop", "schedule.se=0", "train.on_collapse=stop")
    with pytest.raises(RunError, match=r"step \d+: latent/std .* collapsed; stopped"):
        train(recipe(*sets), extended, tmp_path)


@pytest.mark.training
def test_the_gradients_cosine_is_logged_where_it_is_asked_for(recipe, extended, tmp_path):
    sets = ("train.gradient_cosine_every=4", "train.epochs=3", "schedule={name: round, period: 1}")
    _, lines = train(recipe(*sets), extended, tmp_path)
    found = [line for line in lines if "gradient_cosine" in line]
    assert found
    assert all("cl" in line and -1 <= line["gradient_cosine"] <= 1 for line in found)
    _, plain = train(recipe(*sets[1:]), extended, tmp_path / "plain")
    assert [line["loss"] for line in plain] == [line["loss"] for line in lines]


def test_adapted_weights_are_logged_in_place_of_those_they_start_from(recipe, extended, tmp_path):
    _, lines = train(recipe("schedule=growing", "train.log_every=1"), extended, tmp_path)
    for line in lines:
        taken = line["step"] - 1
        assert (line["weight_cl"], line["weight_se"]) == (taken, 2 * taken)
        assert line["schedule/other"] == 3 * taken


@pytest.mark.training
def test_a_batch_of_one_utterance_is_not_taken_for_a_collapse(recipe, extended, tmp_path):
    sets = ("objective.over=utterance", "train.batch_size=1", "train.epochs=2", "schedule=mix")
    said, lines = train(recipe(*sets, "train.on_collapse=stop"), extended, tmp_path)
    assert said == []
    assert "latent/std" not in lines[-1]
    assert "latent/rank" in lines[-1]
