"""The paper's tables 2 to 5, its figures beside those obtained."""

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sslse.compare import Comparison, Mean, Row
from sslse.compare.paper import published
from sslse.compare.results import Measure
from sslse.reproduce.matrix import ENTRIES

TITLES = {"pesq_nb": "PESQ", "stoi": "STOI", "si_sdr": "SI-SDR (dB)"}
OF_METRIC = {"pesq_nb": 3, "stoi": 4, "si_sdr": 5}
NONE = "-"


@dataclass(frozen=True)
class Cell:
    """A figure of a table: the paper's and ours.

    Args:
        model: as the paper calls it.
        metric: its name.
        snr_db: as in ``evaluation.json``; empty for the mean over all.
        paper: None where the paper has none.
        here: None where there is no score.
        spread: standard deviation over seeds; None below two.
        seeds: runs it is a mean of.
    """

    table: int
    model: str
    metric: str
    snr_db: str
    paper: float | None
    here: float | None
    spread: float | None
    seeds: int


def cells(comparison: Comparison) -> list[Cell]:
    """Return all figures of tables 2 to 5; metrics the paper has not are left out."""
    found = []
    for metric in _metrics(comparison):
        for group in ["", *comparison.groups("snr_db")]:
            for row in comparison.rows:
                mean = comparison.mean(row.label, metric.name, "snr_db" if group else "all", group)
                found.append(_cell(row, metric, group, mean))
    return found


def table_2(comparison: Comparison, *, paper: bool = True) -> str:
    """Write means over all test mixtures as Markdown.

    Args:
        comparison: of the runs.
        paper: with the paper's figures beside them.
    """
    metrics = [one.name for one in _metrics(comparison)]
    head = [f"{TITLES[name]} {whose}".strip() for name in metrics for whose in _whose(paper=paper)]
    wanted = [(name, "") for name in metrics]
    return _markdown(["model", *head], _rows(cells(comparison), wanted, paper=paper))


def per_snr(comparison: Comparison) -> Iterator[tuple[int, str, str]]:
    """Yield number, title and Markdown of tables 3 to 5: one metric each, per SNR in dB."""
    groups = comparison.groups("snr_db")
    for metric in _metrics(comparison):
        head = [f"{group} dB {whose}" for group in groups for whose in _whose(paper=True)]
        wanted = [(metric.name, group) for group in groups]
        rows = _rows(cells(comparison), wanted, paper=True)
        yield OF_METRIC[metric.name], TITLES[metric.name], _markdown(["model", *head], rows)


def as_csv(found: Sequence[Cell]) -> str:
    """Write figures as CSV, one a line."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["table", "model", "metric", "snr_db", "paper", "here", "spread", "seeds"])
    for one in found:
        figures = [one.paper, one.here, one.spread]
        numbers = ["" if figure is None else f"{figure:.6g}" for figure in figures]
        writer.writerow([one.table, one.model, one.metric, one.snr_db, *numbers, one.seeds])
    return text.getvalue()


def title_of(row: Row) -> str:
    """Return what the paper calls a row."""
    entry = ENTRIES.get(row.name)
    return entry.title if row.kind == "run" and entry else row.label


def _metrics(comparison: Comparison) -> list[Measure]:
    """Return the paper's metrics that were measured, in its order."""
    by_name = {one.name: one for one in comparison.metrics}
    return [by_name[name] for name in TITLES if name in by_name]


def _cell(row: Row, metric: Measure, group: str, mean: Mean | None) -> Cell:
    known = published().get(row.name) if row.kind in ("noisy", "run") else None
    return Cell(
        table=OF_METRIC[metric.name] if group else 2,
        model=title_of(row),
        metric=metric.name,
        snr_db=group,
        paper=known.means.get(metric.name, {}).get(group) if known else None,
        here=mean.value if mean else None,
        spread=mean.spread if mean else None,
        seeds=len(row.folders) if row.kind == "run" else 1,
    )


def _whose(*, paper: bool) -> list[str]:
    return ["paper", "here"] if paper else [""]


def _rows(
    found: Sequence[Cell], wanted: Sequence[tuple[str, str]], *, paper: bool
) -> list[list[str]]:
    by_place = {(one.model, one.metric, one.snr_db): one for one in found}
    rows = []
    for model in dict.fromkeys(one.model for one in found):
        row = [model]
        for metric, group in wanted:
            one = by_place[model, metric, group]
            row += [_number(one.paper)] if paper else []
            row += [_number(one.here, one.spread)]
        rows.append(row)
    return rows


def _number(value: float | None, spread: float | None = None) -> str:
    if value is None:
        return NONE
    return f"{value:.3f}" if spread is None else f"{value:.3f} ± {spread:.3f}"


def _markdown(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "".join("| " + " | ".join(line) + " |\n" for line in lines)
