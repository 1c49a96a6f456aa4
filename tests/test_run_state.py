"""Every state a run directory can be in is told, and no directory stops the list."""

import json
import os
import shutil

import pytest

from sslse.run_lock import LOCK, held, locked
from sslse.run_state import find_runs, is_run, read_state

MEAN = {"noisy": {"si_sdr": 0.0}, "enhanced": {"si_sdr": 7.5}}


@pytest.fixture
def make(tiny, tmp_path):
    """Give a function that writes a run directory by hand."""
    text = tiny("train.epochs=8", "schedule={name: round, period: 2}", "seed=3").to_yaml()

    def run(name, *, epochs=None, model=False, mean=None):
        folder = tmp_path / name
        folder.mkdir(parents=True)
        (folder / "recipe.yaml").write_text(text, encoding="utf-8")
        if epochs is not None:
            lines = [{"step": number, "epoch": number / 2} for number in range(1, 2 * epochs + 1)]
            content = "".join(json.dumps(line) + "\n" for line in lines)
            (folder / "metrics.jsonl").write_text(content, encoding="utf-8")
        if model:
            (folder / "model.safetensors").write_bytes(b"weights")
        if mean is not None:
            summary = {"mean": mean, "metrics": {"si_sdr": {"better": "higher"}}}
            (folder / "evaluation.json").write_text(json.dumps(summary), encoding="utf-8")
        return folder

    return run


def test_a_stopped_run(make):
    state = read_state(make("a", epochs=3))
    assert str(state) == "stopped at epoch 3 of 8"
    assert (state.seed, state.objective, state.schedule) == (3, "byol", "round period=2")
    assert state.metrics == ("si_sdr",)


def test_a_line_cut_short_is_not_counted(make):
    folder = make("a", epochs=3)
    with (folder / "metrics.jsonl").open("a") as file:
        file.write('{"step": 99, "epo')
    assert read_state(folder).epoch == 3


def test_the_end_of_a_long_log_is_found(make):
    folder = make("a")
    line = json.dumps({"step": 1, "epoch": 1.0, "note": "x" * 500}) + "\n"
    last = json.dumps({"step": 2, "epoch": 5.5}) + "\n"
    (folder / "metrics.jsonl").write_text(line * 1000 + last)
    assert str(read_state(folder)) == "stopped at epoch 5.5 of 8"


def test_a_run_that_a_process_writes(make):
    folder = make("a", epochs=3)
    with locked(folder):
        state = read_state(folder)
        assert str(state) == "training at epoch 3 of 8"
        assert state.detail == held(folder)
        assert f"process {os.getpid()} on " in state.detail
        (folder / "model.safetensors").write_bytes(b"weights")
        assert str(read_state(folder)) == "evaluating"
    assert held(folder) is None
    assert str(read_state(folder)) == "trained"


def test_a_run_that_is_only_starting(tmp_path):
    with locked(tmp_path / "a"):
        assert str(read_state(tmp_path / "a")) == "starting"
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / LOCK).write_text("")
    assert str(read_state(tmp_path / "b")) == "stopped"


def test_a_lock_left_behind_holds_nothing(make):
    folder = make("a", epochs=1)
    (folder / LOCK).write_text(json.dumps({"process": os.getpid(), "host": "elsewhere"}))
    assert str(read_state(folder)) == "stopped at epoch 1 of 8"


def test_an_evaluated_run(make):
    state = read_state(make("a", epochs=8, model=True, mean=MEAN))
    assert str(state) == "evaluated"
    assert state.score("enhanced", "si_sdr") == 7.5
    assert state.better == {"si_sdr": "higher"}


def test_a_mean_without_score(make):
    mean = {"noisy": {"si_sdr": None}, "enhanced": {"si_sdr": None}}
    state = read_state(make("a", epochs=8, model=True, mean=mean))
    assert str(state) == "evaluated"
    assert state.score("enhanced", "si_sdr") != state.score("enhanced", "si_sdr")


@pytest.mark.parametrize(
    ("file", "content", "words"),
    [
        ("recipe.yaml", None, "recipe.yaml: cannot be read: No such file or directory"),
        ("recipe.yaml", b"", "recipe.yaml: the file is empty"),
        ("recipe.yaml", b"\xff\xfe", "recipe.yaml:1: is not UTF-8 text"),
        ("recipe.yaml", b"name: a\n", "has no entry"),
        ("recipe.yaml", b"name: [a]\nseed: x\nevaluate: 3\n", ""),
        ("evaluation.json", b"{", "Expecting property name"),
        ("evaluation.json", b"[]", ""),
        ("evaluation.json", b"[" * 100_000, ""),
        ("evaluation.json", b'{"mean": {"noisy": {"si_sdr": "much"}}}', "could not convert"),
        ("model.safetensors", None, "model.safetensors: no such file"),
    ],
)
def test_a_damaged_run_is_told_in_a_line(make, file, content, words):
    folder = make("a", epochs=8, model=True, mean=MEAN)
    (folder / file).unlink()
    if content is not None:
        (folder / file).write_bytes(content)
    state = read_state(folder)
    assert state.word == "damaged"
    assert str(state).startswith("damaged: ")
    assert words in state.detail
    assert "\n" not in str(state)


def test_runs_are_found_below_and_not_within_runs(make, tmp_path):
    first, second = make("sweep/b", epochs=1), make("a", epochs=1)
    shutil.copytree(first, first / "resume" / "inner")
    (tmp_path / ".hidden").mkdir()
    (tmp_path / ".hidden" / "recipe.yaml").write_text("")
    (tmp_path / "notes").mkdir()
    assert list(find_runs(tmp_path)) == [second, first]
    assert list(find_runs(first)) == [first]
    assert not is_run(tmp_path / "notes")
    assert list(find_runs(tmp_path / "nowhere")) == []
