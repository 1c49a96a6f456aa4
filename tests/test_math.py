"""docs/math.md has a section with the paper of every objective and every adapting schedule."""

import inspect
import re
from pathlib import Path

import pytest

from sslse.options import options_of
from sslse.registry import discover

PAGE = (Path(__file__).parents[1] / "docs" / "math.md").read_text("utf-8")
ADAPTING = ("uncertainty", "dwa", "gradnorm", "balance")
PAPER = re.compile(r"\d{4}\.\d{4,5}")
NAMED = re.compile(r"(\w+) = (-?[\d.]+)\b")


def components():
    shipped = discover()
    objectives = [one for one in shipped.of_kind("objective") if one.plugin.distribution == "sslse"]
    assert len(objectives) >= 7
    return [*objectives, *(shipped.get("schedule", name) for name in ADAPTING)]


@pytest.mark.parametrize("component", components(), ids=lambda one: one.name)
def test_every_loss_has_its_section_paper_and_defaults(component):
    (section,) = re.findall(
        rf"^##+ [^\n]*: `{component.name}`\n(.*?)(?=^##|\Z)", PAGE, re.MULTILINE | re.DOTALL
    )
    target = component.load()
    assert set(PAPER.findall(inspect.getdoc(target))) <= set(PAPER.findall(section))
    options = {one.name: one.default for one in options_of(target)}
    for name, value in NAMED.findall(section):
        if name in options:
            assert options[name] == float(value), name


def test_si_sdr_has_its_paper():
    assert "1811.02508" in PAGE


def test_every_schedule_is_told():
    for one in discover().of_kind("schedule"):
        if one.plugin.distribution == "sslse":
            assert f"`{one.name}`" in PAGE, one.name
