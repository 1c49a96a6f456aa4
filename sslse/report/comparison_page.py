"""What the report of a comparison says."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sslse.compare import Comparison, Difference
from sslse.compare.comparison import Row as Entry
from sslse.compare.results import By
from sslse.evaluate.named import run_of
from sslse.recipe.reader import read_file
from sslse.report.comparison_runs import hear_runs, plot_logs, plot_scores
from sslse.report.curves import SERIES, Stroke, plot_curves
from sslse.report.dots import DotPlot, Value, dot_plot
from sslse.report.reading import Measure
from sslse.report.scores import Look, written
from sslse.report.spectrogram import RANGE_DB
from sslse.report.template import fill
from sslse.report.training import Panel
from sslse.run_folder import RECIPE, differences

TEMPLATE = "comparison.html.j2"
NAMED = 3  # in the title
BASELINES = SERIES - 2  # colour of the first; the next ones go down


@dataclass(frozen=True)
class Cell:
    """A mean as text: with the spread of the seeds, and what it sorts by."""

    text: str
    spread: str
    value: float | None


def render_comparison(comparison: Comparison) -> str:
    """Return the report of a comparison as HTML.

    Curves, recipes and mixtures to hear come from the folders of its runs, where they are there.

    Raises:
        RecipeError: a recipe is unreadable.
        RunError: a file of a run is damaged.
    """
    looks = _looks(comparison)
    runs = [row for row in comparison.rows if row.kind == "run"]
    measures = _measures(comparison)
    against = comparison.reference
    named = [row.label for row in runs]
    return fill(
        TEMPLATE,
        title=" · ".join(named) if len(named) <= NAMED else f"{len(named)} runs compared",
        comparison=comparison,
        confidence=f"{100 * comparison.confidence:g}",
        looks=list(looks.values()),
        rows=[(row, *_cells(comparison, row)) for row in comparison.rows],
        overall=[_line(comparison, one) for one in comparison.differences if one.by == "all"],
        finer=[_line(comparison, one) for one in comparison.differences if one.by != "all"],
        of_models=any("model" in one.verdict for one in comparison.differences),
        forest=list(_forest(comparison, looks, against)),
        ratios=list(_ratios(comparison, looks)),
        kinds=list(_kinds(comparison, looks)),
        scored=list(plot_scores(runs, looks)),
        logged=list(plot_logs(runs, looks)),
        heard=hear_runs(runs),
        measure_of=lambda metric: measures.get(metric, Measure()),
        written=written,
        range_db=round(RANGE_DB),
        recipes=_recipes(runs),
    )


def _looks(comparison: Comparison) -> dict[str, Look]:
    """Return how each row is drawn; baselines take the colours that runs reach last."""
    runs = ["accent", *(f"series-{number}" for number in range(SERIES))]
    drawn: dict[str, Look] = {}
    for row in comparison.rows:
        if row.kind == "noisy":
            drawn[row.label] = Look(row.label, "quiet", "dashed")
        elif row.kind == "baseline":
            count = sum(one.dashed == "dotted" for one in drawn.values())
            drawn[row.label] = Look(row.label, f"series-{(BASELINES - count) % SERIES}", "dotted")
        elif row.kind == "run":
            count = sum(one.dashed == "solid" for one in drawn.values())
            drawn[row.label] = Look(row.label, runs[count % len(runs)], "solid")
    return drawn


def _measures(comparison: Comparison) -> dict[str, Measure]:
    return {one.name: Measure(one.better, one.unit) for one in comparison.metrics}


def _cells(comparison: Comparison, row: Entry) -> tuple[list[Cell], str]:
    """Return a row's means, and how many of its scores failed."""
    means = [comparison.mean(row.label, metric.name) for metric in comparison.metrics]
    cells = []
    for mean, measure in zip(means, _measures(comparison).values(), strict=True):
        value = mean.value if mean else None
        spread = mean.spread if mean else None
        text = "" if row.kind == "paper" and value is None else written(value, measure)
        cells.append(Cell(text, "" if spread is None else written(spread, measure), value))
    failed = [mean.failed for mean in means if mean and mean.failed is not None]
    return cells, str(sum(failed)) if failed else ""


