"""Write the logged lines of a run, show them and watch them for collapse."""

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from sslse.api import Progress
from sslse.train.log import MetricsFile
from sslse.train.monitor import Monitor

METRICS = "metrics.jsonl"
Watch = Callable[[dict[str, Any]], None]


class Journal:
    """The lines of ``metrics.jsonl`` as they come, with the time they took.

    Args:
        path: of the file.
        first: steps taken before; later lines are dropped, they come again.
        monitor: is shown the lines that stay, and every new one.
        progress: the clock at a step.
        watches: see every new line.
    """

    def __init__(
        self,
        path: Path,
        first: int,
        monitor: Monitor,
        progress: Callable[[int], Progress],
        watches: Sequence[Watch],
    ) -> None:
        self._file = MetricsFile(path, first)
        self._monitor = monitor
        self._progress = progress
        self._watches = watches
        for line in self._file.kept:
            monitor.check(line, progress(line["step"] - 1))
        self._since, self._lap = first, time.monotonic()
        self._started = self._lap - self._file.seconds

    @property
    def seconds(self) -> float:
        """Training time until now."""
        return time.monotonic() - self._started

    def write(self, line: dict[str, Any], pairs_per_step: int) -> dict[str, str]:
        """Write a line with its times; return what the monitor warns about, by figure."""
        now, done = time.monotonic(), line["step"]
        pairs = (done - self._since) * pairs_per_step
        line = line | {
            "seconds": now - self._started,
            "pairs_per_second": pairs / max(now - self._lap, 1e-9),
        }
        warnings = self._monitor.check(line, self._progress(done - 1))
        self._file.write(line | ({"warnings": warnings} if warnings else {}))
        for watch in self._watches:
            watch(line)
        self._since, self._lap = done, now
        return warnings

    def sync(self) -> None:
        """Flush the file to the disk."""
        self._file.sync()
