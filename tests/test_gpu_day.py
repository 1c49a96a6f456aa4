"""A GPU day is rehearsed on the CPU, to its tables, and its page holds what days have found."""

import json
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TOOL = ROOT / "tools" / "gpu_day"
PAGE = ROOT / "docs" / "performance.md"


@pytest.fixture
def tool(monkeypatch):
    """The tool's modules, found by their names as in ``python tools/gpu_day``."""
    monkeypatch.syspath_prepend(str(TOOL))
    import day
    import pages
    import parts

    yield {"day": day, "pages": pages, "parts": parts}
    for name in ("day", "pages", "parts"):
        sys.modules.pop(name, None)


def rehearse(*words):
    command = [sys.executable, str(TOOL), "--device", "cpu", "--quick", *words]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


def table(text, name):
    return text.partition(f"## {name}\n\n")[2].partition("\n## ")[0]


@pytest.mark.benchmarks
def test_a_part_of_a_day_is_rehearsed():
    said = rehearse("--only", "machine", "mix")
    assert "| machine | well |" in table(said, "gpu_parts")
    assert "audiomentations" in table(said, "gpu_mix")


@pytest.mark.benchmarks
def test_a_whole_day_is_rehearsed():
    said = rehearse()
    names = ("machine", "tests", "train", "compiled", "kernels", "ceilings", "mix", "paper")
    for name in (*names, "precision"):
        assert f"| {name} | well |" in table(said, "gpu_parts")
    assert "b: sslse run" in table(said, "gpu_train")
    assert "c: plain script" in table(said, "gpu_compiled")
    assert "calls a step" in table(said, "gpu_kernels")
    assert "matrix products" in table(said, "gpu_ceilings")
    assert "| BYOL round |" in table(said, "gpu_paper")
    assert "mean difference" in table(said, "gpu_precision")


def test_the_page_holds_what_days_have_found(tool, tmp_path):
    copy = tmp_path / PAGE.name
    shutil.copyfile(PAGE, copy)
    tool["pages"].write_blocks(copy, PAGE.parent / tool["pages"].KEPT)
    assert copy.read_text("utf-8") == PAGE.read_text("utf-8"), "python tools/gpu_day pages"
    named = {match[2] for match in tool["pages"].BLOCK.finditer(PAGE.read_text("utf-8"))}
    assert named == set(tool["pages"].BLOCKS)


def run(tool, monkeypatch, folder, *parts, minutes=1.0):
    monkeypatch.setattr(tool["day"], "_installed", lambda bundle, site: {})
    ended = tool["day"].run_day(folder, folder / "out", list(parts), minutes)
    with tarfile.open(folder / "out" / "found.tar.gz") as archive:
        archive.extractall(folder, filter="data")
    return ended, json.loads((folder / "found" / "status.json").read_text("utf-8"))


def test_a_part_that_takes_too_long_or_fails_leaves_the_others(tool, monkeypatch, tmp_path):
    part = tool["parts"].Part
    ended, status = run(
        tool,
        monkeypatch,
        tmp_path,
        part("slow", 0.1, ["-c", "import signal; signal.pause()"]),
        part("wrong", 60, ["-c", "raise SystemExit(3)"]),
        part("right", 60, ["-c", "print('found')"]),
    )
    assert ended == 1
    assert {name: one["ended"] for name, one in status.items()} == {
        "slow": "cut short after 0.1 s",
        "wrong": "with exit code 3",
        "right": "well",
    }
    assert (tmp_path / "found" / "right.txt").read_text("utf-8") == "found\n"


def test_no_part_begins_after_the_time(tool, monkeypatch, tmp_path):
    part = tool["parts"].Part("late", 60, ["-c", "print('found')"])
    ended, status = run(tool, monkeypatch, tmp_path, part, minutes=0.0)
    assert ended == 1
    assert status == {"late": {"ended": "not begun: the time is over", "seconds": 0.0}}


def test_the_lists_share_no_speaker_and_are_those_of_the_results(tool):
    def rows(path):
        lines = path.read_text("utf-8").splitlines()[1:]
        return [line.split(",") for line in lines]

    speech = rows(TOOL / "speech.csv")
    by_part = {part: {row[2] for row in speech if row[1] == part} for part in ("train", "test")}
    assert not by_part["train"] & by_part["test"]
    lists = ROOT / "docs" / "results" / "lists"
    for own, published in (("speech", "speech.csv"), ("noise", "noise.csv")):
        test = {Path(row[0]).name for row in rows(TOOL / f"{own}.csv") if row[1] == "test"}
        assert test == {row[0] for row in rows(lists / published) if row[1] == "test"}
