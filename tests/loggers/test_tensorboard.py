import importlib.util

import pytest
import torch

from sslse.cli.display import PlainDisplay
from sslse.errors import RecipeError
from sslse.loggers.tensorboard import TensorBoard
from sslse.prepare import prepare
from sslse.run import run
from sslse.train.log import read_metrics

CPU = torch.device("cpu")
# TensorBoard's own reader uses what its dependencies have deprecated.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")


def scalars(folder):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator(str(folder / "tensorboard"))
    events.Reload()
    names = events.Tags()["scalars"]
    return {name: {one.step: one.value for one in events.Scalars(name)} for name in names}


@pytest.mark.training
def test_events_hold_what_the_files_hold(tiny, registry, tmp_path):
    from rich.console import Console

    folder = tmp_path / "run"
    recipe = tiny("loggers=[tensorboard]", "evaluate.every=1", "train.epochs=2")
    display = PlainDisplay(Console(quiet=True))
    run(recipe, registry, folder, device=CPU, display=display)
    found = scalars(folder)
    lines, scores = (read_metrics(folder / f"{name}.jsonl") for name in ("metrics", "scores"))
    for name in ("loss", "cl", "weight_cl", "latent/std"):
        logged = {line["step"]: line[name] for line in lines}
        assert found[name] == pytest.approx(logged)
    scored = {line["step"]: line["score/si_sdr"] for line in scores}
    assert len(scored) == 3
    assert found["score/si_sdr"] == pytest.approx(scored, rel=1e-5)
    assert "failed" not in found


def test_what_comes_again_after_a_kill_takes_the_place_of_what_was(tmp_path):
    first, second = TensorBoard(), TensorBoard()
    first.start(tmp_path, {}, 0)
    for step in (10, 20, 30):
        first.log({"step": step, "loss": float(step)})
    first.finish(None, "failed")
    second.start(tmp_path, {}, 20)
    second.log({"step": 30, "loss": -1.0})
    second.finish(None, "finished")
    assert scalars(tmp_path)["loss"] == {10: 10.0, 20: 20.0, 30: -1.0}


def test_without_the_package_the_run_does_not_start(tiny, registry, monkeypatch):
    found = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "tensorboard" else found(name)
    )
    with pytest.raises(RecipeError) as refused:
        prepare(tiny("loggers=[tensorboard]"), registry, CPU, print)
    assert str(refused.value) == (
        "--set: loggers[0]: tensorboard needs the package tensorboard; install it with: "
        "pip install 'sslse[tensorboard]'"
    )


@pytest.mark.parametrize("value", ["true", "false"])
def test_the_option_that_was_says_what_is(value, tiny):
    with pytest.raises(RecipeError) as refused:
        tiny(f"train.tensorboard={value}")
    assert str(refused.value) == (
        "--set: train.tensorboard: is a logger now; take it out, and for TensorBoard write "
        "'loggers: [tensorboard]' at the top level of the recipe"
    )
