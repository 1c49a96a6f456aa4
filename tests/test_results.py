"""The tables of docs/results.md and its neighbours are made from the files beside them."""

import csv
import runpy
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LISTS = ROOT / "docs" / "results" / "lists"


@pytest.fixture(scope="module")
def tool():
    return runpy.run_path(str(ROOT / "tools" / "make_results.py"))


def listed(name, part=None):
    with (LISTS / name).open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return [row for row in rows if part is None or row["split"] == part]


@pytest.mark.statistics
def test_the_pages_hold_what_the_files_say(tool, tmp_path):
    made = tool["write"].__globals__
    drawn = []
    made["write_curves"] = lambda *arguments, **options: drawn.append(options)
    named = []
    for page in tool["PAGES"]:
        copy = tmp_path / page.parent.name / page.name
        copy.parent.mkdir(exist_ok=True)
        copy.write_bytes(page.read_bytes())
        tool["write"](copy)
        assert copy.read_text("utf-8") == page.read_text("utf-8"), "python tools/make_results.py"
        named += [match[2] for match in tool["BLOCK"].finditer(page.read_text("utf-8"))]
    assert sorted(named) == sorted(tool["BLOCKS"])
    assert drawn


@pytest.mark.parametrize(
    ("whole", "development", "by"),
    [
        ("speech.csv", "speech_development.csv", "speaker"),
        ("noise.csv", "noise_development.csv", "path"),
    ],
)
def test_development_hears_nothing_of_the_test_part(whole, development, by):
    test = {row[by] for row in listed(whole, "test")}
    train = {row["path"] for row in listed(whole, "train")}
    own = listed(development)
    assert {row["path"] for row in own} == train
    assert not test & {row[by] for row in own}
    assert not test & {row[by] for row in listed(whole, "train")}
    parts = [{row[by] for row in listed(development, part)} for part in ("train", "test")]
    assert not parts[0] & parts[1]


def test_copies_of_a_noise_are_in_one_part():
    for name in ("noise.csv", "noise_development.csv"):
        split = {row["path"]: row["split"] for row in listed(name)}
        for copy, original in (("n9.wav", "n7.wav"), ("n58.wav", "n56.wav")):
            assert split.get(copy) == split.get(original)
