"""Scores during training: they change nothing, and no kill loses or doubles a line."""

import csv
import json
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from sslse.evaluate.mixtures import plan_mixtures
from sslse.evaluate.scoring import Scorer
from sslse.prepare import prepare
from sslse.recipe import load_recipe
from sslse.registry import discover
from sslse.run import run
from sslse.train.log import read_metrics
from sslse.train.observer import NOBODY
from sslse.train.scores import Scoring, of_few_utterances

CPU = torch.device("cpu")
EVERY = ("evaluate.every=2", "evaluate.utterances=3", "evaluate.snr_db=[0, 5]")


class KilledError(Exception):
    pass


def killing(at):
    def watch(line):
        if line["step"] == at:
            raise KilledError

    return watch


@pytest.fixture
def train(registry, tiny):
    """Train with scoring; return the trainer and what was said."""

    def with_scores(folder, *sets, kill_at=None, scored=True, **options):
        recipe, said = tiny(*EVERY, *sets), []
        folder.mkdir(exist_ok=True)
        prepared = prepare(recipe, registry, CPU, print)
        with Scoring(
            prepared.trainer, prepared.material, recipe, folder, say=said.append, **options
        ) as scoring:
            observer = scoring if scored else NOBODY
            prepared.trainer.run(folder, killing(kill_at), said.append, observer)
        return prepared, said

    return with_scores


def lines(folder, *, times=False):
    return [
        {name: value for name, value in line.items() if times or name != "seconds"}
        for line in read_metrics(folder / "scores.jsonl")
    ]


def test_training_is_the_same_to_the_bit(train, tmp_path):
    with_, without = tmp_path / "with", tmp_path / "without"
    first, _ = train(with_, "train.epochs=2", "evaluate.every=1")
    second, _ = train(without, "train.epochs=2", scored=False)
    assert not (without / "scores.jsonl").exists()
    expected = second.trainer.model.state_dict()
    for name, value in first.trainer.model.state_dict().items():
        assert torch.equal(value, expected[name]), name
    timed = ("seconds", "pairs_per_second")
    logged = [
        [{k: v for k, v in one.items() if k not in timed} for one in read_metrics(path)]
        for path in (with_ / "metrics.jsonl", without / "metrics.jsonl")
    ]
    assert logged[0] == logged[1]
    assert all(module.training for module in first.trainer.model.modules())


def test_lines_stand_at_the_start_at_every_other_epoch_and_at_the_end(train, tmp_path):
    train(tmp_path, "train.epochs=3")
    found = lines(tmp_path, times=True)
    assert [(one["step"], one["epoch"]) for one in found] == [(0, 0), (6, 2), (9, 3)]
    assert found[0]["seconds"] < found[1]["seconds"] < found[2]["seconds"]
    assert set(found[0]) == {"step", "epoch", "seconds", "score/si_sdr", "failed"}
    assert {one["failed"] for one in found} == {0}
    assert not list((tmp_path / "resume" / "unscored").iterdir())


class Silent:
    """A display."""

    def say(self, text):
        pass

    training = evaluating = lambda *_: None


