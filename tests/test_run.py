import csv
import json
import os
import signal
import subprocess
import sys

import pytest
import yaml
from click.testing import CliRunner
from safetensors import safe_open

from sslse.cli import main
from sslse.evaluate.named import run_of
from sslse.run_lock import locked

KILLED = """
import os, signal
from sslse.cli import main
from sslse.train import trainer
save = trainer.save_state
def save_and_die(*arguments):
    save(*arguments)
    os.kill(os.getpid(), signal.SIGKILL)
trainer.save_state = save_and_die
main()
"""
SCORED = "evaluation.json"


@pytest.fixture
def sslse(tiny_cache, tmp_path, monkeypatch, tiny_sets):
    """Run the command line on the tiny recipe, in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SSLSE_CACHE", str(tiny_cache))

    def call(*arguments, tiny=True, epochs=4):
        chosen = [*tiny_sets, f"train.epochs={epochs}"] if tiny else []
        sets = [part for text in chosen for part in ("--set", text)]
        return CliRunner().invoke(main, [*arguments, *sets])

    return call


def test_a_run_leaves_everything_in_its_directory(sslse, tmp_path):
    result = sslse("run", "quickstart")
    assert result.exit_code == 0, result.output
    folder = tmp_path / "runs" / "quickstart"
    names = {one.name for one in folder.iterdir()}
    assert {
        "recipe.yaml",
        "provenance.json",
        "metrics.jsonl",
        "model.safetensors",
        "resume",
        "evaluation.json",
        "evaluation.csv",
        "examples",
    } <= names
    assert not [name for name in names if "partial" in name]
    recipe = yaml.safe_load((folder / "recipe.yaml").read_text())
    assert recipe["objective"] == {"name": "byol", "tau": 0.99, "over": "frame"}
    assert recipe["train"]["epochs"] == 4
    with safe_open(folder / "model.safetensors", framework="pt") as file:
        about = json.loads(file.metadata()["sslse"])
        assert about["recipe"] == (folder / "recipe.yaml").read_text()
        parts = {name.partition(".")[0] for name in file.keys()}  # noqa: SIM118
    assert parts == {"encoder", "decoder", "gain"}
    provenance = json.loads((folder / "provenance.json").read_text())
    assert provenance["components"]["objective byol"].startswith("byol (sslse ")
    assert provenance["packages"]["torch"]
    summary = json.loads((folder / "evaluation.json").read_text())
    assert summary["counts"]["mixtures"] == 2
    assert summary["contract"]["si_sdr"]["zero_mean"] is True
    with (folder / "evaluation.csv").open(newline="") as file:
        values = [float(line["si_sdr_noisy"]) for line in csv.DictReader(file)]
    assert sum(values) / 2 == pytest.approx(summary["mean"]["noisy"]["si_sdr"])
    assert f"{summary['mean']['enhanced']['si_sdr']:.3f}" in result.output
    assert "evaluation.json" in result.output


@pytest.mark.training
def test_a_run_that_has_ended_is_trained_longer(sslse, tmp_path):
    method = ("--set", "objective=normal", "--set", "schedule=se", "--set", "train.decay=none")
    run = ("run", "quickstart", *method, "--out")
    assert sslse(*run, "long", epochs=2).exit_code == 0
    assert sslse(*run, "a", epochs=1).exit_code == 0
    other = ("--set", "evaluate.snr_db=[5]", "-o", "louder")
    assert sslse("evaluate", "a", *other, tiny=False).exit_code == 0
    short = {
        one: (tmp_path / "a" / one).read_bytes()
        for one in ("model.safetensors", "recipe.yaml", SCORED)
    }
    (tmp_path / "a" / "probe.json").write_text("{}")
    refused = sslse(*run, "a", "--resume", "--set", "data.speech.content=noise", epochs=2)
    assert refused.exit_code == 2
    assert (tmp_path / "a" / "model.safetensors").is_file()  # whatever is wrong, nothing is moved
    result = sslse(*run, "a", "--resume", epochs=2)
    assert result.exit_code == 0, result.output
    assert "train.epochs: 1 before, 2 now" in result.output
    for name in ("model.safetensors", SCORED, "recipe.yaml"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "long" / name).read_bytes()
    kept = tmp_path / "a" / "evaluations" / "epochs=1"
    assert {one: (kept / one).read_bytes() for one in short} == short
    assert (kept / "probe.json").is_file()
    assert not (tmp_path / "a" / "probe.json").exists()
    assert run_of(kept) == kept
    assert (kept.parent / "louder,epochs=1" / SCORED).is_file()
    assert json.loads((tmp_path / "a" / "provenance.json").read_text())["epochs_before"] == [1]
    shorter = sslse(*run, "a", "--resume", epochs=1)
    assert shorter.exit_code == 2
    assert "train.epochs: 2 before, 1 now" in shorter.output


def test_a_rate_that_a_metric_does_not_take_is_refused_before_data_is_opened(sslse, tmp_path):
    """The cache is a file: whatever looks into it before the metrics' rates fails otherwise."""
    (tmp_path / "cache").write_text("")
    for command in ("check", "run"):
        result = sslse(
            command,
            "quickstart",
            *("--set", "data.sample_rate=22050", "--set", "data.cache=cache"),
            *("--set", "preset=small", "--set", "evaluate.metrics=[pesq_nb]"),
            tiny=False,
        )
        assert result.exit_code == 2
        assert "pesq_nb works at 8000 or 16000 Hz, not at data.sample_rate (22050)" in result.output


