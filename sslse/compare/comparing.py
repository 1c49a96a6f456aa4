"""Compare the rows of results: means, differences, and how sure they are."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sslse.compare.comparison import Comparison, Difference, Mean, Row, Verdict
from sslse.compare.holm import adjust
from sslse.compare.paper import Published, published
from sslse.compare.pooling import Entry
from sslse.compare.resampling import CONFIDENCE, RESAMPLES, Draws, Estimate, estimate
from sslse.compare.results import By, Cluster, Results, scored
from sslse.errors import RunError
from sslse.evaluate.named import run_of
from sslse.registry import did_you_mean
from sslse.wording import show_value

GROUPINGS: tuple[By, ...] = ("all", "snr_db", "noise_kind")


@dataclass(frozen=True)
class Part:
    """Some of the mixtures: which way of grouping, which group, which are inside (mixtures,)."""

    by: By
    group: str
    inside: NDArray[np.bool_]


@dataclass(frozen=True)
class Resampling:
    """What is drawn: cluster and noise recording of every mixture, (mixtures,), and resamples."""

    clusters: NDArray[np.int64]
    noises: NDArray[np.int64]
    draws: Draws


def compare(
    results: Results,
    *,
    baseline: str | None = None,
    paper: bool = False,
    cluster: Cluster = "speaker",
    seed: int = 0,
) -> Comparison:
    """Compare every run with a reference, over all mixtures, per SNR and per kind of noise.

    A mixture counts for a metric only where every row has a score, so that all means are over the
    same mixtures and their differences are the differences of the means shown.

    Args:
        results: from `sslse.compare.load_results`.
        baseline: label, name or folder of the reference; None takes the first run, or with one
            run only the noisy waves.
        paper: put the paper's own figures below the rows they belong to.
        cluster: what is drawn again: speakers, or the utterances of these speakers.
        seed: of the bootstrap.

    Raises:
        RunError: no row, or more than one, is called as ``baseline`` says.
    """
    reference = _reference(results, baseline)
    compared = [one for one in results.entries if one.kind == "run" and one is not reference]
    numbers, clustered_by = results.clusters(cluster)
    noises = results.noises()
    rows, figures = _rows(results, published() if paper else {})
    means = [
        _mean(results, entry, metric.name, part)
        for part in _parts(results)
        for entry in results.entries
        for metric in results.metrics
    ]
    return Comparison(
        rows=rows,
        metrics=results.metrics,
        means=(*means, *figures),
        differences=tuple(
            _differences(results, compared, reference, Resampling(numbers, noises, Draws(seed)))
        ),
        reference=reference.label if compared else "",
        mixtures=len(results.mixtures),
        clustered_by=clustered_by,
        clusters=len(np.unique(numbers)),
        manifest=results.manifest,
        sample_rate=results.sample_rate,
        confidence=CONFIDENCE,
        resamples=RESAMPLES,
        seed=seed,
        notes=(*results.notes, *_notes(compared, reference)),
        noises=len(np.unique(noises)),
    )


def verdict(better: str, value: float | None, p_holm: float, *, methods: bool = True) -> Verdict:
    """Say a difference in a word; ``undecided`` unless its adjusted p is at most 0.05.

    Args:
        better: which direction of the metric is better, ``higher`` or ``lower``.
        value: the difference.
        p_holm: adjusted for its family.
        methods: whether it tells of methods: every run in it has several training seeds. One
            training tells of the model that it gave.
    """
    if value is None or not value or p_holm > 1 - CONFIDENCE + 1e-12:
        return "undecided"
    if (value > 0) == (better == "higher"):
        return "better" if methods else "model better"
    return "worse" if methods else "model worse"


def _reference(results: Results, wanted: str | None) -> Entry:
    runs = [one for one in results.entries if one.kind == "run"]
    if wanted is None:
        return runs[0] if len(runs) > 1 else results.entries[0]
    for found in (
        [one for one in results.entries if one.label == wanted],
        [one for one in results.entries if one.name == wanted],
        [one for one in runs if wanted.rstrip("/") in _places(one)],
    ):
        if len(found) == 1:
            return found[0]
        if found:
            labels = ", ".join(one.label for one in found)
            raise RunError(f"--baseline {wanted}: is the name of {len(found)} rows; give {labels}")
    possible = [one.label for one in results.entries]
    near = did_you_mean(wanted, possible)
    raise RunError(
        f"--baseline {wanted}: no row is called {show_value(wanted)}{near} "
        f"(possible: {', '.join(possible)})"
    )


def _places(entry: Entry) -> list[str]:
    """Return the folders of a row, and the runs they belong to."""
    return [*entry.folders, *(run_of(Path(one)).as_posix() for one in entry.folders)]


def _parts(results: Results) -> list[Part]:
    return [
        Part(by, group, inside) for by in GROUPINGS for group, inside in results.groups(by).items()
    ]


def _mean(results: Results, entry: Entry, metric: str, part: Part) -> Mean:
    scores = entry.scores[metric]
    failed = int((~np.isfinite(scores[:, part.inside])).sum())
    counted = part.inside & results.counted(metric)
    mean = Mean(entry.label, metric, part.by, part.group, None, None, 0, failed)
    if not scored(entry, metric) or not counted.any():
        return mean
    means = scores[:, counted].mean(1)
    spread = float(means.std(ddof=1)) if len(means) > 1 else None
    return replace(mean, value=float(means.mean()), spread=spread, mixtures=int(counted.sum()))


def _differences(
    results: Results, compared: Sequence[Entry], reference: Entry, resampling: Resampling
) -> Iterator[Difference]:
    """Yield every difference; those of one way of grouping are adjusted together."""
    better = {metric.name: metric.better for metric in results.metrics}
    single = {one.label for one in _single([*compared, reference])}
    parts = _parts(results)
    for by in GROUPINGS:
        family = [
            _difference(results, (entry, reference), metric.name, part, resampling)
            for entry in compared
            for metric in results.metrics
            for part in parts
            if part.by == by
        ]
        adjusted = adjust([math.nan if one.p is None else one.p for one in family])
        for one, p in zip(family, adjusted, strict=True):
            methods = not {one.label, reference.label} & single
            word = verdict(better[one.metric], one.value, p, methods=methods)
            yield replace(one, p_holm=p, verdict=word)


def _difference(
    results: Results, pair: tuple[Entry, Entry], metric: str, part: Part, resampling: Resampling
) -> Difference:
    counted = part.inside & results.counted(metric)
    counted &= all(scored(one, metric) for one in pair)
    found = Estimate(math.nan, math.nan, math.nan, math.nan, 0)
    if counted.any():
        ours, theirs = (one.scores[metric][:, counted] for one in pair)
        found = estimate(
            ours,
            theirs,
            resampling.clusters[counted],
            resampling.draws,
            noises=resampling.noises[counted],
        )
    value, low, high, p = (
        None if math.isnan(one) else one for one in (found.value, found.low, found.high, found.p)
    )
    return Difference(
        label=pair[0].label,
        metric=metric,
        by=part.by,
        group=part.group,
        value=value,
        low=low,
        high=high,
        p=p,
        p_holm=1.0,
        verdict="undecided",
        mixtures=int(counted.sum()),
        left_out=int(part.inside.sum() - counted.sum()),
        clusters=found.clusters,
        noises=found.noises,
    )


def _rows(
    results: Results, figures: dict[str, Published]
) -> tuple[tuple[Row, ...], tuple[Mean, ...]]:
    """Return the rows, each followed by the paper's, and the paper's means."""
    rows: list[Row] = []
    means: list[Mean] = []
    labels = {one.label for one in results.entries}
    shown: set[str] = set()
    for entry in results.entries:
        rows.append(Row(entry.label, entry.kind, entry.name, entry.seeds, entry.folders))
        one = figures.get(entry.name)
        if one is None or entry.name in shown or entry.kind == "baseline":
            continue
        shown.add(entry.name)
        label = f"paper: {one.title}"
        while label in labels:
            label += "'"
        rows.append(Row(label, "paper", one.name))
        means += _published_means(results, one, label)
    return tuple(rows), tuple(means)


def _published_means(results: Results, row: Published, label: str) -> Iterator[Mean]:
    ratios = results.groups("snr_db")
    for metric in results.metrics:
        for group, value in row.means.get(metric.name, {}).items():
            if not group or group in ratios:
                yield Mean(label, metric.name, "snr_db" if group else "all", group, value)


def _notes(compared: Sequence[Entry], reference: Entry) -> Iterator[str]:
    if not compared:
        return
    runs = [one for one in (*compared, reference) if one.kind == "run"]
    single = [one.label for one in _single(runs)]
    if single:
        yield (
            f"one training seed only of {', '.join(single)}: intervals and words are of these "
            "trained models, and say nothing of what another seed would give"
        )
    pair = [one.label for one in runs if len(one.folders) == 2]  # noqa: PLR2004
    if pair:
        yield f"two training seeds of {', '.join(pair)}: how seeds vary is barely known"


def _single(entries: Sequence[Entry]) -> list[Entry]:
    """Return the runs that are one training each."""
    return [one for one in entries if one.kind == "run" and len(one.folders) == 1]
