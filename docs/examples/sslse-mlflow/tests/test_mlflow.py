"""Runs in MLflow: what is there, and what a killed run leaves."""

import importlib.util

import pytest
from mlflow import MlflowClient
from sslse_mlflow.logger import MLflow

from sslse.api import OptionError
from sslse.testing import check_logger

RECIPE = {
    "name": "byol",
    "objective": {"name": "byol", "tau": 0.99},
    "augmentations": [{"name": "add_noise"}],
    "train": {"clip_norm": None},
}
SUMMARY = {"mean": {"noisy": {"si_sdr": 0.0}, "enhanced": {"si_sdr": 7.5, "stoi": None}}}


def line(step, **figures):
    return {"step": step, "epoch": step / 2, "seconds": 1.0, **figures}


def scored(step, score):
    return line(step, failed=0) | {"score/si_sdr": score}


def found(folder):
    """Return the only run of a folder and its metrics by name: steps and values."""
    client = MlflowClient(f"sqlite:///{folder / 'mlflow' / 'mlflow.db'}")
    experiment = client.get_experiment_by_name("sslse")
    (run,) = client.search_runs([experiment.experiment_id])
    histories = {
        name: client.get_metric_history(run.info.run_id, name) for name in run.data.metrics
    }
    return run, {name: [(one.step, one.value) for one in all_] for name, all_ in histories.items()}


def test_it_keeps_the_contract():
    check_logger("mlflow")


def test_figures_scores_recipe_and_end_are_there(tmp_path):
    logger = MLflow()
    logger.start(tmp_path, RECIPE, 0)
    logger.scores(scored(0, None))
    logger.log(line(2, loss=1.5, warnings={"latent/std": "collapsed"}))
    logger.scores(scored(2, -3.5))
    logger.log(line(4, loss=float("nan"), cl=-0.5))
    logger.finish(SUMMARY, "finished")
    run, metrics = found(tmp_path)
    assert run.info.run_name == "byol"
    assert run.info.status == "FINISHED"
    assert run.data.params == {
        "name": "byol",
        "objective.name": "byol",
        "objective.tau": "0.99",
        "augmentations": "[{'name': 'add_noise'}]",
        "train.clip_norm": "None",
    }
    assert metrics["epoch"] == [(2, 1.0), (4, 2.0)]
    assert metrics["loss"] == [(2, 1.5)]
    assert metrics["cl"] == [(4, -0.5)]
    assert metrics["score/si_sdr"] == [(2, -3.5)]
    assert metrics["test/si_sdr"] == [(0, 7.5)]
    assert not {"step", "warnings", "test/stoi"} & set(metrics)


@pytest.mark.parametrize(("status", "theirs"), [("stopped", "KILLED"), ("failed", "FAILED")])
def test_a_resumed_run_goes_on_where_it_was(status, theirs, tmp_path):
    first = MLflow()
    first.start(tmp_path, RECIPE, 0)
    first.scores(scored(0, 0.0))
    for step in (2, 4, 6):
        first.log(line(step, loss=float(step)))
    first.finish(None, status)
    assert found(tmp_path)[0].info.status == theirs
    second = MLflow()
    second.start(tmp_path, RECIPE, 4)
    assert found(tmp_path)[0].info.status == "RUNNING"
    second.scores(scored(4, 1.0))
    for step in (6, 8):
        second.log(line(step, loss=float(step)))
    second.finish(SUMMARY, "finished")
    run, metrics = found(tmp_path)
    assert run.info.status == "FINISHED"
    assert metrics["loss"] == [(step, step) for step in (2, 4, 6, 8)]
    assert metrics["score/si_sdr"] == [(0, 0.0), (4, 1.0)]


def test_without_the_package_it_is_refused(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(OptionError, match="pip install mlflow"):
        MLflow()
