"""``sslse new``."""

import shlex
from pathlib import Path

import click

from sslse.cli import completion
from sslse.cli.manual import Manual
from sslse.cli.options import common_options, find_components
from sslse.new import KINDS


@click.command(
    "new",
    cls=Manual,
    writes="The folder sslse-NAME below the folder of --into.",
    examples=(
        ("a contrastive method", "sslse new objective mine"),
        ("a metric, among other sources", "sslse new metric loudness --into ~/src"),
    ),
)
@click.argument("kind", shell_complete=completion.words(*KINDS))
@click.argument("name")
@click.option(
    "--into",
    metavar="DIR",
    default=".",
    type=click.Path(path_type=Path),
    help="Folder to write the package into; the current one unless said.",
)
@common_options
def command(kind: str, name: str, into: Path, plugins: tuple[Path, ...]) -> None:
    """Write a plugin package for a component of a KIND, called NAME.

    KIND is objective, schedule, augmentation, encoder or metric. The package sslse-NAME holds a
    small method that works, its tests and a recipe, to be changed. Nothing is ever overwritten.
    """
    from sslse.new import write_plugin

    for path in write_plugin(kind, name, into, find_components(plugins)):
        click.echo(f"wrote {path}")
    click.echo("next:")
    click.echo(f"  cd {shlex.quote(str(into / f'sslse-{name}'))} && pip install -e .")
    click.echo("  pytest")
    click.echo("  sslse run recipe.yaml")
