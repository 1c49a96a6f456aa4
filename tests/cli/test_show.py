"""``sslse show``: a component's options, or a recipe with everything filled in."""

import pytest
from click.testing import CliRunner

from sslse.cli import main
from sslse.options import options_of
from sslse.registry import KINDS


def show(*arguments):
    return CliRunner().invoke(main, ["show", *map(str, arguments)])


def test_an_objective(registry):
    result = show("objective", "byol")
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    byol = registry.get("objective", "byol")
    assert lines[:7] == [
        f"objective byol: {byol.summary}",
        f"plugin: {byol.plugin}",
        "code: sslse_byol.objective:BYOL",
        "gets: encoder, predictor",
        "options:",
        "  tau   float >= 0 and <= 1    default 0.99",
        "  over  'frame' | 'utterance'  default 'frame'",
    ]
    assert lines[7] == ""
    assert "arXiv:2006.07733" in result.stdout


def test_required_and_null(registry):
    rows = [line.split(maxsplit=1) for line in show("corpus", "folder").stdout.splitlines()]
    options = {row[0]: row[1] for row in rows if len(row) == 2}
    assert options["root"].split() == ["text", "required"]
    assert options["train"].split() == ["text", "|", "null", "default", "null"]


def test_no_options():
    assert "options:\n  none\n" in show("metric", "stoi").stdout


@pytest.mark.parametrize(
    ("name", "scores"),
    [
        ("pesq_wb", "0.999 to 4.644, higher is better; at 16000 Hz"),
        ("cbak", "1 to 5, higher is better; at 8000 or 16000 Hz"),
        ("lsd", "0 to inf dB, lower is better; any rate"),
    ],
)
def test_a_metric_says_what_its_scores_mean(name, scores):
    assert f"\nscores: {scores}\noptions:\n" in show("metric", name).stdout


def test_a_metric_made_by_a_function_says_nothing_beforehand(tmp_path):
    plugin = tmp_path / "made.py"
    plugin.write_text(
        "from sslse.api import hookimpl\n"
        "from sslse.metrics.lsd import Lsd\n"
        "def make():\n    return Lsd()\n"
        "@hookimpl\n"
        "def sslse_components(add):\n    add('metric', 'made', make, summary='by a function')\n"
    )
    assert "\nscores: as its metric says\n" in show("metric", "made", "--plugin", plugin).stdout


def test_every_component_can_be_shown(registry):
    assert len(registry.components) >= 20
    for kind, name in registry.components:
        result = show(kind, name)
        assert result.exit_code == 0, result.output
        for option in options_of(registry.get(kind, name).load()):
            assert f"  {option.name} " in result.stdout
        assert "<class" not in result.stdout


def test_an_unknown_name():
    result = show("objective", "byool")
    assert result.exit_code == 2
    assert result.stderr.startswith("no objective named 'byool'; did you mean 'byol'? (possible: ")
    assert result.stdout == ""


def test_an_unknown_kind():
    result = show("recipes", "quickstart")
    assert result.exit_code == 2
    possible = ", ".join([*KINDS, "recipe"])
    message = f"no kind named 'recipes'; did you mean 'recipe'? (possible: {possible})\n"
    assert result.stderr == message


def test_a_recipe():
    result = show("recipe", "quickstart", "--set", "train.epochs=3", "--set", "preset=paper")
    assert result.exit_code == 0
    assert result.stdout.startswith("name: quickstart\nseed: 0\nviews: 2\nencoder:\n")
    assert "  epochs: 3\n" in result.stdout
    assert "  dim: 128\n" in result.stdout


def test_a_recipe_on_other_data(monkeypatch):
    monkeypatch.setenv("TIMIT_ROOT", "/data/timit")
    monkeypatch.setenv("NONSPEECH_ROOT", "/data/nonspeech")
    result = show("recipe", "byol", "--data", "timit_nonspeech")
    assert "    name: timit\n    root: /data/timit\n" in result.stdout


def test_a_broken_recipe():
    result = show("recipe", "quickstart", "--set", "train.epochs=few")
    assert result.exit_code == 2
    assert result.stderr == "--set: train.epochs: takes int > 0, not 'few'\n"
    assert result.stdout == ""


@pytest.mark.parametrize("option", [["--set", "tau=1"], ["--data", "demo"]])
def test_a_component_takes_no_changes(option):
    result = show("objective", "byol", *option)
    assert result.exit_code == 2
    assert "--set and --data change a recipe" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["objective"], "objective: which one? NAME is missing (possible: {objectives})"),
        (["recipe"], "recipe: which one? NAME is missing (possible: barlow_twins, "),
        (["byol"], "byol is no kind but a name; say 'sslse show objective byol' or 'sslse show "),
        (["add_noise"], "add_noise is no kind but a name; say 'sslse show augmentation add_noise'"),
        (["byol", "objective"], "byol is no kind but a name; say 'sslse show objective byol' or "),
        (["nothing"], "no kind named 'nothing' (possible: encoder, "),
    ],
)
def test_a_kind_or_a_name_alone_is_told_the_other(registry, arguments, message):
    result = show(*arguments)
    assert result.exit_code == 2
    expected = message.format(objectives=", ".join(registry.names("objective")))
    assert result.stderr.startswith(expected)
    assert result.stderr.count("\n") == 1
