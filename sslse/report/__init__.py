"""The report of a run: one static file."""

import importlib
from collections.abc import Callable
from pathlib import Path

REPORT = "report.html"
PACKAGES = ("jinja2", "matplotlib")


def write_report(folder: Path, say: Callable[[str], None]) -> None:
    """Write ``report.html`` from what a run directory holds, whole or not at all.

    Where the extra ``report`` is not installed, nothing is written but how to get it.

    Args:
        folder: the run directory, already evaluated.
        say: takes the line about a missing extra.
    """
    for package in PACKAGES:
        try:
            importlib.import_module(package)
        except ImportError:
            say(f"note: no {REPORT}: {package} is not installed; pip install 'sslse[report]'")
            return
    from sslse.report.page import render

    partial = folder / f"{REPORT}.partial"
    partial.write_text(render(folder), encoding="utf-8")
    partial.replace(folder / REPORT)
