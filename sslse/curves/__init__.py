"""Curves of one or many runs over epochs or training time: pictures and their data."""

import csv
import importlib
import io
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from sslse.atomic import write_whole
from sslse.curves.arrange import ARRANGEMENTS, Arrangement, Panel, arrange
from sslse.curves.course import SCORE, Course, Point, group, mean, read_course
from sslse.errors import DependencyError, RunError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = [
    "ARRANGEMENTS",
    "Arrangement",
    "Course",
    "Point",
    "draw",
    "group",
    "read_course",
    "write_curves",
]

DOTS_PER_INCH = 150
MEAN = "mean"
HEAD = ("row", "figure", "curve", "run", "seed", "step", "epoch", "seconds", "value")
_NOTHING: dict[str, Any] = {
    "png": {"Software": None},
    "svg": dict.fromkeys(("Creator", "Date", "Format", "Type")),
}


def draw(
    courses: Sequence[Course],
    *,
    x: Literal["epoch", "seconds"] = "epoch",
    y: Sequence[str] = (),
    arrangement: Arrangement | None = None,
    say: Callable[[str], None] = lambda _: None,
) -> "Figure":
    """Draw curves as a figure of matplotlib; see `write_curves`."""
    _require_matplotlib()
    from sslse.curves.figure import draw_rows

    return draw_rows(arrange(courses, y=y, arrangement=arrangement, say=say), x=x)


def write_curves(
    folders: Sequence[Path],
    out: Path,
    *,
    x: Literal["epoch", "seconds"] = "epoch",
    y: Sequence[str] = (),
    arrangement: Arrangement | None = None,
    say: Callable[[str], None] = print,
    stem: str | None = None,
) -> list[Path]:
    """Write the curves of runs as PNG and SVG, and what they are drawn from as CSV.

    The same runs give the same bytes. Runs may still be training.

    Args:
        folders: run directories; seeds of one recipe are drawn as their mean and a thin line each.
        out: folder to write into, made where it is missing.
        x: epochs, or seconds of training.
        y: names of figures: metrics, losses or whatever else is logged; by default scores and
            losses, in an arrangement the paper's three metrics.
        arrangement: of the paper, see `sslse.curves.arrange`.
        say: told of runs that are left out.
        stem: name of the files; by default that of the arrangement, or ``curves``.

    Raises:
        DependencyError: matplotlib is not installed.
        RunError: a folder is no run, no run fits, or none has such a figure.
    """
    _require_matplotlib()
    from matplotlib import style

    from sslse.curves.figure import STYLE, draw_rows

    distinct = {folder.resolve(): folder for folder in folders}
    courses = [read_course(folder) for folder in distinct.values()]
    if courses and not any(one.scores for one in courses) and not y and arrangement is None:
        say("note: these runs have no scores of their training; evaluate.every would write them")
    rows = arrange(courses, y=y, arrangement=arrangement, say=say)
    figure = draw_rows(rows, x=x)
    stem = stem or (arrangement or "curves") + ("_seconds" if x == "seconds" else "")
    try:
        out.mkdir(parents=True, exist_ok=True)
    except FileExistsError as error:
        raise RunError(f"{out}: is a file; choose another folder with -o") from error
    written = []
    for kind, about in _NOTHING.items():
        file = io.BytesIO()
        with style.context(["default", STYLE]):
            figure.savefig(file, format=kind, dpi=DOTS_PER_INCH, metadata=about)
        written.append(out / f"{stem}.{kind}")
        write_whole(written[-1], file.getvalue())
    written.append(out / f"{stem}.csv")
    write_whole(written[-1], _table(rows))
    return written


def _table(rows: Sequence[Sequence[Panel]]) -> str:
    """Return every value that is drawn, a line each."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(HEAD)
    for panel in (one for row in rows for one in row):
        for label, seeds in panel.curves.items():
            where = (panel.row, panel.figure.removeprefix(SCORE), label)
            for one in seeds:
                for point in one.values(panel.figure):
                    writer.writerow([*where, one.folder, one.seed, *_cells(point)])
            if len(seeds) > 1:
                for point in mean(seeds, panel.figure):
                    writer.writerow([*where, "", MEAN, *_cells(point)])
    return text.getvalue()


def _cells(point: Point) -> tuple[int, float, float, float]:
    return point.step, point.epoch, point.seconds, point.value


def _require_matplotlib() -> None:
    try:
        importlib.import_module("matplotlib")
    except ImportError as error:
        raise DependencyError(
            "curves need the package matplotlib; install it with: pip install 'sslse[report]'"
        ) from error
