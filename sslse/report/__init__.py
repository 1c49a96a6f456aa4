"""The report of a run: one static file."""

from collections.abc import Callable
from pathlib import Path


def write_report(folder: Path, say: Callable[[str], None]) -> None:
    """Write ``report.html`` where the extra ``report`` is installed; say so where it is not."""
    say(f"{folder}: no report yet")