def test_a_run_is_never_overwritten_but_resumed_and_evaluated_again(sslse, tmp_path):
    assert sslse("run", "quickstart", "--out", "a").exit_code == 0
    before = (tmp_path / "a" / "model.safetensors").read_bytes()
    again = sslse("run", "quickstart", "--out", "a")
    assert again.exit_code == 2
    assert "a: exists already and is never overwritten; continue it with --resume, or choose" in (
        again.output
    )
    resumed = sslse("run", "quickstart", "--out", "a", "--resume")
    assert resumed.exit_code == 0
    assert "trained and evaluated already" in resumed.output
    other = sslse("run", "quickstart", "--out", "a", "--resume", "--set", "objective.tau=0.5")
    assert other.exit_code == 2
    assert "objective.tau: 0.99 before, 0.5 now" in other.output
    first = (tmp_path / "a" / "evaluation.json").read_text()
    (tmp_path / "a" / "evaluation.json").unlink()
    evaluated = sslse("evaluate", "a", tiny=False)
    assert evaluated.exit_code == 0, evaluated.output
    assert (tmp_path / "a" / "evaluation.json").read_text() == first
    assert (tmp_path / "a" / "model.safetensors").read_bytes() == before


@pytest.mark.processes
def test_a_killed_process_resumes_to_the_very_same_files(sslse, tmp_path, tiny_sets):
    sets = [part for text in tiny_sets for part in ("--set", text)]
    command = [sys.executable, "-c", KILLED, "run", "quickstart", *sets, "--out", "cut"]
    ended = subprocess.run(command, cwd=tmp_path, stdout=subprocess.DEVNULL, check=False)
    assert ended.returncode == -signal.SIGKILL
    assert (tmp_path / "cut" / "resume" / "state.pt").is_file()
    assert not (tmp_path / "cut" / "model.safetensors").exists()
    resumed = sslse("run", "quickstart", "--out", "cut", "--resume")
    assert resumed.exit_code == 0, resumed.output
    whole = sslse("run", "quickstart", "--out", "whole")
    assert whole.exit_code == 0
    for name in ("evaluation.json", "evaluation.csv", "model.safetensors"):
        cut_bytes = (tmp_path / "cut" / name).read_bytes()
        assert cut_bytes == (tmp_path / "whole" / name).read_bytes(), name


