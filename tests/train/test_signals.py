"""SIGTERM and SIGINT: the step is finished, the state saved, and resumed to the same numbers."""

import os
import signal
import subprocess
import sys
import time

import pytest
import torch

from sslse.errors import Stopped
from sslse.prepare import prepare
from sslse.train.log import TIMING, read_metrics
from sslse.train.signals import signals_noted, signals_raise

CPU = torch.device("cpu")


def ready(tiny, registry, *sets):
    return prepare(tiny(*sets), registry, CPU, lambda _: None).trainer


def figures(folder):
    lines = read_metrics(folder / "metrics.jsonl")
    return [{key: value for key, value in one.items() if key not in TIMING} for one in lines]


def signalled_at(trainer, steps, number):
    """Send a signal in the midst of some steps."""
    take = trainer.step

    def step(count, **options):
        if count in steps:
            os.kill(os.getpid(), number)
        return take(count, **options)

    trainer.step = step
    return trainer


@pytest.mark.training
@pytest.mark.parametrize(("number", "looks"), [(signal.SIGTERM, True), (signal.SIGINT, False)])
def test_a_run_stopped_between_two_lines_resumes_exactly(tiny, registry, tmp_path, number, looks):
    sets = ("train.log_every=5", "train.epochs=1", "train.optimizer=adamw")
    sets = (*sets, "train.batch_size=9", "objective={name: moco_v2, queue: 512}")
    whole = ready(tiny, registry, *sets)
    (tmp_path / "whole").mkdir()
    whole.run(tmp_path / "whole")
    (tmp_path / "cut").mkdir()
    handlers = [signal.getsignal(one) for one in (signal.SIGTERM, signal.SIGINT)]
    for step in (2, 7, whole.steps - 1):
        stopped = signalled_at(ready(tiny, registry, *sets), {step}, number)
        stopped._looks = looks
        with pytest.raises(Stopped, match=rf"the state of step {step + 1} of 10") as caught:
            stopped.run(tmp_path / "cut")
        assert caught.value.number == number
    assert handlers == [signal.getsignal(one) for one in (signal.SIGTERM, signal.SIGINT)]
    resumed = ready(tiny, registry, *sets)
    resumed.run(tmp_path / "cut")
    assert figures(tmp_path / "cut") == figures(tmp_path / "whole")
    for name, value in whole.model.state_dict().items():
        assert torch.equal(resumed.model.state_dict()[name], value), name


def test_a_second_interrupt_does_not_wait():
    with signals_noted() as noted:
        os.kill(os.getpid(), signal.SIGTERM)
        assert noted.number == signal.SIGTERM
        with pytest.raises(Stopped, match="SIGINT"):
            os.kill(os.getpid(), signal.SIGINT)


def test_outside_of_training_a_signal_stops_at_once():
    with signals_raise(), pytest.raises(Stopped, match="stopped by SIGTERM") as caught:
        os.kill(os.getpid(), signal.SIGTERM)
    assert caught.value.number == signal.SIGTERM


@pytest.mark.processes
@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)], ids=["SIGTERM", "SIGINT"]
)
def test_the_command_saves_says_how_to_go_on_and_exits_as_shells_count(
    tiny_sets, tiny_cache, tmp_path, number, code
):
    sets = (*tiny_sets, "train.epochs=100000", f"data.cache={tiny_cache}")
    words = ["run", "quickstart", *(part for text in sets for part in ("--set", text))]
    process = subprocess.Popen(
        [sys.executable, "-m", "sslse", *words, "--out", "a run"],
        cwd=tmp_path,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    state = tmp_path / "a run" / "resume" / "state.pt"
    while not state.is_file():
        assert process.poll() is None
        time.sleep(0.05)
    process.send_signal(number)
    _, said = process.communicate()
    assert process.returncode == code, said
    first, last = said.splitlines()[-2:]
    assert first.startswith(f"stopped by {signal.Signals(number).name}: the state of step ")
    assert last.startswith("continue with: sslse run quickstart --set ")
    assert last.endswith("--out 'a run' --resume")
    step = torch.load(state, weights_only=True)["step"]
    assert f"the state of step {step} of " in first
    assert not (tmp_path / "a run" / "lock").exists()
