"""The list of runs: order, figures, forms; whatever lies in the folder."""

import csv
import io
import json
import os
import subprocess
import sys

import pytest
from click.testing import CliRunner

from sslse.cli import main
from sslse.run_list import age, duration


@pytest.fixture
def runs(tiny, tmp_path, monkeypatch):
    """Three runs: one evaluated with two metrics, one stopped, one damaged."""
    monkeypatch.chdir(tmp_path)
    text = tiny("evaluate.metrics=[si_sdr, stoi]").to_yaml()
    means = {"good": 7.25, "better": 9.5}
    for place, name in enumerate(("good", "better", "stopped", "damaged", "[b]odd")):
        folder = tmp_path / "runs" / name
        folder.mkdir(parents=True)
        (folder / "recipe.yaml").write_text(text if name != "damaged" else "{", encoding="utf-8")
        if name in means:
            (folder / "model.safetensors").write_bytes(b"")
            mean = {
                "noisy": {"si_sdr": 0.5, "stoi": 0.7},
                "enhanced": {"si_sdr": means[name], "stoi": None},
            }
            (folder / "evaluation.json").write_text(json.dumps({"mean": mean}))
        for file in [*folder.iterdir(), folder]:
            os.utime(file, (1e9 - 3600 * place, 1e9 - 3600 * place))
    return tmp_path / "runs"


def call(*arguments):
    return CliRunner().invoke(main, ["runs", *arguments])


def listed(*arguments):
    result = call("--format", "json", *arguments)
    assert result.exit_code == 0, result.output
    return [one["run"].removeprefix("runs/") for one in json.loads(result.stdout)]


def test_the_terminal_shows_state_and_figures(runs):
    result = call()
    assert result.exit_code == 0, result.output
    lines = {line.split("│")[1].strip(): line for line in result.stdout.splitlines() if "│" in line}
    assert "0.50 -> 9.50" in lines["better"]
    assert "evaluated" in lines["better"]
    assert "stopped at epoch 0 of 4" in lines["stopped"]
    assert "damaged" in lines["damaged"]
    assert "[b]odd" in lines


@pytest.mark.parametrize(
    ("by", "first", "last"),
    [
        ("name", "[b]odd", "stopped"),
        ("age", "good", "[b]odd"),
        ("state", "damaged", "good"),
        ("si_sdr", "better", "stopped"),
    ],
)
def test_the_order(runs, by, first, last):
    found = listed("--sort", by)
    assert (found[0], found[-1]) == (first, last)
    assert len(found) == 5


def test_an_order_or_metric_that_does_not_exist(runs):
    result = call("--sort", "si_sdrr")
    assert result.exit_code == 2
    assert (
        "cannot sort by 'si_sdrr'; did you mean 'si_sdr'? (possible: name, age, state, si_sdr"
        in (result.output)
    )
    result = call("--metric", "pesq")
    assert "no run measures 'pesq' (possible: si_sdr, stoi)" in result.output


def test_csv_has_every_metric_and_condition(runs):
    rows = {one["run"]: one for one in csv.DictReader(io.StringIO(call("--format", "csv").stdout))}
    good = rows["runs/good"]
    assert (good["si_sdr_noisy"], good["si_sdr_enhanced"], good["stoi_enhanced"]) == (
        "0.5",
        "7.25",
        "",
    )
    assert good["changed"] == "2001-09-09T01:46:40Z"
    assert rows["runs/damaged"]["state"] == "damaged"
    assert rows["runs/damaged"]["detail"]


def test_the_list_needs_no_torch(runs):
    code = "import sys; from sslse.cli import main; main(['runs'], standalone_mode=False); "
    code += "sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_folders_that_hold_nothing(tmp_path):
    assert call(str(tmp_path)).stdout == f"{tmp_path}: holds no runs\n"
    result = call(str(tmp_path / "none"))
    assert result.exit_code == 2
    assert "none: no such folder; give the one that holds the runs" in result.output
    assert call(str(tmp_path), "--format", "json").stdout == "[]\n"


@pytest.mark.parametrize(
    ("seconds", "text"), [(-5, "0 s"), (59, "59 s"), (60, "1 min"), (7199, "1 h"), (200_000, "2 d")]
)
def test_ages_have_one_unit(seconds, text):
    assert age(seconds) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(3, "1 min"), (600, "10 min"), (5400, "1.5 hours"), (36_000, "10.0 hours")],
)
def test_durations(seconds, text):
    assert duration(seconds) == text
