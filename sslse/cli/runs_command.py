"""``sslse runs``."""

import sys
import time
from pathlib import Path

import click

from sslse.cli import completion
from sslse.cli.manual import Manual
from sslse.cli.options import debug_option

PIPED_WIDTH = 160


@click.command(
    "runs",
    cls=Manual,
    reads="The run directories in FOLDER and below.",
    examples=(
        ("what there is in runs/", "sslse runs"),
        ("a sweep, the best first", "sslse runs runs/byol_sweep --sort si_sdr"),
        ("all metrics, for other tools", "sslse runs --format csv"),
    ),
)
@click.argument("folder", default="runs", type=click.Path(path_type=Path))
@click.option(
    "--format",
    "form",
    default="terminal",
    show_default=True,
    type=click.Choice(["terminal", "csv", "json"]),
    help="How to write the list; csv and json hold every metric.",
)
@click.option(
    "--sort",
    default="name",
    show_default=True,
    metavar="name|age|state|METRIC",
    shell_complete=completion.metrics("name", "age", "state"),
    help="The youngest, the most urgent, or the best of a metric first.",
)
@click.option(
    "--metric",
    "metrics",
    metavar="METRIC",
    multiple=True,
    shell_complete=completion.metrics(),
    help="Show this metric in the terminal [the first three of the recipes]; may be repeated.",
)
@debug_option
def command(folder: Path, form: str, sort: str, metrics: tuple[str, ...]) -> None:
    """List the runs in FOLDER (runs) and below: how far they are, and what they reached.

    Figures are means over the test mixtures, noisy -> enhanced. A run that cannot be read is
    listed as damaged.
    """
    from sslse.errors import RunError
    from sslse.run_list import SHOWN_METRICS, as_csv, as_json, metrics_of, order, terminal_rows
    from sslse.run_state import find_runs, read_state

    if not folder.is_dir():
        raise RunError(f"{folder}: no such folder; give the one that holds the runs")
    states = order([read_state(one) for one in find_runs(folder)], sort)
    if form == "csv":
        click.echo(as_csv(states), nl=False)
    elif form == "json":
        click.echo(as_json(states), nl=False)
    elif not states:
        click.echo(f"{folder}: holds no runs")
    else:
        from rich.table import Table
        from rich.text import Text

        from sslse.cli.console import Console

        shown = list(metrics) or metrics_of(states)[:SHOWN_METRICS]
        head, rows = terminal_rows(states, shown, folder, time.time())
        table = Table(*head)
        for row in rows:
            table.add_row(*(Text(cell) for cell in row))
        Console(width=None if sys.stdout.isatty() else PIPED_WIDTH).print(table)
