"""The report of a run, or of a comparison: one static file."""

import importlib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from sslse.atomic import write_whole

if TYPE_CHECKING:
    from sslse.compare import Comparison

REPORT = "report.html"
PACKAGES = ("jinja2", "matplotlib")


def write_report(folder: Path, say: Callable[[str], None]) -> None:
    """Write ``report.html`` from what a run directory holds, whole or not at all.

    Where the extra ``report`` is not installed, nothing is written but how to get it.

    Args:
        folder: the run directory, already evaluated.
        say: takes the line about a missing extra.

    Raises:
        RecipeError: its recipe is unreadable.
        RunError: one of its files is missing or damaged.
    """
    if _able(say):
        from sslse.report.page import render

        _write(folder, render(folder))


def write_comparison(folder: Path, comparison: "Comparison", say: Callable[[str], None]) -> None:
    """Write the ``report.html`` of a comparison, whole or not at all.

    Where the extra ``report`` is not installed, nothing is written but how to get it.

    Args:
        folder: takes the file; made where it is missing.
        comparison: its runs' folders are looked into for curves, recipes and sounds.
        say: takes the line about a missing extra.

    Raises:
        RecipeError: a recipe is unreadable.
        RunError: a file of a run is damaged.
    """
    if _able(say):
        from sslse.report.comparison_page import render_comparison

        text = render_comparison(comparison)
        folder.mkdir(parents=True, exist_ok=True)
        _write(folder, text)


def _able(say: Callable[[str], None]) -> bool:
    for package in PACKAGES:
        try:
            importlib.import_module(package)
        except ImportError:
            say(f"note: no {REPORT}: {package} is not installed; pip install 'sslse[report]'")
            return False
    return True


def _write(folder: Path, text: str) -> None:
    """Write the page; what UTF-8 cannot hold, such as half of a pair in a name, becomes a mark."""
    write_whole(folder / REPORT, text.encode(errors="replace"))
