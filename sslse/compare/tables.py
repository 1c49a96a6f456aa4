"""Lay a comparison out as tables of text, for every format."""

from dataclasses import replace

from sslse.compare.cells import Table, printable
from sslse.compare.comparison import Comparison
from sslse.compare.difference_tables import (
    differences_per_kind,
    differences_per_snr,
    overall_differences,
)
from sslse.compare.mean_tables import means_per_snr, overall_means


def lay_out(comparison: Comparison) -> list[Table]:
    """Return means over all and per SNR, then the differences; names made printable."""
    tables = [*overall_means(comparison)]
    ratios = len(comparison.groups("snr_db")) > 1
    if ratios:
        tables += [
            table for metric in comparison.metrics for table in means_per_snr(comparison, metric)
        ]
    runs = list(dict.fromkeys(one.label for one in comparison.differences))
    if runs:
        tables.append(overall_differences(comparison))
        if ratios:
            tables += [differences_per_snr(comparison, label) for label in runs]
        if len(comparison.groups("noise_kind")) > 1:
            tables += [one for label in runs for one in differences_per_kind(comparison, label)]
    return [_printable(one) for one in tables]


def _printable(table: Table) -> Table:
    return replace(
        table,
        title=printable(table.title),
        head=tuple(printable(one) for one in table.head),
        rows=tuple(tuple(printable(one) for one in row) for row in table.rows),
        notes=tuple(printable(one) for one in table.notes),
    )
