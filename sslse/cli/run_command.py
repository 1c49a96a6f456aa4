"""``sslse run``."""

import os
from pathlib import Path

import click

from sslse.cli.manual import STOPS, Manual
from sslse.cli.options import (
    common_options,
    device_option,
    find_components,
    read_recipe,
    recipe_options,
)


@click.command(
    "run",
    cls=Manual,
    reads="The recipe, and the corpora it names.",
    writes="The run directory: recipe, losses, scores, model, states to resume from, report. "
    "Packed corpora into the cache (data.cache, $SSLSE_CACHE or ~/.cache/sslse).",
    exits=STOPS,
    examples=(
        ("shipped data, under five minutes on two CPU cores", "sslse run quickstart"),
        (
            "a CPU's network, fewer epochs, a directory of your choice",
            "sslse run byol_round --set preset=small --set train.epochs=20 --out runs/mine",
        ),
        (
            "speech of one corpus, noise of another",
            "sslse run simsiam --data librispeech --data demand",
        ),
        ("go on after Ctrl-C or a crash, to the very same numbers", "sslse run byol --resume"),
        (
            "a method of your own in one file",
            "sslse run quickstart --plugin mine.py --set objective=mine",
        ),
    ),
)
@recipe_options
@click.option("--out", type=click.Path(path_type=Path), help="Run directory [runs/RECIPE NAME].")
@device_option
@click.option(
    "--resume",
    is_flag=True,
    help="Continue a run exactly where it stands; with a greater train.epochs also one that has "
    "ended.",
)
@common_options
def command(
    recipe: str,
    data: tuple[str, ...],
    sets: tuple[str, ...],
    out: Path | None,
    device: str,
    resume: bool,
    plugins: tuple[Path, ...],
) -> None:
    """Train, evaluate and report as RECIPE says.

    RECIPE is a file, or the name of a packaged recipe, for example quickstart or byol_round.
    """
    if "RANK" in os.environ or "SLURM_PROCID" in os.environ:
        # Before torch is imported: its C++ code has advice on every rank that is wrong here.
        os.environ.setdefault("TORCH_CPP_LOG_LEVEL", "ERROR")
    registry = find_components(plugins)
    checked = read_recipe(recipe, registry, data, sets)

    from sslse import ranks
    from sslse.cli.display import make_display, show_results
    from sslse.device import choose_device
    from sslse.run import run

    folder = out or Path("runs") / checked.name
    with make_display() as display:
        summary = run(
            checked,
            registry,
            folder,
            device=choose_device(device),
            display=display,
            resume=resume,
            plugin_files=plugins,
        )
    if ranks.main():
        show_results(summary, folder)
