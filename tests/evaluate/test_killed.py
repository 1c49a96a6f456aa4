"""An evaluation that is killed, by the command line."""

import shutil
import signal
import subprocess
import sys

import pytest
from click.testing import CliRunner

from sslse.cli import main
from sslse.evaluate.known_scores import FOLDER
from sslse.evaluate.unfinished import FILE

pytestmark = pytest.mark.processes

SETS = ("train.epochs=1", "evaluate.utterances=8", "evaluate.snr_db=[0]")
METRICS = ("evaluate.metrics=[estoi, si_sdr]",)
KILLED = """
import os, signal
from sslse.cli import main
from sslse.evaluate.unfinished import Unfinished
add, rows = Unfinished.add, []
def counted(*arguments):
    add(*arguments)
    rows.append(arguments)
    if len(rows) == 3:
        os.kill(os.getpid(), signal.SIGKILL)
Unfinished.add = counted
main()
"""


def test_a_killed_evaluation_ends_in_the_very_same_files(tmp_path, tiny_sets, tiny_cache):
    cache = tmp_path / "cache"
    ignore = shutil.ignore_patterns(FOLDER, "*.partial")  # other tests write there
    shutil.copytree(tiny_cache, cache, ignore=ignore)
    run = tmp_path / "run"
    sets = [*tiny_sets, *SETS, *METRICS, f"data.cache={cache}"]
    chosen = [part for text in sets for part in ("--set", text)]
    result = CliRunner().invoke(main, ["run", "quickstart", *chosen, "--out", str(run)])
    assert result.exit_code == 0, result.output
    names = ("evaluation.csv", "evaluation.json", "manifest.json")
    whole = [(run / name).read_bytes() for name in names]
    for name in names:
        (run / name).unlink()
    shutil.rmtree(cache / FOLDER)

    command = [sys.executable, "-c", KILLED, "evaluate", str(run)]
    ended = subprocess.run(command, stdout=subprocess.DEVNULL, check=False)
    assert ended.returncode == -signal.SIGKILL
    rows = run / FILE
    assert rows.read_text().count("\n") == 1 + 3
    assert not (run / "evaluation.csv").exists()

    result = CliRunner().invoke(main, ["evaluate", str(run)])
    assert result.exit_code == 0, result.output
    assert [(run / name).read_bytes() for name in names] == whole
    assert not rows.exists()
