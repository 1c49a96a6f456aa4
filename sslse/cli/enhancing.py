"""Show what ``sslse enhance`` does: bars on a terminal, lines otherwise."""

import contextlib
import time
from collections.abc import Iterator
from typing import Any

import click
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from sslse.cli.console import Console
from sslse.enhance.job import Enhanced
from sslse.enhance.plan import Job, shown

LEAST_MISSING = 0.001  # seconds by which a file is said to end early


@contextlib.contextmanager
def make_lines(count: int, *, to_stderr: bool) -> Iterator["Lines"]:
    """Give a watcher of so many jobs.

    Args:
        count: of jobs.
        to_stderr: where standard output takes the sound.
    """
    console = Console(stderr=to_stderr)
    if not console.is_terminal:
        yield Lines(count, to_stderr=to_stderr)
        return
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=24),
        TextColumn("{task.fields[figures]}", markup=False),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console) as progress:
        yield Bars(count, progress)


def describe(done: Enhanced) -> str:
    """Say how much was done, how fast, and whether the source was as long as it says."""
    speed = f" ({done.seconds / done.computing:.3g}x real time)" if done.computing > 0 else ""
    text = f"{_seconds(done.seconds)} s in {done.computing:.2f} s{speed}"
    if done.missing > LEAST_MISSING:
        text += f"; its header says {_seconds(done.missing)} s more than is there"
    return text


def _seconds(number: float) -> str:
    return f"{number:.4g}" if number < 1000 else f"{number:.0f}"  # noqa: PLR2004


class Lines:
    """A line for each file, and one at the end; those about failures go to standard error.

    Args:
        count: of jobs.
        to_stderr: whether all lines go there.

    Attributes:
        failed: how many inputs failed by now.
    """

    def __init__(self, count: int, *, to_stderr: bool = False) -> None:
        self._count, self._to_stderr = count, to_stderr
        self.failed = self._done = 0
        self._seconds = 0.0
        self._began = time.perf_counter()

    def advanced(self, job: Job, done: float, seconds: float) -> None:
        """Show nothing."""

    def ended(self, job: Job, result: Enhanced | str) -> None:
        """Say what became of a job."""
        if isinstance(result, str):
            self.fail(result)
            return
        self.did(f"{shown(job.source)} -> {shown(job.target)}", result)

    def did(self, what: str, done: Enhanced) -> None:
        """Say what was done."""
        self._done += 1
        self._seconds += done.seconds
        self._say(f"{what}: {describe(done)}", wrong=False)

    def fail(self, line: str) -> None:
        """Say what failed."""
        self.failed += 1
        self._say(line, wrong=True)

    def close(self) -> None:
        """Say what was done in all; nothing for one file that is told already."""
        taken = time.perf_counter() - self._began
        if self._done + self.failed > 1:
            failed = f", {self.failed} failed" if self.failed else ""
            speed = f" ({self._seconds / taken:.3g}x real time)" if self._done else ""
            total = f"{_seconds(self._seconds)} s in {taken:.2f} s{speed}"
            self._say(f"{self._done} enhanced{failed}: {total}", wrong=False)

    def _say(self, line: str, *, wrong: bool) -> None:
        text = " ".join(line.split())
        safe = text.encode("utf-8", "backslashreplace").decode()
        click.echo(safe, err=wrong or self._to_stderr)


class Bars(Lines):
    """Besides, a bar for each file at work and one for all.

    Args:
        count: of jobs.
        progress: that shows them.
    """

    def __init__(self, count: int, progress: Progress) -> None:
        super().__init__(count)
        self._progress = progress
        self._bars: dict[Job, Any] = {}
        self._all = progress.add_task("files", total=count, figures=f"0/{count}", visible=count > 1)
        self._starts: dict[Job, float] = {}

    def advanced(self, job: Job, done: float, seconds: float) -> None:
        """Move the bar of a job."""
        now = time.perf_counter()
        if job not in self._bars:
            self._starts[job] = now
            self._bars[job] = self._progress.add_task(
                shown(job.source), total=seconds, figures=f"{done:.0f}/{seconds:.0f} s"
            )
        taken = now - self._starts[job]
        speed = f" {done / taken:.3g}x" if taken > 0 else ""
        figures = f"{done:.0f}/{seconds:.0f} s{speed}"
        self._progress.update(self._bars[job], completed=done, figures=figures)

    def ended(self, job: Job, result: Enhanced | str) -> None:
        """Take the bar of a job away, and say what became of it."""
        if job in self._bars:
            self._progress.remove_task(self._bars.pop(job))
        super().ended(job, result)
        figures = f"{self._done + self.failed}/{self._count}"
        self._progress.update(self._all, completed=self._done + self.failed, figures=figures)

    def _say(self, line: str, *, wrong: bool) -> None:
        style = "red" if wrong else None
        safe = " ".join(line.split()).encode("utf-8", "backslashreplace").decode()
        self._progress.console.print(
            safe, style=style, markup=False, highlight=False, soft_wrap=True
        )
