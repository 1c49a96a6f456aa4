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
MARKED_AT_MOST = 150
WIDE = 30

# Stand-ins: matplotlib writes them as they are, the page's CSS says what they look like.
_COLOURS = {
    "#000001": "var(--text)",
    "#000002": "var(--quiet)",
    "#000003": "var(--line)",
    "#000004": "var(--accent)",
    **{f"#00001{tint}": f"var(--tint-{tint})" for tint in range(TINTS)},
}
_TEXT, _QUIET, _LINE, _ACCENT, *_TINTS = _COLOURS
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


def plot_training(
    name: str, epochs: Sequence[float], values: Sequence[float], phases: Sequence[Phase]
) -> str:
    """Draw one figure of the training over epochs.

    Args:
        name: unique on the page.
        epochs: of each value.
        values: NaN where there is none; the curve is broken there.
        phases: shaded behind the curve.
    """
    with style.context(["default", _STYLE | {"svg.hashsalt": name}]):
        figure, axes = _figure()
        _over_epochs(axes, epochs, phases)
        axes.plot(epochs, values, color=_ACCENT, marker=_marker(values), markersize=4)
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
        _over_epochs(axes, epochs, phases)
        for values, colour, line in ((cl, _ACCENT, "-"), (se, _QUIET, (0, (4, 2)))):
            drawn = [weight if weight > 0 or not wide else math.nan for weight in values]
            axes.plot(
                epochs, drawn, color=colour, linestyle=line, marker=_marker(values), markersize=4
            )
        if wide:
            axes.set_yscale("log")
            axes.yaxis.set_major_formatter("{x:g}")
            axes.yaxis.set_minor_formatter(NullFormatter())
        else:
            axes.set_ylim(bottom=0)
        return _svg(figure, name)


def plot_ratios(
    name: str, snr_db: Sequence[float], noisy: Sequence[float], enhanced: Sequence[float]
) -> str:
    """Draw a metric of noisy and enhanced waves over the SNR; NaN where there is no mean."""
    with style.context(["default", _STYLE | {"svg.hashsalt": name}]):
        figure, axes = _figure()
        axes.plot(snr_db, noisy, color=_QUIET, marker="o", markersize=4, linestyle=(0, (4, 2)))
        axes.plot(snr_db, enhanced, color=_ACCENT, marker="o", markersize=4)
        axes.set_xticks(snr_db, [f"{one:g}" for one in snr_db])
        axes.set_xlabel("SNR (dB)")
        return _svg(figure, name)


def _over_epochs(axes: Axes, epochs: Sequence[float], phases: Sequence[Phase]) -> None:
    """Set up the axis of epochs and shade the phases."""
    for number, phase in enumerate(phases):
        tint = _TINTS[phase.tint]
        area = axes.axvspan(phase.start, phase.end, color=tint, linewidth=0, zorder=0)
        area.set_gid(f"phase-{number}")
    axes.set_xlim(0, max(epochs))
    axes.set_xlabel("epoch")


def _marker(values: Sequence[float]) -> str:
    return "." if len(values) <= MARKED_AT_MOST else ""


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
    for stand_in, colour in _COLOURS.items():
        body = body.replace(stand_in, colour)
    return f"<svg {view[0] if view else ''}>{body}"


def _weights(line: dict[str, Any], *, exact: bool) -> str:
    weights = {"CL": line["weight_cl"], "SE": line["weight_se"]}
    counted = {name: weight for name, weight in weights.items() if weight}
    if exact:
        return " + ".join(f"{name} x {weight:.3g}" for name, weight in counted.items())
    return " + ".join(counted)
