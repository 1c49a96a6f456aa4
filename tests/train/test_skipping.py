"""Steps that are not finite change nothing, whether looked at one by one or undone together."""

import pytest
import torch

from sslse.errors import RunError
from sslse.prepare import prepare
from sslse.train.log import TIMING, read_metrics

CPU = torch.device("cpu")


def ready(tiny, registry, *sets, bad=(), looks=True, where="loss"):
    """A trainer whose loss, or gradient alone, is NaN at some steps."""
    trainer = prepare(tiny(*sets), registry, CPU, lambda _: None).trainer
    trainer._looks = looks
    forward = trainer._forward

    def broken(examples, weights, progress):
        output = forward(examples, weights, progress)
        if progress.step in bad and where == "loss":
            output.total.mul_(torch.nan)
        elif progress.step in bad:
            output.total.register_hook(lambda gradient: gradient * torch.nan)
        return output

    trainer._forward = broken
    return trainer


def figures(folder):
    lines = read_metrics(folder / "metrics.jsonl")
    return [{key: value for key, value in one.items() if key not in TIMING} for one in lines]


def states(trainer):
    return {
        f"{kind} {name}": value.clone() if isinstance(value, torch.Tensor) else value
        for kind, state in (
            ("model", trainer.model.state_dict()),
            ("optimizer", dict(enumerate(trainer.optimizer.state_dict()["state"].values()))),
        )
        for name, value in state.items()
        if isinstance(value, torch.Tensor)
    }


@pytest.mark.parametrize("where", ["loss", "gradient"])
@pytest.mark.parametrize("clip", ["null", "1.0"])
def test_a_skipped_step_changes_nothing(tiny, registry, where, clip):
    trainer = ready(tiny, registry, f"train.clip_norm={clip}", bad={1}, where=where)
    trainer.step(0, skip=True)
    before = states(trainer)
    _, scalars = trainer.step(1, skip=True)
    assert not scalars["finite"]
    assert all(torch.equal(value, before[name]) for name, value in states(trainer).items())
    _, scalars = trainer.step(2, skip=True)
    assert scalars["finite"]
    assert any(not torch.equal(value, before[name]) for name, value in states(trainer).items())


@pytest.mark.parametrize("where", ["loss", "gradient"])
def test_undoing_gives_what_looking_gives(tiny, registry, tmp_path, where):
    sets = ("train.log_every=3", "train.optimizer=adamw")
    runs = []
    for looks in (True, False):
        folder = tmp_path / str(looks)
        folder.mkdir()
        said = []
        trainer = ready(tiny, registry, *sets, bad={2, 4, 5}, looks=looks, where=where)
        trainer.run(folder, say=said.append)
        assert said == [
            f"warning: step {step} is skipped: its loss or gradient is not finite"
            for step in (3, 5, 6)
        ]
        runs.append((figures(folder), states(trainer)))
    (lines, state), (other_lines, other_state) = runs
    assert lines == other_lines
    assert [line.get("skipped") for line in lines] == [1, 3, 3, 3]
    assert all(torch.equal(value, other_state[name]) for name, value in state.items())


@pytest.mark.training
@pytest.mark.parametrize("looks", [True, False])
def test_a_run_without_a_bad_step_is_the_same_either_way(tiny, registry, tmp_path, looks):
    for folder, way in (("a", True), ("b", looks)):
        (tmp_path / folder).mkdir()
        ready(tiny, registry, looks=way).run(tmp_path / folder)
    assert figures(tmp_path / "a") == figures(tmp_path / "b")
    assert "skipped" not in figures(tmp_path / "a")[-1]


@pytest.mark.training
@pytest.mark.parametrize("looks", [True, False])
def test_too_many_on_end_stop_the_run_and_keep_the_state(tiny, registry, tmp_path, looks):
    sets = ("train.nonfinite_steps=3", "train.log_every=1", "train.epochs=4")
    bad = {2, 3, 6, 7, 8, 9}
    with pytest.raises(RunError, match=r"not finite at step 9, .* in 3 steps on end; the state"):
        ready(tiny, registry, *sets, bad=bad, looks=looks).run(tmp_path, say=lambda _: None)
    # A run stopped there and continued counts on where it was.
    with pytest.raises(RunError, match="not finite at step 9"):
        ready(tiny, registry, *sets, bad=bad, looks=looks).run(tmp_path, say=lambda _: None)
    assert [line["step"] for line in figures(tmp_path)] == [1, 2, 5, 6]
