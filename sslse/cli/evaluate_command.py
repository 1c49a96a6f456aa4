"""``sslse evaluate``."""

from pathlib import Path

import click

from sslse.cli.options import common_options, device_option, find_components


@click.command("evaluate")
@click.argument("run", type=click.Path(path_type=Path))
@device_option
@common_options
def command(run: Path, device: str, plugins: tuple[Path, ...]) -> None:
    """Score the trained model of the run directory RUN again."""
    registry = find_components(plugins)

    from sslse.build import open_material
    from sslse.cli.display import make_display, show_results
    from sslse.device import choose_device
    from sslse.run import evaluate_run
    from sslse.run_folder import read_recipe
    from sslse.run_lock import locked

    recipe = read_recipe(run, registry)
    with locked(run), make_display() as display:
        material = open_material(recipe, registry, choose_device(device), display.say)
        summary = evaluate_run(
            recipe, registry, run, material, display=display, plugin_files=plugins
        )
    show_results(summary, run)
