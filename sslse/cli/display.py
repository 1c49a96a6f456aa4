"""Show a run on a terminal or as plain lines."""

import contextlib
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from sslse import ranks
from sslse.run import Display

PLAIN_SECONDS = 10.0


@contextlib.contextmanager
def make_display() -> Iterator[Display]:
    """Give a live display on a terminal, plain lines otherwise; of several ranks to rank 0."""
    console = Console(quiet=not ranks.main())
    if not console.is_terminal:
        yield PlainDisplay(console)
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        TextColumn("{task.completed:.0f}/{task.total:.0f}"),
        TextColumn("{task.fields[figures]}"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console) as progress:
        yield LiveDisplay(progress)


def describe_line(line: dict[str, Any]) -> str:
    """Say a line of ``metrics.jsonl`` briefly: losses with their weights, speed."""
    parts = [f"loss {line['loss']:.3f}"]
    parts += [
        f"{name.upper()} {line[name]:.3f} x {line[f'weight_{name}']:g}"
        for name in ("cl", "se")
        if name in line
    ]
    return ", ".join([*parts, f"{line['pairs_per_second']:.1f} pairs/s"])


class PlainDisplay:
    """Lines for files and pipes, at most one every ten seconds, and the last."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._shown = time.monotonic()

    def say(self, text: str) -> None:
        """Show a line."""
        self._console.print(text, markup=False, highlight=False, soft_wrap=True)

    def training(self, line: dict[str, Any], steps: int) -> None:
        """Show a logged line."""
        done = line["step"]
        if self._due(done == steps):
            text = f"step {done}/{steps}, epoch {line['epoch']:.1f}, {describe_line(line)}"
            self.say(text)

    def evaluating(self, done: int, count: int) -> None:
        """Show how many mixtures are scored."""
        if self._due(done == count):
            self.say(f"scored {done}/{count} mixtures")

    def _due(self, last: bool) -> bool:
        now = time.monotonic()
        if not last and now - self._shown < PLAIN_SECONDS:
            return False
        self._shown = now
        return True


class LiveDisplay:
    """A bar for the training and one for the evaluation."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._bars: dict[str, Any] = {}

    def say(self, text: str) -> None:
        """Show a line above the bars."""
        self._progress.console.print(text, markup=False, highlight=False, soft_wrap=True)

    def training(self, line: dict[str, Any], steps: int) -> None:
        """Move the training's bar."""
        figures = f"epoch {line['epoch']:.1f}, {describe_line(line)}"
        self._move("training", line["step"], steps, figures)

    def evaluating(self, done: int, count: int) -> None:
        """Move the evaluation's bar."""
        self._move("evaluating", done, count, "mixtures")

    def _move(self, name: str, done: int, count: int, figures: str) -> None:
        if name not in self._bars:
            self._bars[name] = self._progress.add_task(name, total=count, figures="")
        self._progress.update(self._bars[name], completed=done, figures=figures)


def show_results(summary: dict[str, Any], folder: Path) -> None:
    """Print the closing table and the paths written."""
    console = Console()
    console.print(results_table(summary))
    failed = sum(
        count
        for metrics in summary["failures"].values()
        for reasons in metrics.values()
        for count in reasons.values()
    )
    if failed:
        console.print(f"{failed} scores failed; evaluation.csv says which and why", style="yellow")
    for path in sorted(folder.iterdir()):
        if path.is_file():
            console.print(str(path), highlight=False, soft_wrap=True)


def results_table(summary: dict[str, Any]) -> Table:
    """Lay out noisy and enhanced per SNR and over all, narrow enough for 80 columns."""
    metrics = list(summary["mean"]["noisy"])
    table = Table(title=f"{summary['counts']['mixtures']} test mixtures")
    table.add_column("SNR (dB)", justify="right")
    table.add_column("wave")
    for metric in metrics:
        table.add_column(metric, justify="right")
    for label, means in [*summary["per_snr"].items(), ("all", summary["mean"])]:
        for condition, scores in means.items():
            cells = [_cell(scores[name]) for name in metrics]
            last = condition == "enhanced"
            table.add_row("" if last else label, condition, *cells, end_section=last)
    return table


def _cell(score: float | None) -> str:
    return "no score" if score is None else f"{score:.3f}"
