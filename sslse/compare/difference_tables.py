"""Tables of differences: over all test mixtures, per SNR and per kind of noise."""

import math
from collections.abc import Iterator

from sslse.compare.cells import GAP, NO_SCORE, Column, Table, beside, cell, metric_name
from sslse.compare.comparison import Comparison, Difference
from sslse.compare.resampling import CONFIDENCE, FLIPPED
from sslse.compare.results import By, Measure

LEVEL = 1 - CONFIDENCE


def overall_differences(comparison: Comparison) -> Table:
    """Lay out every run and metric, over all mixtures."""
    shown = [one for one in comparison.differences if one.by == "all"]
    rows = []
    lines = []
    for place, one in enumerate(shown):
        first = place == 0 or shown[place - 1].label != one.label
        if first and place:
            lines.append(place - 1)
        metric = _measure(comparison, one.metric)
        rows.append((one.label if first else "", metric_name(metric), *_difference_cells(one)))
    return Table(
        f"Difference from {comparison.reference}, over all mixtures",
        ("", "metric", "difference", "95 % interval", "p (Holm)", "verdict", "mixtures"),
        tuple(rows),
        _difference_notes(comparison, "all"),
        texts=2,
        lines=tuple(lines),
    )


def differences_per_snr(comparison: Comparison, label: str) -> Table:
    """Lay out every metric and SNR of one run."""
    rows = []
    lines = []
    for metric in comparison.metrics:
        shown = _of(comparison, label, metric, "snr_db")
        for place, one in enumerate(shown):
            name = "" if place else metric_name(metric)
            rows.append((name, one.group, *_difference_cells(one)))
        lines.append(len(rows) - 1)
    return Table(
        f"{label} minus {comparison.reference}, by SNR",
        ("metric", "SNR (dB)", "difference", "95 % interval", "p (Holm)", "verdict", "mixtures"),
        tuple(rows),
        _difference_notes(comparison, "snr_db"),
        lines=tuple(lines[:-1]),
    )


def differences_per_kind(comparison: Comparison, label: str) -> Iterator[Table]:
    """Lay out kinds of noise by metrics, of one run, without intervals."""
    groups = comparison.groups("noise_kind")
    columns = [
        Column(metric_name(metric), _of(comparison, label, metric, "noise_kind"))
        for metric in comparison.metrics
    ]
    for shown in beside(columns, groups, others=len("mixtures") + GAP + len("failed")):
        rows = []
        for place, group in enumerate(groups):
            found = [one.values[place] for one in shown]
            left_out = sum(one.left_out for one in found)
            mixtures = max(one.mixtures + one.left_out for one in found)
            rows.append((group, str(mixtures), *(cell(one) for one in found), str(left_out)))
        yield Table(
            f"{label} minus {comparison.reference}, by kind of noise",
            ("noise", "mixtures", *(one.head for one in shown), "failed"),
            tuple(rows),
            (
                *_difference_notes(comparison, "noise_kind"),
                "intervals are in --format csv and json",
            ),
        )


def _of(comparison: Comparison, label: str, metric: Measure, by: By) -> list[Difference]:
    return [
        one
        for one in comparison.differences
        if (one.label, one.metric, one.by) == (label, metric.name, by)
    ]


def _measure(comparison: Comparison, name: str) -> Measure:
    return next(one for one in comparison.metrics if one.name == name)


def _difference_cells(one: Difference) -> tuple[str, ...]:
    value = NO_SCORE if one.value is None else f"{one.value:+z.3f}"
    interval = "" if one.low is None else f"{one.low:+z.3f} to {one.high:+z.3f}"
    p = "" if one.p is None else _p_value(one.p_holm)
    counted = f"{one.mixtures}/{one.mixtures + one.left_out}"
    return value, interval, p, one.verdict, counted


def _p_value(p: float) -> str:
    return "<0.001" if p < 0.001 else f"{p:.3f}"  # noqa: PLR2004 - as many digits as are shown


def _difference_notes(comparison: Comparison, by: By) -> tuple[str, ...]:
    family = [one for one in comparison.differences if one.by == by]
    tables = "this table" if by == "all" else "the tables like this"
    count = f"{len(family)} difference{'s' if len(family) > 1 else ''}"
    many = comparison.noises != 1
    noises = f"{comparison.noises} noise recording{'s' if many else ''}"
    said = (
        f"{comparison.clusters} clusters ({comparison.clustered_by}), {noises}; p adjusted after "
        f"Holm for the {count} of {tables}; better or worse: p at most 0.05"
    )
    notes = [said]
    if any("model" in one.verdict for one in family):
        notes.append(
            "model better, model worse: said of these trained models, not of their methods, as "
            "one of the two was trained with one seed"
        )
    if any(one.noises == 1 for one in family):
        notes.append("where there is one noise recording, all is said under this noise")
    clusters = f"{comparison.clusters} clusters"
    fewest, what = min(
        (comparison.clusters, clusters), (comparison.noises if many else math.inf, noises)
    )
    least = 2.0 ** (1 - fewest)
    if by == "noise_kind" or fewest > FLIPPED or least * len(family) <= LEVEL:
        return tuple(notes)
    few = f"no word is possible here: {what} give no p below {_p_value(least)}, which is adjusted "
    few += f"for {count}"
    if comparison.clustered_by == "speaker" and what == clusters:
        few += "; --cluster utterance asks of other utterances of these speakers"
    return (*notes, few)