def _line(comparison: Comparison, one: Difference) -> dict[str, Any]:
    measure = _measures(comparison)[one.metric]
    interval = ""
    if one.low is not None and one.high is not None:
        interval = " to ".join(written(end, measure, sign=True) for end in (one.low, one.high))
    return {
        "label": one.label,
        "metric": one.metric,
        "measure": measure,
        "group": {"snr_db": f"{one.group} dB"}.get(one.by, one.group),
        "value": one.value,
        "difference": written(one.value, measure, sign=True),
        "interval": interval,
        "p": f"{one.p_holm:.3f}" if one.p is not None else "",
        "verdict": one.verdict,
        # Of two trained models it has no colour: that is for what is said of methods.
        "tone": f" {one.verdict}" if one.verdict in ("better", "worse") else "",
        "mixtures": one.mixtures,
    }


def _forest(
    comparison: Comparison, looks: dict[str, Look], against: str
) -> Iterator[tuple[str, Measure, DotPlot]]:
    """Lay out every run's difference with its interval, by metric."""
    for name, measure in _measures(comparison).items():
        found = [one for one in comparison.differences if (one.by, one.metric) == ("all", name)]
        groups = [
            (
                one.label,
                one.mixtures,
                [
                    Value(
                        looks[one.label], *(_float(part) for part in (one.value, one.low, one.high))
                    )
                ],
            )
            for one in found
        ]
        if groups:
            yield name, measure, dot_plot(f"{name} minus {against}", groups, measure, zero=True)


def _ratios(
    comparison: Comparison, looks: dict[str, Look]
) -> Iterator[tuple[Panel, Measure, list[tuple[str, list[str]]]]]:
    """Plot every metric over the SNR; return the numbers too."""
    groups = comparison.groups("snr_db")
    snr_db = [float(group) for group in groups]
    for number, (name, measure) in enumerate(_measures(comparison).items()):
        means = {
            label: [_mean(comparison, label, name, "snr_db", group) for group in groups]
            for label in looks
        }
        strokes = [
            Stroke(snr_db, means[label], look.colour, look.dashed) for label, look in looks.items()
        ]
        numbers = [
            (group, [written(one[place], measure) for one in means.values()])
            for place, group in enumerate(groups)
        ]
        if snr_db:
            svg = plot_curves(f"ratio-{number}", strokes, over="SNR (dB)", marks=snr_db)
            yield Panel(name, svg), measure, numbers


def _kinds(comparison: Comparison, looks: dict[str, Look]) -> Iterator[tuple[Measure, DotPlot]]:
    kinds = comparison.groups("noise_kind")
    for name, measure in _measures(comparison).items():
        groups = []
        for kind in kinds:
            means = [comparison.mean(label, name, "noise_kind", kind) for label in looks]
            counted = max((one.mixtures or 0 for one in means if one), default=0)
            values = [
                Value(look, _float(mean.value if mean else None))
                for look, mean in zip(looks.values(), means, strict=True)
            ]
            groups.append((kind, counted, values))
        if groups:
            yield measure, dot_plot(name, groups, measure)


def _mean(comparison: Comparison, label: str, metric: str, by: By, group: str) -> float:
    found = comparison.mean(label, metric, by, group)
    return _float(found.value if found else None)


def _float(value: float | None) -> float:
    return math.nan if value is None else value


def _recipes(runs: Sequence[Entry]) -> list[tuple[str, list[str]]]:
    """Return the options in which the runs differ from the first: path and each run's value."""
    files = [run_of(Path(run.folders[0])) / RECIPE for run in runs]
    plain = [read_file(one).plain() if one.is_file() else {} for one in files]
    changed = [differences(plain[0], other) for other in plain[1:]]
    first = {path: value for one in changed for path, value, _ in one}
    found = []
    for path, value in first.items():
        others = [{name: after for name, _, after in one}.get(path, value) for one in changed]
        found.append((path, [_shown(one) for one in (value, *others)]))
    return found


def _shown(value: Any) -> str:
    return "" if value is None else str(value)
