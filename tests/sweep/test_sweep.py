"""``sslse sweep`` from the command line to the comparison, with real runs."""

import json
import shlex
import signal
import subprocess
import sys
import time

import pytest
from click.testing import CliRunner

from sslse.cli import main
from sslse.run_state import read_state
from sslse.sweep import running

FAILING = '''
"""Train well, or fail after the first step."""
from sslse.api import Objective, Outcome, hookimpl


class Failing(Objective):
    """Fail where asked to."""

    def __init__(self, *, fail: bool = False) -> None:
        super().__init__()
        self.fail = fail

    def forward(self, encoder, views, progress):
        if self.fail and progress.step:
            raise ZeroDivisionError("as asked")
        return Outcome(views.latent.square().mean())


@hookimpl
def sslse_components(add):
    add("objective", "failing", Failing, summary="Fails")
'''


@pytest.fixture
def here(monkeypatch, start_here):
    monkeypatch.setattr(running, "start", start_here)


@pytest.fixture
def sweep(tiny_cache, tmp_path, monkeypatch, tiny_sets):
    """Call ``sslse sweep quickstart`` with tiny settings, in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SSLSE_CACHE", str(tiny_cache))

    def call(*arguments, recipe="quickstart", tiny=True):
        given = {"train.checkpoint_seconds", *(text.partition("=")[0] for text in arguments)}
        kept = [text for text in tiny_sets if tiny and text.partition("=")[0] not in given]
        sets = [part for text in kept for part in ("--set", text)]
        return CliRunner().invoke(main, ["sweep", recipe, *sets, "--device", "cpu", *arguments])

    return call


@pytest.mark.training
def test_a_failing_run_stops_no_other_and_is_tried_again(sweep, here, tmp_path):
    (tmp_path / "failing.py").write_text(FAILING)
    chosen = ["--plugin", "failing.py", "--set", "objective=failing"]
    grid = [*chosen, "--set", "objective.fail=true,false", "--out", "s"]
    result = sweep(*grid)
    assert result.exit_code == 1, result.output
    failing, working = (tmp_path / "s" / f"quickstart,fail={x},seed=0" for x in ("true", "false"))
    assert (read_state(failing).word, read_state(working).word) == ("stopped", "evaluated")
    assert "1 of 2 runs failed; the same command tries them again:" in result.output
    assert f"{failing.name}: exit code 1: as asked (all it said: s/logs/{failing.name}.log)" in (
        result.output
    )
    assert "quickstart,fail=false" in (tmp_path / "s" / "comparison.md").read_text()
    again = sweep(*grid)
    assert again.exit_code == 1
    assert "1 of 2 runs are evaluated already" in again.output
    assert f"{failing.name}: goes on" in again.output
    one = sweep("--task", "1", recipe="s", tiny=False)
    assert one.exit_code == 0, one.output
    assert "1 of 1 runs are evaluated already" in one.output
    failed = sweep("--task", "0", recipe="s", tiny=False)
    assert failed.exit_code == 1


def test_every_fault_is_told_before_a_run_starts(sweep, tmp_path):
    result = sweep("--set", "objective.tau=0.9,7", "--set", "evaluate.samples=5000,8192")
    assert result.exit_code == 2
    assert "objective.tau: takes" in result.output
    assert "runs" not in {one.name for one in tmp_path.iterdir()}
    result = sweep("--set", "evaluate.samples=8190,8192")
    assert result.exit_code == 2
    assert result.output.splitlines()[-1].startswith("quickstart,samples=8190,seed=0: ")
    assert "must be multiples of the encoder's" in result.output
    assert "runs" not in {one.name for one in tmp_path.iterdir()}


def test_a_dry_run_lists_and_writes_nothing(sweep, tmp_path, monkeypatch):
    monkeypatch.setattr("sslse.sweep.rehearsal.estimate_seconds", lambda _: 30.0)
    result = sweep("--set", "objective.tau=0.9,0.99", "--dry-run")
    assert result.exit_code == 0, result.output
    assert "quickstart_sweep: 2 runs; training takes about 1 min on this CPU" in result.output
    assert result.output.endswith(
        "0  quickstart,tau=0.9,seed=0  not started\n1  quickstart,tau=0.99,seed=0  not started\n"
    )
    assert list(tmp_path.iterdir()) == []


def test_a_changed_recipe_is_refused_before_anything_runs(sweep, here, tmp_path):
    assert sweep("--out", "s").exit_code == 0
    result = sweep("--out", "s", "--set", "objective.tau=0.5")
    assert result.exit_code == 2
    assert "cannot be resumed with another recipe; it differs in" in result.output
    assert "objective.tau: 0.99 before, 0.5 now" in result.output
    planned = sweep("--set", "objective.tau=0.5", recipe="s", tiny=False)
    assert planned.exit_code == 2
    assert "s is planned already; --set, --data, --seeds, --out and --plugin go with a recipe" in (
        planned.output
    )
    assert sweep("--task", "0").exit_code == 2


@pytest.mark.processes
def test_the_slurm_script_runs_the_tasks_of_the_plan(sweep, here, tmp_path):
    result = sweep("--seeds", "2", "--out", "s", "--slurm", "array.sh")
    assert result.exit_code == 0, result.output
    assert "array.sh: submit it with: sbatch array.sh" in result.output
    text = (tmp_path / "array.sh").read_text()
    assert "#SBATCH --array=0-1\n" in text
    assert not list((tmp_path / "s").glob("quick*"))
    words = shlex.split(text.splitlines()[-1])
    assert words[1:] == [sys.executable, "-m", "sslse", "sweep", str(tmp_path / "s"), *words[-2:]]
    for task in ("1", "0"):
        ended = CliRunner().invoke(main, [*words[4:-1], task])
        assert ended.exit_code == 0, ended.output
    assert {read_state(one).word for one in (tmp_path / "s").glob("quick*")} == {"evaluated"}
    ended = sweep(recipe="s", tiny=False)
    assert ended.exit_code == 0, ended.output
    comparison = json.loads((tmp_path / "s" / "comparison.json").read_text())
    (run,) = [one for one in comparison["rows"] if one["kind"] == "run"]
    assert (run["label"], run["seeds"]) == ("quickstart", [0, 1])


@pytest.mark.processes
def test_a_killed_sweep_goes_on_and_ends_in_the_same_numbers(sweep, here, tmp_path, tiny_sets):
    """Killed with SIGKILL, it leaves the run in progress behind, which is waited for."""
    sets = [text for text in tiny_sets if "epochs" not in text]
    sets += ["train.epochs=20", "evaluate.baselines=[]"]
    options = [*(part for text in sets for part in ("--set", text)), "--device", "cpu"]
    command = [sys.executable, "-m", "sslse", "sweep", "quickstart", *options, "--out", "cut"]
    process = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.DEVNULL)
    run = tmp_path / "cut" / "quickstart,seed=0"
    while not (run / "resume" / "state.pt").is_file():
        assert process.poll() is None
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    result = CliRunner().invoke(main, ["sweep", "quickstart", *options, "--out", "cut"])
    assert result.exit_code == 0, result.output
    assert (tmp_path / "cut" / "comparison.csv").is_file()
    whole = CliRunner().invoke(main, ["run", "quickstart", *options, "--out", "whole"])
    assert whole.exit_code == 0, whole.output
    for name in ("evaluation.json", "evaluation.csv", "model.safetensors"):
        cut, undisturbed = (folder / name for folder in (run, tmp_path / "whole"))
        assert cut.read_bytes() == undisturbed.read_bytes(), name
