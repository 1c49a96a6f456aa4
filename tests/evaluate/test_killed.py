"""An evaluation that is killed, by the command line."""

import os
import shutil
import signal
import subprocess
import sys
import time

from click.testing import CliRunner

from sslse.cli import main
from sslse.evaluate.known_scores import FOLDER
from sslse.evaluate.unfinished import FILE

SETS = ("train.epochs=1", "evaluate.utterances=24", "evaluate.snr_db=[0]")
METRICS = ("evaluate.metrics=[estoi, si_sdr]",)


def test_a_killed_evaluation_ends_in_the_very_same_files(tmp_path, tiny_sets, tiny_cache):
    cache = tmp_path / "cache"
    shutil.copytree(tiny_cache, cache)
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

    command = [sys.executable, "-m", "sslse", "evaluate", str(run)]
    process = subprocess.Popen(command, env=os.environ, stdout=subprocess.DEVNULL)
    rows, deadline = run / FILE, time.monotonic() + 120
    while process.poll() is None and time.monotonic() < deadline:
        if rows.is_file() and rows.read_bytes().count(b"\n") > 3:
            break
        time.sleep(0.002)
    process.send_signal(signal.SIGKILL)
    process.wait()
    kept = rows.read_text().count("\n")
    assert 3 < kept < 25
    assert not (run / "evaluation.csv").exists()

    result = CliRunner().invoke(main, ["evaluate", str(run)])
    assert result.exit_code == 0, result.output
    assert [(run / name).read_bytes() for name in names] == whole
    assert not rows.exists()
