"""Loggers get the lines of a run, and cannot stop or change it."""

import json
import sys

import pytest
import torch
from rich.console import Console

from sslse.api import Logger
from sslse.cli.display import PlainDisplay
from sslse.errors import BrokenOffError, RecipeError, RunError, Stopped
from sslse.prepare import prepare
from sslse.recipe import load_recipe
from sslse.registry import discover
from sslse.run import run
from sslse.run_folder import check_folder
from sslse.train.log import read_metrics
from sslse.train.loggers import Loggers

CPU = torch.device("cpu")
PLUGIN = """
from sslse.api import Logger, NonNegativeInt, hookimpl

CALLS = []


class Notebook(Logger):
    def __init__(self, *, page: NonNegativeInt = 1) -> None:
        self.page = page

    def start(self, folder, recipe, step):
        CALLS.append(("start", folder, recipe, step))

    def log(self, line):
        CALLS.append(("log", dict(line)))
        line.clear()

    def scores(self, line):
        CALLS.append(("scores", line))

    def finish(self, summary, status):
        CALLS.append(("finish", summary, status))


class Torn(Notebook):
    def log(self, line):
        raise OSError("no page is left")

    def finish(self, summary, status):
        raise SystemExit(3)


@hookimpl
def sslse_components(add):
    add("logger", "notebook", Notebook, summary="")
    add("logger", "torn", Torn, summary="")
"""


class Said(PlainDisplay):
    def __init__(self):
        super().__init__(Console(quiet=True))
        self.lines = []

    def say(self, text):
        self.lines.append(text)


@pytest.fixture
def plugin(tmp_path):
    path = tmp_path / "notebook.py"
    path.write_text(PLUGIN, encoding="utf-8")
    return path


@pytest.fixture
def start(plugin, tiny_sets, tiny_cache):
    """Run with loggers; return what was said and what the notebook was told."""

    def run_with(folder, *sets, resume=False):
        registry = discover([plugin])
        told = sys.modules["sslse_file_plugin_notebook"].CALLS
        sets = [*tiny_sets, f"data.cache={tiny_cache}", "train.epochs=2", *sets]
        display = Said()
        recipe = load_recipe("quickstart", registry, sets=sets)
        options = {"device": CPU, "display": display, "resume": resume, "plugin_files": [plugin]}
        run(recipe, registry, folder, **options)
        return display.lines, told, recipe

    return run_with


@pytest.mark.training
def test_they_get_every_line_and_the_end(start, tmp_path):
    folder = tmp_path / "run"
    _, told, recipe = start(folder, "loggers=[notebook]", "evaluate.every=1")
    metrics = read_metrics(folder / "metrics.jsonl")
    scores = read_metrics(folder / "scores.jsonl")
    summary = json.loads((folder / "evaluation.json").read_text())
    assert told[0] == ("start", folder, recipe.plain(), 0)
    assert told[-1] == ("finish", summary, "finished")
    lines = [{k: v for k, v in one.items() if k != "warnings"} for one in metrics]
    assert [one[1] for one in told if one[0] == "log"] == lines
    assert [one[1] for one in told if one[0] == "scores"] == scores
    assert len(scores) == 3


@pytest.mark.training
def test_a_faulty_one_is_said_once_and_harms_no_other(start, tmp_path):
    whole, torn = tmp_path / "whole", tmp_path / "torn"
    start(whole)
    said, told, _ = start(torn, "loggers=[torn, {name: notebook, page: 2}]")
    assert [line for line in said if "logger" in line] == [
        "warning: logger 'torn' failed in log: OSError: no page is left"
    ]
    assert told[-1][0] == "finish"
    assert (whole / "evaluation.csv").read_bytes() == (torn / "evaluation.csv").read_bytes()
    assert len(read_metrics(torn / "metrics.jsonl")) == len(read_metrics(whole / "metrics.jsonl"))


class Deaf(Logger):
    def start(self, folder, recipe, step):
        raise ImportError("no package named deaf")

    def log(self, line):
        raise AssertionError("it was not started")


class Ended(Logger):
    def __init__(self):
        self.end = None

    def log(self, line):
        pass

    def finish(self, summary, status):
        self.end = summary, status


def test_one_that_cannot_start_is_left_out(tmp_path):
    said = []
    with Loggers({"deaf": Deaf()}, tmp_path, {}, said.append) as loggers:
        loggers.started(0)
        loggers.logged({"step": 1})
    assert said == [
        "warning: logger 'deaf' failed in start: ImportError: no package named deaf; it is left out"
    ]


@pytest.mark.parametrize(
    ("raised", "status"),
    [
        (Stopped(15, "stopped by SIGTERM"), "stopped"),
        (KeyboardInterrupt(), "stopped"),
        (RunError("the loss is not finite"), "failed"),
        (BrokenOffError("disk full"), "failed"),
    ],
)
def test_the_end_says_how_it_ended(raised, status, tmp_path):
    one = Ended()

    def run_and_raise():
        with Loggers({"one": one}, tmp_path, {}, print) as loggers:
            loggers.started(0)
            raise raised

    with pytest.raises(type(raised)):
        run_and_raise()
    assert one.end == (None, status)


def test_one_that_was_not_started_is_not_ended(tmp_path):
    one = Ended()
    with Loggers({"one": one}, tmp_path, {}, print):
        pass
    assert one.end is None


@pytest.mark.training
def test_a_run_resumes_with_other_loggers(start, tiny, registry, tmp_path):
    folder = tmp_path / "run"
    start(folder, "loggers=[notebook]")
    (folder / "model.safetensors").unlink()
    (folder / "evaluation.json").unlink()
    _, told, _ = start(folder, resume=True)
    assert told == []
    recipe = tiny("train.epochs=2", "loggers=[{name: tensorboard}]", "evaluate.every=2")
    assert check_folder(folder, recipe, registry, resume=True) is recipe
    assert "notebook" in (folder / "recipe.yaml").read_text()


def test_two_of_one_name_are_refused(tiny):
    with pytest.raises(RecipeError, match=r"loggers\[1\]: tensorboard is listed already"):
        tiny("loggers=[tensorboard, tensorboard]")


def test_a_recipe_without_loggers_has_none(tiny, registry):
    assert tiny().plain()["loggers"] == tiny("loggers=[]").plain()["loggers"] == []
    assert prepare(tiny(), registry, CPU, print).loggers == {}
