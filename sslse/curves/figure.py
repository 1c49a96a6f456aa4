"""Draw curves with matplotlib."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, Literal

import numpy as np
from matplotlib import style
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from sslse.curves.arrange import Panel
from sslse.curves.course import SCORE, Course, Point, mean
from sslse.report.curves import Phase, shades

X = Literal["epoch", "seconds"]
PANEL_INCHES = (3.4, 2.6)
MARKED_AT_MOST = 40
# Okabe and Ito's colours, told apart with any colour vision, each with a dash of its own.
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000")
DASHES: tuple[Any, ...] = ("-", (0, (5, 1.5)), (0, (1.5, 1.2)), (0, (6, 1.5, 1.5, 1.5)))
SHADES = ("#e4e4e4", "#f6f6f6", "#d3dfe8", "#efe3d3")
STYLE = {
    "svg.hashsalt": "sslse",
    "font.size": 9.0,
    "axes.titlesize": 9.5,
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.formatter.useoffset": False,
    "grid.color": "#dddddd",
    "grid.linewidth": 0.5,
    "lines.linewidth": 1.5,
    "lines.markersize": 3.0,
}
TITLES = {
    "score/pesq_nb": "PESQ (narrow band)",
    "score/pesq_wb": "PESQ (wide band)",
    "score/stoi": "STOI",
    "score/estoi": "ESTOI",
    "score/si_sdr": "SI-SDR (dB)",
    "loss": "weighted sum of the losses",
    "cl": "contrastive loss (CL)",
    "se": "enhancement loss (SE)",
}
_HOURS, _MINUTES = 3 * 3600.0, 300.0


def draw_rows(rows: Sequence[Sequence[Panel]], *, x: X) -> Figure:
    """Draw panels in rows, with one legend.

    Seeds of a recipe are drawn as their mean with a thin line for each. Phases of the schedule are
    shaded where all runs of a panel that have any share them; where they do not, a bar for each
    run says at the foot of the panel when CL counts.

    Args:
        rows: of panels.
        x: what the horizontal axis is.
    """
    panels = [panel for row in rows for panel in row]
    labels = list(dict.fromkeys(label for panel in panels for label in panel.curves))
    looks = {label: look(number) for number, label in enumerate(labels)}
    runs = [run for panel in panels for seeds in panel.curves.values() for run in seeds]
    unit, name = _unit(runs, x)
    columns = max(len(row) for row in rows)
    size = (PANEL_INCHES[0] * columns, PANEL_INCHES[1] * len(rows) + 0.5)
    entries: dict[str, Any] = {}
    with style.context(["default", STYLE]):
        figure = Figure(figsize=size, layout="constrained")
        grid = figure.subplots(len(rows), columns, squeeze=False)
        for row, places in zip(rows, grid, strict=True):
            for place, axes in enumerate(places):
                if place < len(row):
                    entries |= _panel(axes, row[place], looks, x, unit)
                    axes.set_xlabel(name)
                else:
                    axes.set_axis_off()
        handles = {label: Line2D([], [], **looks[label]) for label in labels} | entries
        figure.legend(
            handles.values(),
            handles.keys(),
            loc="outside lower center",
            ncols=min(4, len(handles)),
            frameon=False,
        )
    return figure


def _panel(
    axes: Axes, panel: Panel, looks: dict[str, dict[str, Any]], x: X, unit: float
) -> dict[str, Any]:
    """Draw one panel; return legend entries for what is behind the curves."""
    title = TITLES.get(panel.figure, panel.figure.removeprefix(SCORE))
    axes.set_title(f"{panel.row}: {title}" if panel.row else title)
    for label, seeds in panel.curves.items():
        look = looks[label]
        if len(seeds) == 1:
            _line(axes, seeds[0].values(panel.figure, gaps=True), x, unit, look)
            continue
        for one in seeds:
            thin = look | {"linewidth": 0.6, "alpha": 0.55, "marker": ""}
            _line(axes, one.values(panel.figure, gaps=True), x, unit, thin)
        _line(axes, mean(seeds, panel.figure, gaps=True), x, unit, look)
    entries = _behind(axes, panel, looks, x, unit)
    axes.set_xlim(left=0)
    return entries


def _line(axes: Axes, points: Sequence[Point], x: X, unit: float, look: dict[str, Any]) -> None:
    marker = {"marker": "o"} if len(points) <= MARKED_AT_MOST else {}
    across = [getattr(point, x) / unit for point in points]
    axes.plot(across, [point.value for point in points], **(marker | look))


def _behind(
    axes: Axes, panel: Panel, looks: dict[str, dict[str, Any]], x: X, unit: float
) -> dict[str, Any]:
    """Show the phases of the schedules of a panel."""
    changing: dict[str, list[Phase]] = {}
    clocks: dict[str, Course] = {}
    for label, seeds in panel.curves.items():
        phases = shades(seeds[0].lines) if seeds[0].lines else []
        if len(phases) > 1:
            changing[label], clocks[label] = phases, seeds[0]
    of_some = f"{', '.join(changing)}: " if len(changing) < len(panel.curves) else ""
    several = any(one != other for one, other in pairwise(changing.values()))
    entries: dict[str, Any] = {}
    for number, (label, phases) in enumerate(changing.items()):
        edges = [_across(clocks[label], phase, x, unit) for phase in phases]
        if several:
            counted = [(a, b - a) for (a, b), one in zip(edges, phases, strict=True) if _cl(one)]
            foot = (0.01 + 0.04 * number, 0.025)
            where = axes.get_xaxis_transform()
            colour = looks[label]["color"]
            axes.broken_barh(counted, foot, transform=where, facecolors=colour, alpha=0.6)
            entries["bars: while CL counts"] = Patch(facecolor="#888888", alpha=0.6)
        elif number == 0:
            for (start, end), phase in zip(edges, phases, strict=True):
                shade = SHADES[phase.tint % len(SHADES)]
                axes.axvspan(start, end, color=shade, linewidth=0, zorder=0)
                entries[f"{of_some}{phase.label}"] = Patch(
                    facecolor=shade, edgecolor="#bbbbbb", linewidth=0.5
                )
    return entries


def _cl(phase: Phase) -> bool:
    return phase.label.startswith("CL")


def _across(course: Course, phase: Phase, x: X, unit: float) -> tuple[float, float]:
    """Return where a phase, known in epochs, starts and ends on the axis."""
    if x == "epoch":
        return phase.start, phase.end
    epochs = [0.0, *(line["epoch"] for line in course.lines)]
    seconds = [0.0, *(line["seconds"] for line in course.lines)]
    start, end = np.interp([phase.start, phase.end], epochs, seconds)
    return float(start) / unit, float(end) / unit


def look(number: int) -> dict[str, Any]:
    """Return colour and dash of a curve given by its place; 28 have one each."""
    turn, place = divmod(number, len(COLOURS))
    return {"color": COLOURS[place], "linestyle": DASHES[(turn + place) % len(DASHES)]}


def _unit(runs: Sequence[Course], x: X) -> tuple[float, str]:
    """Return what the values of the axis are divided by, and its name."""
    if x == "epoch":
        return 1.0, "epoch"
    lines = [line for run in runs for line in (*run.lines, *run.scores)]
    longest = max((float(line["seconds"]) for line in lines), default=0.0)
    if longest >= _HOURS:
        return 3600.0, "training time (hours)"
    if longest >= _MINUTES:
        return 60.0, "training time (minutes)"
    return 1.0, "training time (seconds)"