@pytest.mark.training
def test_the_last_line_is_the_evaluation_of_its_mixtures(registry, tiny, tmp_path):
    recipe = tiny(*EVERY, "train.epochs=1", "evaluate.every_utterances=1")
    run(recipe, registry, tmp_path, device=CPU, display=Silent())
    with (tmp_path / "evaluation.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    first = [float(one["si_sdr_enhanced"]) for one in rows if one["speech"] == rows[0]["speech"]]
    assert len(first) == 2 < len(rows)
    last = lines(tmp_path)[-1]
    assert last["score/si_sdr"] == pytest.approx(np.mean(first), abs=1e-4)


@pytest.mark.training
def test_no_kill_loses_or_doubles_a_line(train, tmp_path):
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    train(whole)
    for at in (2, 4, 6, 6, 8, 10, 12):
        with pytest.raises(KilledError):
            train(killed, kill_at=at)
    train(killed)
    assert lines(killed) == lines(whole)
    assert [one["step"] for one in lines(whole)] == [0, 6, 12]
    assert not list((killed / "resume" / "unscored").iterdir())


class Waiting:
    """A scorer that has not finished when the run is killed."""

    def __init__(self, *_, **__):
        pass

    def submit(self, *_):
        return Future()

    def close(self):
        pass


@pytest.mark.training
def test_what_was_not_scored_when_it_was_killed_is_scored_then(train, tmp_path, monkeypatch):
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    train(whole)
    with monkeypatch.context() as patched:
        patched.setattr("sslse.train.scores.Scorer", Waiting)
        with pytest.raises(KilledError):
            train(killed, kill_at=8)
    assert lines(killed) == []
    waiting = sorted((killed / "resume" / "unscored").iterdir())
    assert [one.stem for one in waiting] == ["0", "6"]
    waiting[0].write_bytes(waiting[0].read_bytes()[:-9])  # and a damaged one is left out
    (killed / "resume" / "unscored" / "9.safetensors").write_bytes(b"of a step to come again")
    train(killed)
    assert lines(killed) == lines(whole)[1:]


@pytest.mark.training
def test_a_line_cut_short_is_written_again(train, tmp_path):
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    train(whole)
    with pytest.raises(KilledError):
        train(killed, kill_at=8)
    path = killed / "scores.jsonl"
    path.write_bytes(path.read_bytes()[:-5])
    train(killed)
    assert lines(killed) == lines(whole)


METRIC = """
import numpy as np
from sslse.api import Metric, hookimpl


class Picky(Metric):
    def score(self, clean, estimate, noisy, sample_rate):
        if np.mean(noisy**2) < 2.5 * np.mean(clean**2):
            raise ValueError("too easy")
        return 1.0

    def contract(self):
        return {}


class Never(Picky):
    def score(self, clean, estimate, noisy, sample_rate):
        raise ValueError("never")


@hookimpl
def sslse_components(add):
    add("metric", "picky", Picky, summary="")
    add("metric", "never", Never, summary="")
"""


@pytest.mark.training
def test_failed_scores_are_counted(tiny_sets, tiny_cache, tmp_path):
    plugin = tmp_path / "picky.py"
    plugin.write_text(METRIC, encoding="utf-8")
    registry = discover([plugin])
    sets = ("train.epochs=1", "evaluate.metrics=[picky, never, si_sdr]", "evaluate.snr_db=[-3, 9]")
    sets = [*tiny_sets, f"data.cache={tiny_cache}", "evaluate.every=1", *sets]
    recipe = load_recipe("quickstart", registry, sets=sets)
    folder = tmp_path / "run"
    run(recipe, registry, folder, device=CPU, display=Silent(), plugin_files=[plugin])
    for line in lines(folder):
        assert (line["score/picky"], line["score/never"]) == (1.0, None)
        assert np.isfinite(line["score/si_sdr"])
        assert line["failed"] == 2 + 4


class Dying(Scorer):
    """A scorer whose first processes die."""

    deaths = 0

    def submit(self, *arguments):
        if Dying.deaths > 0:
            Dying.deaths -= 1
            broken = Future()
            broken.set_exception(BrokenProcessPool("a process died"))
            return broken
        return super().submit(*arguments)


@pytest.mark.processes
@pytest.mark.parametrize(("deaths", "lost"), [(1, 0), (7, 1)])
def test_a_dead_worker_costs_a_step_at_most(deaths, lost, train, tmp_path, monkeypatch):
    monkeypatch.setattr("sslse.train.scores.Scorer", Dying)
    monkeypatch.setattr(Dying, "deaths", deaths)
    _, said = train(tmp_path, "train.epochs=2")
    found = lines(tmp_path)
    assert [one["step"] for one in found] == [0, 6]
    assert [one["score/si_sdr"] is None for one in found] == [bool(lost), False]
    assert found[0]["failed"] == 6 * lost
    warning = "warning: a process that scored step 0 died, and again; the scores of this step are"
    assert [text for text in said if text.startswith("warning")] == [f"{warning} left out"] * lost


@pytest.mark.processes
def test_workers_in_the_background_give_the_same(train, tmp_path):
    here, there = tmp_path / "here", tmp_path / "there"
    train(here, "train.epochs=2")
    train(there, "train.epochs=2", "evaluate.workers=null", "evaluate.metrics=[si_sdr, pesq_nb]")
    found = lines(there)
    assert [one["score/si_sdr"] for one in found] == [one["score/si_sdr"] for one in lines(here)]
    assert all(1 <= one["score/pesq_nb"] <= 4.6 for one in found)


def test_ranks_other_than_the_first_score_nothing(train, tmp_path, monkeypatch):
    monkeypatch.setenv("RANK", "1")
    monkeypatch.setenv("WORLD_SIZE", "2")
    train(tmp_path, "train.epochs=1")
    assert not (tmp_path / "scores.jsonl").exists()


def test_lines_are_told_and_said(train, tmp_path):
    told = []
    _, said = train(tmp_path, tell=told.append)
    assert told == read_metrics(tmp_path / "scores.jsonl")
    words = [f"scores at epoch {one['epoch']:g}: si_sdr {one['score/si_sdr']:.3f}" for one in told]
    assert [text for text in said if text.startswith("scores")] == words


@pytest.mark.parametrize(("used", "few"), [("null", 3), ("4", 2), ("2", 20)])
def test_the_mixtures_are_some_of_the_evaluations(used, few, registry, tiny):
    sets = (f"evaluate.utterances={used}", f"evaluate.every_utterances={few}")
    recipe = tiny(*EVERY, *sets)
    material = prepare(recipe, registry, CPU, print).material
    test = material.test_speech, material.test_noise
    plan = plan_mixtures(*test, recipe.evaluate)
    chosen = plan_mixtures(*test, of_few_utterances(recipe.evaluate))
    assert set(chosen) <= set(plan)
    assert len(chosen) == 2 * min(few, len(plan) // 2)


def test_a_network_that_changes_in_use_is_left_as_it_is(train, tmp_path, monkeypatch):
    class Counting(nn.Module):
        def __init__(self, inner):
            super().__init__()
            self.inner = inner
            self.dim, self.stride = inner.dim, inner.stride
            self.register_buffer("calls", torch.zeros(()))

        def forward(self, wave):
            self.calls += not self.training
            return self.inner(wave)

    encoders = []

    def build(recipe, registry, build=prepare.__globals__["build_step"]):
        step = build(recipe, registry)
        step.encoder = Counting(step.encoder)
        encoders.append(step.encoder)
        return step

    monkeypatch.setitem(prepare.__globals__, "build_step", build)
    train(tmp_path, "train.epochs=1", "evaluate.every=1", "objective=normal", "schedule=se")
    assert json.loads((tmp_path / "scores.jsonl").read_text().splitlines()[-1])["step"] == 3
    assert [float(one.calls) for one in encoders] == [0.0]


WORKING = """
import sys
import numpy as np
from sslse.evaluate.scoring import Scorer

if __name__ == "__main__":
    scorer = Scorer([("si_sdr", {})], 16000, workers=1, background=True)
    wave = np.ones(800, np.float32)
    scores = scorer.submit(wave, np.stack([wave, wave]), [[], ["si_sdr"]])
    print(*[one.pid for one in scorer._pool._processes.values()], flush=True)
    scores.result()
    print("scored", flush=True)
    sys.stdin.read()
"""


def is_alive(process):
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    state = Path(f"/proc/{process}/stat")
    return not state.exists() or state.read_text().rpartition(")")[2].split()[0] != "Z"


@pytest.mark.processes
@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs SIGKILL")
def test_workers_ignore_ctrl_c_and_end_with_a_killed_run(tmp_path):
    script = tmp_path / "working.py"
    script.write_text(WORKING, encoding="utf-8")
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen([sys.executable, script], **pipes) as run:
        worker = int(run.stdout.readline())
        os.kill(worker, signal.SIGINT)  # while it starts
        assert run.stdout.readline() == "scored\n"
        os.kill(worker, signal.SIGINT)
        time.sleep(0.3)
        assert is_alive(worker)
        assert os.getpriority(os.PRIO_PROCESS, worker) > os.getpriority(os.PRIO_PROCESS, run.pid)
        run.kill()
        while is_alive(worker):
            time.sleep(0.05)
