"""``sslse compare``, from trained runs to files."""

import json
import shutil

import pytest
from click.testing import CliRunner

from sslse.cli import main
from sslse.compare import read_comparison
from sslse.compare.cells import WIDTH


@pytest.fixture(scope="module")
def trained(tmp_path_factory, tiny_cache, tiny_sets):
    """Give tiny runs: two seeds of a recipe, and another recipe."""
    folder = tmp_path_factory.mktemp("runs")
    sets = (*tiny_sets, "train.epochs=1", f"data.cache={tiny_cache}", "evaluate.snr_db=[-5, 5]")
    given = {
        "byol0": (),
        "byol1": ("seed=1",),
        "normal": ("name=normal", "objective=normal", "schedule=se"),
    }
    for name, own in given.items():
        options = [part for text in (*sets, *own) for part in ("--set", text)]
        ended = CliRunner().invoke(
            main, ["run", "quickstart", *options, "--out", str(folder / name)]
        )
        assert ended.exit_code == 0, ended.output
    return folder


@pytest.fixture
def folder(trained, tmp_path, monkeypatch):
    """Give copies of them in the working directory."""
    for one in trained.iterdir():
        shutil.copytree(one, tmp_path / one.name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def call(*arguments):
    return CliRunner().invoke(main, ["compare", *arguments])


@pytest.mark.training
def test_trained_runs_are_compared(folder):
    ended = call("byol0", "normal", "byol1", "--paper")
    assert ended.exit_code == 0, ended.output
    assert "Means over 4 test mixtures" in ended.output
    assert "quickstart (2 seeds)" in ended.output
    assert "paper: Normal" in ended.output
    assert "Difference from quickstart, over all mixtures" in ended.output
    assert max(len(line) for line in ended.output.splitlines()) <= WIDTH


@pytest.mark.training
def test_the_means_are_those_of_the_evaluations(folder):
    ended = call("byol0", "normal", "--format", "json", "-o", "out.json")
    assert (ended.exit_code, ended.output) == (0, "out.json\n")
    found = read_comparison((folder / "out.json").read_text("utf-8"))
    for name, label in (("byol0", "quickstart"), ("normal", "normal")):
        summary = json.loads((folder / name / "evaluation.json").read_text("utf-8"))
        assert found.mean(label, "si_sdr").value == pytest.approx(
            summary["mean"]["enhanced"]["si_sdr"]
        )
        for snr_db, means in summary["per_snr"].items():
            one = found.mean(label, "si_sdr", "snr_db", snr_db)
            assert one.value == pytest.approx(means["enhanced"]["si_sdr"])
    assert found.manifest == summary["manifest"]


@pytest.mark.training
@pytest.mark.parametrize("style", ["terminal", "markdown", "latex", "csv", "json"])
def test_every_format_is_shown_and_written_alike(folder, style):
    shown = call("byol0", "normal", "--format", style)
    assert shown.exit_code == 0, shown.output
    assert call("byol0", "normal", "--format", style, "-o", "file").exit_code == 0
    assert (folder / "file").read_text("utf-8") == shown.output


@pytest.mark.training
def test_a_report_is_written_beside(folder):
    ended = call("byol0", "normal", "--report", "page", "--format", "json", "-o", "out.json")
    assert (ended.exit_code, ended.output) == (0, "out.json\npage/report.html\n")
    assert "quickstart" in (folder / "page" / "report.html").read_text("utf-8")


@pytest.mark.training
def test_a_run_on_other_mixtures_is_refused(folder):
    path = folder / "normal" / "evaluation.json"
    held = json.loads(path.read_text("utf-8"))
    path.write_text(json.dumps({**held, "manifest": "0" * 32}), "utf-8")
    ended = call("byol0", "normal")
    assert ended.exit_code == 2
    assert ended.output.startswith(
        "normal: cannot be compared with byol0: the test mixtures differ: manifest "
    )


def test_what_is_no_run_is_refused(folder):
    ended = call("byol0", "nowhere")
    assert (ended.exit_code, ended.output[:38]) == (2, "nowhere: holds no evaluation.json; giv")
    assert call().exit_code == 2
