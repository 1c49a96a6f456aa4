"""Every command's help reads like a manual page, and its examples are lines it takes."""

import shlex

import click
import pytest
from click.testing import CliRunner

from sslse.cli import main
from sslse.cli.main import COMMANDS
from sslse.cli.manual import EXITS, Manual, ManualGroup


def commands():
    """List the words and the command of every command, those of groups too."""
    for name in COMMANDS:
        command = main.get_command(click.Context(main), name)
        yield (name,), command
        if isinstance(command, click.Group):
            yield from (((name, sub), one) for sub, one in command.commands.items())


ALL = [pytest.param(words, command, id=" ".join(words)) for words, command in commands()]


def take(words):
    """Parse a whole command line as the command would; return the commands that it names."""
    context, command, taken = click.Context(main), main, []
    while isinstance(command, click.Group):
        name, *words = words
        command = command.get_command(context, name)
        assert command is not None, name
        taken.append(name)
    command.make_context(taken[-1], list(words), parent=context)
    return taken


@pytest.mark.parametrize(("words", "command"), ALL)
def test_examples_are_lines_the_command_takes(words, command):
    assert isinstance(command, Manual)
    assert 2 <= len(command.examples) <= 5
    assert len({line for _, line in command.examples}) == len(command.examples)
    for about, line in command.examples:
        assert about
        first, *arguments = shlex.split(line)
        assert first == "sslse"
        assert take(arguments)[: len(words)] == list(words)


@pytest.mark.parametrize(("words", "command"), ALL)
def test_help_has_the_sections_of_a_manual_page(words, command):
    ended = CliRunner().invoke(main, [*words, "--help"])
    assert ended.exit_code == 0
    shown = ended.stdout
    assert max(map(len, shown.splitlines())) <= 80
    heads = ["Usage", "Options", "Reads", "Writes", "Exit codes", "Examples"]
    found = [shown.find(f"\n{head}:\n") for head in heads if f"\n{head}:\n" in shown]
    assert found == sorted(found)
    assert ("\nReads:\n" in shown) == bool(command.reads)
    assert ("\nWrites:\n" in shown) == bool(command.writes)
    assert set(EXITS) <= set(command.exits)
    examples = shown[shown.index("\nExamples:\n") :].splitlines()[2:]
    pairs = [(f"  # {about}", f"  {line}") for about, line in command.examples]
    assert examples == [one for pair in pairs for one in pair]


def test_the_first_help_has_examples():
    assert isinstance(main, ManualGroup)
    shown = CliRunner().invoke(main, ["--help"]).stdout
    assert "\nExamples:\n" in shown
    for _, line in main.examples:
        if line.startswith("sslse ") and not line.endswith("--help"):
            take(shlex.split(line)[1:])


def test_own_exit_codes_take_their_place_in_order():
    one = Manual(name="one", exits={75: "later", 2: "differs"})
    assert one.exits == {0: EXITS[0], 2: "differs", 75: "later"}
    assert list(one.exits) == [0, 2, 75]
