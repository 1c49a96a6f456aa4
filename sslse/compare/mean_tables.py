"""Tables of means: over all test mixtures, and per SNR."""

from collections.abc import Iterator, Sequence

from sslse.compare.cells import Column, Table, beside, cell, metric_name
from sslse.compare.comparison import Comparison, Mean, Row
from sslse.compare.results import Measure


def overall_means(comparison: Comparison) -> Iterator[Table]:
    """Lay out rows by metrics."""
    rows = comparison.rows
    columns = [
        Column(metric_name(metric), [comparison.mean(row.label, metric.name) for row in rows])
        for metric in comparison.metrics
    ]
    for shown in beside(columns, [_row_name(row) for row in rows], others=len("failed")):
        yield Table(
            f"Means over {comparison.mixtures} test mixtures",
            ("", *(one.head for one in shown), "failed"),
            tuple(_mean_row(row, shown, place) for place, row in enumerate(rows)),
            tuple(_mean_notes(comparison)),
            lines=_after_kinds(rows),
        )


def means_per_snr(comparison: Comparison, metric: Measure) -> Iterator[Table]:
    """Lay out rows by SNRs, of one metric."""
    rows = [
        row
        for row in comparison.rows
        if row.kind != "paper" or comparison.mean(row.label, metric.name)
    ]
    columns = [
        Column(group, [comparison.mean(row.label, metric.name, "snr_db", group) for row in rows])
        for group in comparison.groups("snr_db")
    ]
    for shown in beside(columns, [_row_name(row) for row in rows], others=len("failed")):
        yield Table(
            f"{metric_name(metric)} by SNR (dB)",
            ("", *(one.head for one in shown), "failed"),
            tuple(_mean_row(row, shown, place) for place, row in enumerate(rows)),
            lines=_after_kinds(rows),
        )


def _mean_row(row: Row, columns: Sequence[Column[Mean | None]], place: int) -> tuple[str, ...]:
    means = [one.values[place] for one in columns]
    return (_row_name(row), *(cell(one) for one in means), _failed(means))


def _row_name(row: Row) -> str:
    return f"{row.label} ({len(row.folders)} seeds)" if len(row.folders) > 1 else row.label


def _failed(means: Sequence[Mean | None]) -> str:
    counts = [one.failed for one in means if one is not None and one.failed is not None]
    return str(sum(counts)) if counts else ""


def _after_kinds(rows: Sequence[Row]) -> tuple[int, ...]:
    """Draw a line where baselines end and runs begin."""
    kinds = [row.kind == "run" for row in rows]
    return (kinds.index(True) - 1,) if True in kinds[1:] else ()


def _mean_notes(comparison: Comparison) -> Iterator[str]:
    counts = {
        metric.name: max(
            (one.mixtures or 0 for one in comparison.means if _is_overall(one, metric)), default=0
        )
        for metric in comparison.metrics
    }
    fewer = [f"{name} {count}" for name, count in counts.items() if count != comparison.mixtures]
    if fewer:
        yield (
            "a mixture counts for a metric where every row has a score; they are fewer in "
            f"{', '.join(fewer)} of {comparison.mixtures}"
        )
    yield "failed: scores that a row does not have, over its metrics and seeds"
    if any(one.spread is not None for one in comparison.means):
        yield "\u00b1: standard deviation over training seeds"
    if any(row.kind == "paper" for row in comparison.rows):
        yield "paper: other data and lengths of training than here, unless the recipes say the same"


def _is_overall(one: Mean, metric: Measure) -> bool:
    return one.by == "all" and one.metric == metric.name and one.mixtures is not None
