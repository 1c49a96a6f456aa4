"""``sslse doctor``."""

import sys
from pathlib import Path

import click

from sslse.cli.manual import Manual
from sslse.cli.options import common_options


@click.command(
    "doctor",
    cls=Manual,
    exits={1: "there is a problem"},
    examples=(
        ("packages, devices, metrics, cache, plugins", "sslse doctor"),
        ("is a plugin of your own well?", "sslse doctor --plugin mine.py"),
    ),
)
@common_options
def command(plugins: tuple[Path, ...]) -> None:
    """Examine this installation and say what to do.

    Every line is ok, a note or a PROBLEM; the exit code is 1 if there is a problem.
    """
    from sslse.doctor import PROBLEM, examine

    problems = 0
    for one in examine(plugins):
        problems += one.mark == PROBLEM
        click.echo(f"{one.mark:<9}{one.subject}: {one.text}")
        if one.advice:
            click.echo(f"{'':<9}{one.advice}")
    click.echo("no problem found" if not problems else f"problems: {problems}")
    sys.exit(1 if problems else 0)
