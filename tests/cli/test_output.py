"""Output that nobody reads: quiet, and a run is told how it goes on."""

import errno
import os
import subprocess
import sys

import pytest
from click.testing import CliRunner

from sslse.cli import main
from sslse.cli.console import Console
from sslse.cli.output import UNREAD, quiet_when_unread


def unread(*arguments, folder=None):
    """Run a command whose standard output is a pipe that is closed at the other end."""
    reading, writing = os.pipe()
    os.close(reading)
    try:
        return subprocess.run(
            [sys.executable, "-m", "sslse", *arguments],
            stdout=writing,
            stderr=subprocess.PIPE,
            cwd=folder,
            text=True,
            check=False,
        )
    finally:
        os.close(writing)


@pytest.mark.parametrize(
    "arguments", [["list"], ["list", "--json"], ["run", "--help"], ["runs", "."]]
)
def test_a_command_ends_quietly(arguments, tmp_path):
    ended = unread(*arguments, folder=tmp_path)
    assert (ended.returncode, ended.stderr) == (UNREAD, "")


@pytest.fixture
def closed():
    """Let standard output be a closed pipe within the test."""
    reading, writing = os.pipe()
    os.close(reading)
    stream = os.fdopen(writing, "w")
    yield stream
    stream.close()


def test_a_table_of_rich_ends_quietly(closed, monkeypatch):
    monkeypatch.setattr(sys, "stdout", closed)
    with pytest.raises(SystemExit) as caught, quiet_when_unread():
        Console(file=closed).print("a table")
    assert caught.value.code == UNREAD


def test_a_run_is_told_how_it_goes_on(closed, monkeypatch, capsys):
    def say(*_, **__):
        print("step 1", file=closed, flush=True)

    monkeypatch.setattr("sslse.cli.run_command.find_components", say)
    monkeypatch.setattr(sys, "stdout", closed)
    with pytest.raises(SystemExit) as caught:
        main(["run", "quickstart", "--out", "runs/one"], prog_name="sslse")
    assert caught.value.code == UNREAD
    assert capsys.readouterr().err == (
        "nobody reads the output any more; what is saved stays\n"
        "continue with: sslse run quickstart --out runs/one --resume\n"
    )


def test_another_pipe_that_breaks_is_no_unread_output(monkeypatch):
    """A process that is lost is a fault, not the end of a reader."""

    def lost(*_, **__):
        raise BrokenPipeError(errno.EPIPE, os.strerror(errno.EPIPE))

    monkeypatch.setattr("sslse.cli.list_command.discover", lost)
    result = CliRunner().invoke(main, ["list"])
    assert (result.exit_code, result.stderr) == (2, "broken pipe\n")
