"""Every benchmark runs, in a rehearsal of a few seconds, and writes what it prints."""

import importlib.util
import json
import math
import os
import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "benchmarks"
PLACES = {
    "mix": ["figures", "sslse", "milliseconds", "median"],
    "ceilings": ["by_class", "matrix products", "gflop"],
    "train": ["figures", "b", "pairs_per_second", "median"],
    "evaluate": ["figures", "evaluate, next model", "seconds"],
    "startup": ["seconds", "sslse --help", "median"],
    "growth": ["figures", "corpus", 0, "steps_per_second"],
}
CHOSEN = {
    "train": ["--variants", "abc"],
    "evaluate": ["--workers", "1"],
    "growth": ["--over", "corpus", "mixtures", "--plot", "growth.png"],
}


@pytest.mark.parametrize("name", PLACES)
def test_a_rehearsal(name, tmp_path, tiny_cache):
    written = tmp_path / "figures.json"
    command = [sys.executable, str(FOLDER / f"{name}.py"), "--quick", "--json", str(written)]
    ended = subprocess.run(
        [*command, "--device", "cpu", "--threads", "1", *CHOSEN.get(name, [])],
        cwd=tmp_path,
        env=os.environ | {"SSLSE_CACHE": str(tiny_cache)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "a rehearsal (--quick): these figures say nothing" in ended.stdout
    figures = json.loads(written.read_text())
    assert figures["machine"]["cpu"].startswith(("1 core", f"{len(os.sched_getaffinity(0))} core"))
    for place in PLACES[name]:
        figures = figures[place]
    assert math.isfinite(figures)
    assert figures > 0


@pytest.fixture
def measure():
    spec = importlib.util.spec_from_file_location("measure", FOLDER / "measure.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_ratios_are_of_laps_of_the_same_round(measure):
    assert measure.ratio([2.0, 6.0, 9.0], [1.0, 2.0, 3.0]) == {
        "median": 3.0,
        "low": 2.5,
        "high": 3.0,
    }
    assert measure.spread([4.0]) == {"median": 4.0, "low": 4.0, "high": 4.0}
    assert measure.show(measure.spread([1.0, 2.0, 4.0])) == "2 (1.5-3)"
