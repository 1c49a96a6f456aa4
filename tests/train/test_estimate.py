import copy
import itertools
from types import SimpleNamespace

import pytest
import torch

from sslse import run
from sslse.prepare import prepare
from sslse.recipe import load_recipe
from sslse.train.estimate import estimate_seconds

CPU = torch.device("cpu")


def test_an_estimate_grows_with_the_run_and_changes_nothing(tiny, registry, monkeypatch):
    clock = SimpleNamespace(monotonic=itertools.count().__next__)  # a second for every lap
    monkeypatch.setattr("sslse.train.estimate.time", clock)
    short = prepare(tiny("train.epochs=10"), registry, CPU, print).trainer
    long = prepare(tiny("train.epochs=1000"), registry, CPU, print).trainer
    before = copy.deepcopy(short.model.state_dict())
    assert estimate_seconds(short) == short.steps * 24 / 4
    assert estimate_seconds(long) == 100 * estimate_seconds(short)
    torch.testing.assert_close(short.model.state_dict(), before, rtol=0, atol=0)
    assert all(one.grad is None for one in short.model.parameters())


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(1200.0, "takes about 20 minutes"), (90_000.0, "takes about 25.0 hours")],
)
def test_a_long_run_on_a_cpu_says_so_and_what_is_faster(registry, seconds, words):
    advice = run._advice(seconds, load_recipe("byol", registry, data=["demo"]))
    assert words in advice
    assert "--set preset=small" in advice
    assert f"--set train.epochs={round(400 * 600 / seconds)}" in advice
    assert "a CUDA GPU" in advice


@pytest.mark.parametrize("sets", [[], ["encoder.dim=8"], ["name=again", "train.epochs=30"]])
def test_the_advice_names_nothing_that_is_so_already(registry, tmp_path, sets):
    recipe = load_recipe("quickstart", registry, sets=sets)
    again = tmp_path / "recipe.yaml"
    again.write_text(recipe.to_yaml())
    for one in (recipe, load_recipe(str(again), registry)):  # which knows of no preset
        assert "preset" not in run._advice(1200.0, one)
        assert "--set train.epochs=" in run._advice(1200.0, one)
    larger = load_recipe("quickstart", registry, sets=["decoder.hidden=256"])
    assert "--set preset=small" in run._advice(1200.0, larger)
    once = load_recipe("quickstart", registry, sets=["train.epochs=1"])
    assert run._advice(1200.0, once).endswith(
        "Faster: a CUDA GPU. Stop with Ctrl-C at any time; --resume continues"
    )


@pytest.mark.training
def test_the_advice_is_shown_before_training(tiny, registry, tmp_path, monkeypatch):
    said = []

    class Display:
        def say(self, text):
            said.append(text)

        def training(self, line, steps):
            said.append("training")

        def evaluating(self, done, count):
            said.append("evaluating")

    monkeypatch.setattr(run, "LONG_SECONDS", 1e-9)
    recipe = tiny("train.epochs=1")
    run.run(recipe, registry, tmp_path / "run", device=CPU, display=Display())
    advice = [one for one in said if one.startswith("note: on this CPU")]
    assert len(advice) == 1
    assert said.index(advice[0]) < said.index("training") < said.index("evaluating")
