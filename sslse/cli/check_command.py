"""``sslse check``."""

from pathlib import Path

import click

from sslse.cli.manual import Manual
from sslse.cli.options import (
    common_options,
    device_option,
    find_components,
    read_recipe,
    recipe_options,
)


@click.command(
    "check",
    cls=Manual,
    reads="The recipe, and the corpora it names.",
    writes="Packed corpora into the cache; no run directory.",
    examples=(
        ("what would be trained, and when which loss counts", "sslse check byol_round"),
        (
            "the same with other options, as of 'run'",
            "sslse check byol --set preset=small --set schedule=balance",
        ),
        (
            "pack large corpora before a GPU has to wait for it",
            "sslse check byol --data librispeech --data musan",
        ),
    ),
)
@recipe_options
@device_option
@common_options
def command(
    recipe: str,
    data: tuple[str, ...],
    sets: tuple[str, ...],
    device: str,
    plugins: tuple[Path, ...],
) -> None:
    """Do everything 'sslse run RECIPE' would do except train."""
    registry = find_components(plugins)
    checked = read_recipe(recipe, registry, data, sets)

    from sslse.device import choose_device
    from sslse.prepare import describe, prepare, timeline

    prepared = prepare(checked, registry, choose_device(device), click.echo)
    for line in [*describe(prepared), f"schedule {checked.schedule.name}:"]:
        click.echo(line)
    for line in timeline(prepared):
        click.echo(f"  {line}")
    click.echo("the recipe is ready to run")
