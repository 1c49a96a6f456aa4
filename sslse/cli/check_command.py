"""``sslse check``."""

from pathlib import Path

import click

from sslse.cli.options import (
    common_options,
    device_option,
    find_components,
    read_recipe,
    recipe_options,
)


@click.command("check")
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
