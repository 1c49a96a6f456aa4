"""Small plots as inline SVG; their colours are the page's, light or dark."""

import io
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib import style
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter

SIZE_INCHES = (5.0, 2.9)
TINTS = 4
FEW = 12
MARKED_AT_MOST = 150
WIDE = 30

SERIES = 8
COLOURS = ("text", "quiet", "line", "accent", *(f"series-{number}" for number in range(SERIES)))
DASHES: dict[str, Any] = {"solid": "-", "dashed": (0, (4, 2)), "dotted": (0, (1.2, 1.2))}

# Stand-ins: matplotlib writes them as they are, the page's CSS says what they look like.
_NAMED = {name: f"#0000{number:02x}" for number, name in enumerate(COLOURS, 1)}
_TINTS = [f"#0001{tint:02x}" for tint in range(TINTS)]
_VARIABLES = {stand_in: f"var(--{name})" for name, stand_in in _NAMED.items()} | {
    stand_in: f"var(--tint-{tint})" for tint, stand_in in enumerate(_TINTS)
}
_TEXT, _QUIET, _LINE, *_ = _NAMED.values()
_STYLE = {
    "svg.fonttype": "none",
    "font.size": 11.0,
    "axes.edgecolor": _LINE,
    "axes.labelcolor": _QUIET,
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.formatter.useoffset": False,
    "axes.unicode_minus": False,
    "grid.color": _LINE,
    "grid.linewidth": 0.6,
    "xtick.color": _LINE,
    "ytick.color": _LINE,
    "xtick.labelcolor": _QUIET,
    "ytick.labelcolor": _QUIET,
    "lines.linewidth": 1.6,
}


@dataclass(frozen=True)
class Phase:
    """A stretch of training in which the same losses count.

    Args:
        start: epoch.
        end: epoch.
        tint: number of its shade; phases alike share it.
        label: the losses and their weights.
    """

    start: float
    end: float
    tint: int
    label: str


def shades(lines: Sequence[dict[str, Any]]) -> list[Phase]:
    """Find the phases of a schedule in the lines of ``metrics.jsonl``.

    Phases are told apart by their weights; where weights keep changing (more of them than there
    are shades, or than every other line), by which losses count at all.
    """
    different = len({(one["weight_cl"], one["weight_se"]) for one in lines})
    exact = different == 1 or different <= min(TINTS, len(lines) // 2)
    phases: list[Phase] = []
    tints: dict[str, int] = {}
    before = 0.0
    for line in lines:
        label = _weights(line, exact=exact)
        start = phases.pop().start if phases and phases[-1].label == label else before
        tint = tints.setdefault(label, len(tints))
        before = float(line["epoch"])
        phases.append(Phase(start, before, tint, label))
    return phases


@dataclass(frozen=True)
class Stroke:
    """A curve of a plot.

    Args:
        xs: where its values lie.
        ys: NaN where there is none; the curve is broken there.
        colour: one of `COLOURS`.
        dashed: as in `DASHES`.
    """

    xs: Sequence[float]
    ys: Sequence[float]
    colour: str = "accent"
    dashed: str = "solid"


def plot_curves(
    name: str,
    strokes: Sequence[Stroke],
    *,
    over: str = "epoch",
    phases: Sequence[Phase] = (),
    marks: Sequence[float] | None = None,
) -> str:
    """Draw curves that share their axes.

    Args:
        name: unique on the page.
        strokes: the first lies undermost.
        over: what the horizontal axis is.
        phases: shaded behind the curves, over epochs.
        marks: the horizontal axis has these numbers alone; otherwise it begins at 0.
    """
    with style.context(["default", _STYLE | {"svg.hashsalt": name}]):
        figure, axes = _figure()
        _shade(axes, phases)
        for stroke in strokes:
            _draw(axes, stroke)
        if marks is None:
            axes.set_xlim(0, max(one for stroke in strokes for one in stroke.xs) or 1)
        else:
            axes.set_xticks(marks, [f"{one:g}" for one in marks])
        axes.set_xlabel(over)
        return _svg(figure, name)


def plot_weights(
    name: str,
    epochs: Sequence[float],
    cl: Sequence[float],
    se: Sequence[float],
    phases: Sequence[Phase],
) -> str:
    """Draw the weights of both losses over epochs.

    The axis is logarithmic where one loss's weights are much greater than the other's; a weight
    of 0 is then left out.

    Args:
        name: unique on the page.
        epochs: of each weight.
        cl: weights of the contrastive loss.
        se: weights of the enhancement loss.
        phases: shaded behind the curves.
    """
    low, high = sorted((max(cl), max(se)))
    wide = 0 < low * WIDE < high
    with style.context(["default", _STYLE | {"svg.hashsalt": name}]):
        figure, axes = _figure()
        _shade(axes, phases)
        for values, colour, dashed in ((cl, "accent", "solid"), (se, "quiet", "dashed")):
            drawn = [weight if weight > 0 or not wide else math.nan for weight in values]
            _draw(axes, Stroke(epochs, drawn, colour, dashed))
        axes.set_xlim(0, max(epochs))
        axes.set_xlabel("epoch")
        if wide:
            axes.set_yscale("log")
            axes.yaxis.set_major_formatter("{x:g}")
            axes.yaxis.set_minor_formatter(NullFormatter())
        else:
            axes.set_ylim(bottom=0)
        return _svg(figure, name)


def _shade(axes: Axes, phases: Sequence[Phase]) -> None:
    for number, phase in enumerate(phases):
        tint = _TINTS[phase.tint]
        area = axes.axvspan(phase.start, phase.end, color=tint, linewidth=0, zorder=0)
        area.set_gid(f"phase-{number}")


def _draw(axes: Axes, stroke: Stroke) -> None:
    count = len(stroke.xs)
    axes.plot(
        stroke.xs,
        stroke.ys,
        color=_NAMED[stroke.colour],
        linestyle=DASHES[stroke.dashed],
        marker="o" if count <= FEW else "." if count <= MARKED_AT_MOST else "",
        markersize=4,
        clip_on=False,
    )


def _figure() -> tuple[Figure, Axes]:
    figure = Figure(figsize=SIZE_INCHES, layout="constrained")
    return figure, figure.add_subplot()


def _svg(figure: Figure, name: str) -> str:
    """Return the bare ``<svg>``: scaled by the page, its ids unlike those of other plots."""
    file = io.StringIO()
    nothing = dict.fromkeys(("Creator", "Date", "Format", "Type"))
    figure.savefig(file, format="svg", transparent=True, metadata=nothing)
    _, _, drawing = file.getvalue().partition("<svg ")
    head, _, body = drawing.partition(">")
    view = re.search(r'viewBox="[^"]*"', head)
    body = re.sub(r"<style.*?</style>", "", body, flags=re.DOTALL)
    body = re.sub(r'(\bid="|href="#|url\(#)', rf"\g<1>{name}-", body)
    for stand_in, variable in _VARIABLES.items():
        body = body.replace(stand_in, variable)
    return f"<svg {view[0] if view else ''}>{body}"


def _weights(line: dict[str, Any], *, exact: bool) -> str:
    weights = {"CL": line["weight_cl"], "SE": line["weight_se"]}
    counted = {name: weight for name, weight in weights.items() if weight}
    if exact:
        return " + ".join(f"{name} x {weight:.3g}" for name, weight in counted.items())
    return " + ".join(counted)
