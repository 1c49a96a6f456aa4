"""A resolved recipe is written so that reading it gives the same one."""

from dataclasses import replace
from enum import Enum
from pathlib import Path

import pytest
from click.testing import CliRunner

from sslse.cli import main
from sslse.recipe import Choice, load_recipe, packaged_recipes
from sslse.recipe.check import check_recipe
from sslse.recipe.reader import read_file

RUNNABLE = sorted(packaged_recipes().glob("*.yaml"))
ODD_TEXTS = [
    "1e-3",
    "10",
    "010",
    "-1.5",
    "true",
    "null",
    "~",
    "",
    "no",
    "on",
    ".inf",
    ".nan",
    "0x1F",
    "2026-01-01",
    "=",
    "<<",
    "- a",
    "a: b",
    "# a",
    "a #b",
    "'a'",
    '"a"',
    "[a",
    "{a}",
    "*a",
    "&a",
    "!a",
    "%a",
    "@a",
    " a ",
    "a\nb",
    "a\tb",
    "\\",
    "Größe 音",
    "x " * 100,
    "1" * 500,
]


class Colour(Enum):
    """An option's choices, as a plugin may write them."""

    RED = "red"


def test_there_are_recipes():
    assert len(RUNNABLE) >= 12


@pytest.mark.parametrize("path", RUNNABLE, ids=lambda path: path.stem)
def test_shown_recipe_reads_back(path, registry, tmp_path):
    shown = CliRunner().invoke(main, ["show", "recipe", str(path)])
    assert shown.exit_code == 0
    again = tmp_path / "again.yaml"
    again.write_text(shown.stdout, encoding="utf-8")
    recipe = load_recipe(str(path), registry)
    assert load_recipe(str(again), registry).plain() == recipe.plain()
    assert check_recipe(read_file(again), registry).plain() == recipe.plain()
    assert recipe.to_yaml() == shown.stdout
    assert "&id" not in shown.stdout


@pytest.mark.parametrize("text", ODD_TEXTS)
def test_text_stays_text(registry, tmp_path, text):
    recipe = load_recipe("quickstart", registry)
    recipe = replace(recipe, data=replace(recipe.data, cache=text))
    again = tmp_path / "again.yaml"
    again.write_text(recipe.to_yaml(), encoding="utf-8", newline="")
    assert load_recipe(str(again), registry).data.cache == text


@pytest.mark.parametrize("value", [1e-5, 1e16, 0.1, 3.0, 123456789.125, 5e-324])
def test_numbers_keep_every_digit(registry, tmp_path, value):
    recipe = load_recipe("quickstart", registry, sets=[f"train.weight_decay={value!r}"])
    again = tmp_path / "again.yaml"
    again.write_text(recipe.to_yaml(), encoding="utf-8")
    assert recipe.train.weight_decay == value
    assert load_recipe(str(again), registry).train.weight_decay == value


def test_options_are_written_as_plain_values():
    options = {"root": Path("/a"), "colour": Colour.RED, "pair": (1, 2.5), "nothing": None}
    plain = Choice("corpus", "x", options, "").plain()
    expected = {"name": "x", "root": "/a", "colour": "red", "pair": [1, 2.5], "nothing": None}
    assert plain == expected


def test_an_absent_predictor_is_not_written(registry):
    sets = ["objective=normal", "predictor=null"]
    recipe = load_recipe("quickstart", registry, sets=sets)
    assert "predictor" not in recipe.plain()
    assert recipe.plain()["train"]["clip_norm"] == 1.0


def test_a_problem_of_a_component_stands_where_its_option_does():
    choice = Choice("corpus", "x", {}, "my.yaml:3", "data.speech", {"root": "my.yaml:5"})
    assert str(choice.problem("bad", "root")) == "my.yaml:5: data.speech.root: bad"
    assert str(choice.problem("bad", "test")) == "my.yaml:3: data.speech.test: bad"
    assert str(choice.problem("bad")) == "my.yaml:3: data.speech: bad"
    assert str(Choice("corpus", "x", {}, "my.yaml:3").problem("bad")) == "my.yaml:3: corpus: bad"
