"""The command itself: its help, unknown commands, errors and exit codes."""

import json
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

import sslse
from sslse.cli import main
from sslse.cli.main import COMMANDS, INTERRUPTED, WRONG_INPUT
from sslse.errors import BrokenOffError, RunError, Stopped
from sslse.recipe import packaged_recipes

FOLDER = Path(sslse.__file__).parent / "cli"


def call(*arguments):
    return CliRunner().invoke(main, arguments)


def test_help_names_every_command():
    modules = {path.stem.removesuffix("_command") for path in FOLDER.glob("*_command.py")}
    assert modules == set(COMMANDS)
    result = call("--help")
    assert result.exit_code == 0
    for name, summary in COMMANDS.items():
        assert f"\n  {name} " in result.stdout
        assert summary.split()[0] in result.stdout


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_documented(name):
    result = call(name, "--help")
    assert result.exit_code == 0
    command = main.get_command(click.Context(main), name)
    assert command.name == name
    assert len(command.help) > 20
    options = [one for one in command.params if isinstance(one, click.Option)]
    assert [one.name for one in options if not one.help] == []
    assert "--debug" in result.stdout
    told = f"{command.help} {command.reads}".upper()
    for argument in command.params:
        if isinstance(argument, click.Argument):
            assert argument.human_readable_name.removesuffix("...").strip("[]") in told


def test_help_of_data_names_the_packaged_profiles():
    text = " ".join(call("run", "--help").stdout.split())
    names = sorted(path.stem for path in (packaged_recipes() / "data").glob("*.yaml"))
    assert f"or {', '.join(names)}." in text


def test_version():
    assert call("--version").stdout == f"sslse, version {sslse.__version__}\n"


def test_an_unknown_command():
    result = call("rnu", "quickstart")
    assert result.exit_code == 2
    possible = ", ".join(COMMANDS)
    message = f"no command named 'rnu'; did you mean 'run'? (possible: {possible})"
    assert message in result.stderr


def test_a_missing_argument_is_told_by_an_example():
    commands = {name: main.get_command(click.Context(main), name) for name in COMMANDS}
    commands |= {f"data {name}": one for name, one in commands["data"].commands.items()}
    told = 0
    for words, command in commands.items():
        if any(isinstance(one, click.Argument) and one.required for one in command.params):
            result = call(*words.split())
            assert result.exit_code == 2
            assert "Missing argument" in result.stderr
            assert f". For example: {command.examples[0][1]}\n" in result.stderr
            told += 1
    assert told >= 10


def test_an_unknown_option():
    result = call("list", "--jsn")
    assert result.exit_code == 2
    assert "--json" in result.stderr


def test_a_wrong_recipe_shows_its_message_alone():
    result = call("check", "quikstart")
    assert result.exit_code == WRONG_INPUT
    assert result.stdout == ""
    assert result.stderr.startswith("quikstart: no such file")
    assert result.stderr.count("\n") == 1


def test_debug_shows_the_traceback_too():
    result = call("check", "quikstart", "--debug")
    assert result.exit_code == WRONG_INPUT
    assert result.stderr.startswith("Traceback (most recent call last):\n")
    assert result.stderr.splitlines()[-1].startswith("quikstart: no such file")


def test_a_bug_keeps_its_traceback(monkeypatch):
    def bug(*_, **__):
        raise ZeroDivisionError

    monkeypatch.setattr("sslse.cli.list_command.discover", bug)
    assert isinstance(call("list").exception, ZeroDivisionError)


def test_interrupting_says_how_to_go_on(monkeypatch):
    def interrupt(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("sslse.cli.list_command.discover", interrupt)
    result = call("list")
    assert result.exit_code == INTERRUPTED
    assert result.stderr == "stopped; what is saved stays, --resume continues a run\n"


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (BrokenOffError("no memory"), 75),
        (Stopped(15, "stopped by SIGTERM"), 143),
        (RunError("no run"), 2),
        (OSError(28, "No space left on device"), 2),
    ],
)
def test_torchrun_is_told_what_is_said(monkeypatch, tmp_path, error, code):
    def fail(*_, **__):
        raise error

    monkeypatch.setattr("sslse.cli.run_command.find_components", fail)
    monkeypatch.setenv("TORCHELASTIC_ERROR_FILE", str(tmp_path / "error.json"))
    monkeypatch.setenv("TORCHELASTIC_RUN_ID", "none")
    monkeypatch.setenv("LOCAL_WORLD_SIZE", "4")
    result = call("run", "byol", "--out", "runs/a b")
    assert result.exit_code == code
    told = json.loads((tmp_path / "error.json").read_text())["message"]["message"]
    assert result.stderr == f"{told}\n"
    if code in (75, 143):
        goes_on = "torchrun --nproc-per-node 4 -m sslse run byol --out 'runs/a b' --resume"
        assert told.splitlines()[-1] == f"continue with: {goes_on}"


def test_a_broken_plugin_is_told_without_stopping(tmp_path, monkeypatch):
    info = tmp_path / "sslse_broken-3.1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: sslse-broken\nVersion: 3.1\n")
    (info / "entry_points.txt").write_text("[sslse]\nmoco = sslse_test_no_such_module\n")
    monkeypatch.syspath_prepend(tmp_path)
    result = call("show", "recipe", "quickstart")
    assert result.exit_code == 0
    assert result.stdout.startswith("name: quickstart\n")
    assert result.stderr.startswith("plugin moco (sslse-broken 3.1) is broken and left out: Module")
