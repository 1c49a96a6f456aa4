"""``sslse compare``."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from sslse.cli import completion
from sslse.cli.manual import Manual
from sslse.cli.options import debug_option

if TYPE_CHECKING:
    from sslse.compare.results import Cluster
    from sslse.compare.writing import Format


@click.command(
    "compare",
    cls=Manual,
    reads="evaluation.json and evaluation.csv of each RUN; of --report also sounds and curves.",
    writes="Nothing but what -o and --report say.",
    examples=(
        ("is the second better than the first?", "sslse compare runs/normal runs/byol"),
        (
            "one metric, against a classical baseline",
            "sslse compare runs/byol --baseline log_mmse --metric si_sdr",
        ),
        (
            "a table for a paper, the published figures beside it",
            "sslse compare runs/normal runs/byol --paper --format latex -o table.tex",
        ),
        (
            "how both do on other data, once evaluated there",
            "sslse compare runs/normal runs/byol --evaluation timit_nonspeech",
        ),
        (
            "a page with plots and sounds",
            "sslse compare runs/normal runs/byol --report runs/comparison",
        ),
    ),
)
@click.argument("runs", metavar="RUN...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--paper", is_flag=True, help="Put the paper's own figures beside the rows.")
@click.option(
    "--baseline",
    metavar="NAME",
    help="What every run is held against: a run, 'noisy', or a baseline. The first run if left "
    "out; 'noisy' where there is one run.",
)
@click.option(
    "--metric",
    "metrics",
    metavar="M",
    multiple=True,
    shell_complete=completion.metrics(),
    help="Compare this metric; may be given several times. All that the runs share if left out.",
)
@click.option(
    "--evaluation",
    metavar="NAME",
    help="Compare the evaluation of this name of every run; its own if left out. A RUN may also be "
    "the folder of one: RUN/evaluations/NAME.",
)
@click.option(
    "--format",
    "style",
    default="terminal",
    show_default=True,
    type=click.Choice(["terminal", "markdown", "latex", "csv", "json"]),
    help="How to write it.",
)
@click.option(
    "-o",
    "--output",
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write into this file instead of showing it.",
)
@click.option(
    "--report",
    metavar="DIR",
    type=click.Path(path_type=Path, file_okay=False),
    help="Also write a page with plots and sounds, report.html, into DIR.",
)
@click.option(
    "--cluster",
    default="speaker",
    show_default=True,
    type=click.Choice(["speaker", "utterance"]),
    help="What the intervals are for, besides other noises: other speakers, or other utterances "
    "of these.",
)
@click.option(
    "--seed",
    default=0,
    show_default=True,
    type=click.IntRange(min=0),
    help="Of the resamples behind the intervals.",
)
@debug_option
def command(
    runs: tuple[Path, ...],
    paper: bool,
    baseline: str | None,
    metrics: tuple[str, ...],
    evaluation: str | None,
    style: "Format",
    output: Path | None,
    report: Path | None,
    cluster: "Cluster",
    seed: int,
) -> None:
    """Compare the evaluated runs RUN: means, differences with intervals, better or worse.

    Runs of one recipe with several seeds are one row; with one seed the words are of that model
    alone. Every run is held against the first one, or against --baseline, mixture by mixture.
    Runs scored on other mixtures or with other metrics are refused.
    """
    from sslse.atomic import write_whole
    from sslse.cli.console import Console
    from sslse.compare import compare, lay_out, load_results, write_text
    from sslse.compare.screen import draw
    from sslse.evaluate.named import find_evaluation

    chosen = runs if evaluation is None else [find_evaluation(one, evaluation) for one in runs]
    results = load_results(chosen, metrics)
    comparison = compare(results, baseline=baseline, paper=paper, cluster=cluster, seed=seed)
    console = Console()
    if output is not None:
        write_whole(output, write_text(comparison, style))
        click.echo(str(output))
    elif style == "terminal" and console.is_terminal:
        draw(console, lay_out(comparison), comparison.notes)
    else:
        click.echo(write_text(comparison, style), nl=False)
    if report is not None:
        from sslse.report import REPORT, write_comparison

        write_comparison(report, comparison, lambda line: click.echo(line, err=True))
        if (report / REPORT).is_file():
            click.echo(str(report / REPORT), err=True)
