"""``sslse curves``."""

from functools import partial
from pathlib import Path
from typing import Literal

import click

from sslse.cli.manual import Manual
from sslse.cli.options import debug_option


@click.command(
    "curves",
    cls=Manual,
    reads="metrics.jsonl and scores.jsonl of each RUN, which may still be training.",
    writes="curves.png, curves.svg and curves.csv into the folder of -o.",
    examples=(
        ("scores and losses of three runs", "sslse curves runs/normal runs/byol runs/simsiam"),
        (
            "chosen figures over training time",
            "sslse curves runs/byol --x seconds --y si_sdr --y latent/std -o plots",
        ),
        (
            "as in the paper's figure 4",
            "sslse curves runs/normal runs/byol --arrangement methods",
        ),
    ),
)
@click.argument("runs", nargs=-1, required=True, metavar="RUN...", type=click.Path(path_type=Path))
@click.option(
    "--x",
    type=click.Choice(["epoch", "seconds"]),
    default="epoch",
    show_default=True,
    help="Epochs, or seconds of training.",
)
@click.option(
    "--y",
    metavar="NAME",
    multiple=True,
    help="Metric, loss or other logged figure, for example pesq_nb, se or latent/std; may be given "
    "several times [scores and losses].",
)
@click.option(
    "--arrangement",
    type=click.Choice(["methods", "schedules", "low_data"]),
    help="As in the paper's figure 4, 5 or 6: three metrics of the runs that belong there.",
)
@click.option(
    "-o",
    "--out",
    default="curves",
    show_default=True,
    type=click.Path(path_type=Path),
    help="Folder to write into.",
)
@debug_option
def command(
    runs: tuple[Path, ...],
    x: Literal["epoch", "seconds"],
    y: tuple[str, ...],
    arrangement: Literal["methods", "schedules", "low_data"] | None,
    out: Path,
) -> None:
    """Draw metrics and losses over the training of the runs RUN.

    Seeds of one recipe become their mean with a thin line each; phases of the schedule are shaded.
    Metrics need evaluate.every in the recipe. Writes PNG, SVG, and the data as CSV.
    """
    from sslse.curves import write_curves

    say = partial(click.echo, err=True)
    for path in write_curves(runs, out, x=x, y=y, arrangement=arrangement, say=say):
        click.echo(path)
