"""Show a run on a terminal or as plain lines."""

import contextlib
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from rich.box import SIMPLE
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from sslse import ranks
from sslse.cli.console import Console

PLAIN_SECONDS = 10.0
WIDTH = 80
GAP = 2  # between two columns
REASONS = 6  # of failed scores that are shown, the most frequent


@contextlib.contextmanager
def make_display() -> Iterator["PlainDisplay | LiveDisplay"]:
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
        self._scored = ""

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
        self._counted(f"scored {done}/{count} mixtures", last=done == count)

    def encoding(self, done: int, count: int) -> None:
        """Show how many waves are encoded."""
        self._counted(f"encoded {done}/{count} waves", last=done == count)

    def _counted(self, text: str, *, last: bool) -> None:
        if text != self._scored and self._due(last):
            self._scored = text
            self.say(text)

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

    def encoding(self, done: int, count: int) -> None:
        """Move the bar of what is encoded."""
        self._move("encoding", done, count, "waves")

    def _move(self, name: str, done: int, count: int, figures: str) -> None:
        if name not in self._bars:
            self._bars[name] = self._progress.add_task(name, total=count, figures="")
        self._progress.update(self._bars[name], completed=done, figures=figures)


def show_results(summary: dict[str, Any], folder: Path) -> None:
    """Print the closing tables and the paths written."""
    console = Console()
    for table in results_tables(summary):
        console.print(table)
    for line in incomplete(summary):
        console.print(line, style="yellow", markup=False, highlight=False, soft_wrap=True)
    for path in sorted(folder.iterdir()):
        if path.is_file():
            console.print(str(path), highlight=False, soft_wrap=True)


def results_tables(summary: dict[str, Any]) -> list[Table]:
    """Lay out all conditions per SNR and over all, in tables narrow enough for 80 columns.

    The column ``failed`` counts the scores of a row that failed, of all metrics.
    """
    portions: list[list[str]] = [[]]
    room = WIDTH - sum(GAP + len(one) for one in ("SNR (dB)", "failed"))
    room -= GAP + max(map(len, summary["conditions"]))
    for metric in summary["metrics"]:
        if portions[-1] and sum(map(_width, [*portions[-1], metric])) > room:
            portions.append([])
        portions[-1].append(metric)
    return [_table(summary, portion) for portion in portions]


def _width(metric: str) -> int:
    return GAP + max(len(metric), len("no score"))


def _table(summary: dict[str, Any], metrics: Sequence[str]) -> Table:
    counts, conditions = summary["counts"], summary["conditions"]
    table = Table(title=f"{counts['mixtures']} test mixtures", box=SIMPLE, padding=(0, 1, 0, 0))
    table.add_column("SNR (dB)", justify="right")
    table.add_column("wave", no_wrap=True)
    for metric in (*metrics, "failed"):
        table.add_column(metric, justify="right", overflow="fold")
    groups = {**summary["per_snr"], "all": summary["mean"]}
    all_failed = {**counts["failed_per_snr"], "all": counts["failed"]}
    for label, means in groups.items():
        for condition in conditions:
            cells = [_cell(means[condition][name]) for name in metrics]
            first, last = condition == conditions[0], condition == conditions[-1]
            row = (label if first else "", condition, *cells, str(all_failed[label][condition]))
            table.add_row(*row, end_section=last)
    return table


def incomplete(summary: dict[str, Any]) -> list[str]:
    """Say how many scores failed, and which means are over fewer mixtures than there are."""
    counts = summary["counts"]
    failed = {one: count for one, count in counts["failed"].items() if count}
    if not failed:
        return []
    listed = ", ".join(f"{count} {one}" for one, count in failed.items())
    lines = [f"scores that failed: {listed}; evaluation.csv says which and why"]
    reasons = Counter[str]()
    for condition, metrics in summary["failures"].items():
        for each in metrics.values():
            reasons.update({f"{condition}: {reason}": count for reason, count in each.items()})
    lines += [f"{count} x {reason}" for reason, count in reasons.most_common(REASONS)]
    if len(reasons) > REASONS:
        lines.append(f"and {len(reasons) - REASONS} more reasons")
    alike: dict[str, list[str]] = {}
    for metric in summary["metrics"]:
        scored = {one: counts["scored_by_condition"][one][metric] for one in summary["conditions"]}
        if min(scored.values()) < counts["mixtures"]:
            over = ", ".join(f"{one} {count}" for one, count in scored.items())
            alike.setdefault(over, []).append(metric)
    return lines + [
        f"means over so many of {counts['mixtures']} mixtures: {over} ({', '.join(metrics)})"
        for over, metrics in alike.items()
    ]


def _cell(score: float | None) -> str:
    return "no score" if score is None else f"{score:.3f}"
