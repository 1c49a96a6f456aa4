"""The default suite leaves out what takes long, keeps one of each kind, and looks at no clock."""

import re
from pathlib import Path
from types import SimpleNamespace

import pytest

FOLDER = Path(__file__).parent
SOURCES = {path: path.read_text("utf-8") for path in FOLDER.rglob("*.py")}
CLOCK = re.compile(r"monotonic\(|perf_counter\(|time\.time\(|timeout=|\.(?:wait|join)\(\d")
# What happened first, and moments of kills that are drawn at random; neither is held to a limit.
MAY_LOOK = {FOLDER / "sweep" / "conftest.py", FOLDER / "train" / "killing.py"}


class Item:
    """What a tier is decided by."""

    def __init__(self, name, *marks):
        self.name, self.path = name, FOLDER / f"{name}.py"
        self.marks = [pytest.mark.__getattr__(one).mark for one in marks]

    def iter_markers(self):
        return iter(self.marks)

    def get_closest_marker(self, name):
        return next((one for one in self.marks if one.name == name), None)

    def add_marker(self, name):
        self.marks.append(pytest.mark.__getattr__(name).mark)


def chosen(tiers, *arguments, markers=""):
    """Return the names of the tests that are run."""
    items = [Item("plain"), Item("kept", "docs", "smoke"), Item("long", "docs")]
    left = []

    def deselected(items):
        left.extend(items)

    config = SimpleNamespace(
        args=list(arguments),
        option=SimpleNamespace(markexpr=markers),
        invocation_params=SimpleNamespace(dir=FOLDER),
        hook=SimpleNamespace(pytest_deselected=deselected),
    )
    tiers.divide(config, items)
    assert {one.name for one in (*items, *left)} == {"plain", "kept", "long"}
    assert [one.name for one in (*items, *left) if one.get_closest_marker("thorough")] == ["long"]
    return [one.name for one in items]


def test_what_takes_long_is_left_out_unless_it_is_asked_for(tiers):
    assert chosen(tiers) == ["plain", "kept"]
    assert chosen(tiers, str(FOLDER)) == ["plain", "kept"]
    assert chosen(tiers, "long.py") == ["plain", "kept", "long"]
    assert chosen(tiers, f"{FOLDER}/long.py::test_one[a::b]") == ["plain", "kept", "long"]
    assert chosen(tiers, markers="thorough") == ["plain", "kept", "long"], "-m chooses by itself"


def test_every_kind_is_used_and_has_a_smoke_test(tiers):
    for kind in tiers.KINDS:
        used = [text for text in SOURCES.values() if f"pytest.mark.{kind}" in text]
        assert used, kind
        assert any("pytest.mark.smoke" in text for text in used), kind


def test_no_test_looks_at_the_clock():
    for path in SOURCES.keys() - MAY_LOOK - {Path(__file__)}:
        found = [line for line in SOURCES[path].splitlines() if CLOCK.search(line)]
        assert not found, path