@pytest.mark.training
def test_what_changes_no_number_may_change_on_resume(sslse, tmp_path):
    assert sslse("run", "quickstart", "--out", "c").exit_code == 0
    resumed = sslse("run", "quickstart", "--out", "c", "--resume", "--set", "evaluate.workers=2")
    assert resumed.exit_code == 0, resumed.output


def test_a_folder_that_cannot_be_written_is_named(sslse, tmp_path):
    (tmp_path / "file").write_text("not a folder")
    result = sslse("run", "quickstart", "--out", "file/run")
    assert result.exit_code == 2
    assert result.output.splitlines()[-1].endswith("file/run: not a directory")


@pytest.mark.training
def test_evaluate_says_what_is_missing(sslse, tmp_path):
    result = sslse("evaluate", "nowhere", tiny=False)
    assert result.exit_code == 2
    assert "nowhere: no such model (possible: a run directory, a bundle, " in result.output
    assert sslse("run", "quickstart", "--out", "b").exit_code == 0
    (tmp_path / "b" / "model.safetensors").unlink()
    result = sslse("evaluate", "b", tiny=False)
    assert "b: has no model.safetensors: it is not trained to its end" in result.output


@pytest.mark.parametrize(
    ("device", "message"),
    [
        ("gpu", "--device gpu: unknown device; possible: auto, cpu, cuda, cuda:N"),
        ("cuda:99", "--device cuda:99: this machine has"),
        ("cuda:x", "--device cuda:x: 'x' is not a number"),
    ],
)
def test_a_device_that_does_not_exist_is_refused(sslse, device, message):
    result = sslse("run", "quickstart", "--device", device)
    assert result.exit_code == 2
    assert message in result.output


def test_check_builds_everything_and_trains_nothing(sslse, tmp_path):
    result = sslse("check", "quickstart")
    assert result.exit_code == 0, result.output
    assert "train: 90 utterances" in result.output
    assert "test: 30 utterances" in result.output
    assert "epochs 1-4: CL x 1, SE x 0.1" in result.output
    assert not (tmp_path / "runs").exists()


def test_low_data_swaps_the_parts(sslse):
    result = sslse("check", "low_data_byol")
    assert "train: 30 utterances" in result.output
    assert "test: 90 utterances" in result.output


def test_two_runs_in_one_directory_are_refused(sslse, tmp_path):
    with locked(tmp_path / "a"):
        result = sslse("run", "quickstart", "--out", "a")
    assert result.exit_code == 2
    assert f"a: another run writes here (process {os.getpid()} on " in result.output
    assert not (tmp_path / "a").exists()


@pytest.mark.training
def test_a_run_is_not_resumed_with_other_recordings(sslse, tmp_path):
    assert sslse("run", "quickstart", "--out", "a").exit_code == 0
    path = tmp_path / "a" / "material.json"
    before = json.loads(path.read_text())
    assert before["train_speech"]["recordings"] == 90
    before["train_speech"] |= {"recordings": 91, "seconds": 500.0, "digest": "00"}
    path.write_text(json.dumps(before))
    result = sslse("run", "quickstart", "--out", "a", "--resume")
    assert result.exit_code == 2
    assert "a: cannot be resumed: train_speech is not what it was: 91 recordings of 500.0 s" in (
        result.output
    )


def test_what_the_machine_does_has_its_own_exit_code(sslse, tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device", "a/resume/state.pt")

    monkeypatch.setattr("sslse.train.trainer.save_state", full)
    result = sslse("run", "quickstart", "--out", "a")
    assert result.exit_code == 75
    first, last = result.output.splitlines()[-2:]
    assert first == "a/resume/state.pt: no space left on device; no state is saved yet"
    assert last.startswith("continue with: sslse run quickstart --out a --set encoder.dim=8 ")
    assert last.endswith(" --resume")


@pytest.mark.training
def test_a_start_cut_short_is_no_run_yet(sslse, tmp_path):
    (tmp_path / "a").mkdir()
    for name in ("recipe.yaml.partial", "lock"):
        (tmp_path / "a" / name).write_text("")
    assert sslse("run", "quickstart", "--out", "a", epochs=1).exit_code == 0
