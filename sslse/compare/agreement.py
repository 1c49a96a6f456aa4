"""Refuse to compare what is not alike: other mixtures, other metrics, other baselines."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from sslse.compare.reading import NOISY, Evaluated
from sslse.errors import RunError
from sslse.evaluate.named import FOLDER, run_of
from sslse.registry import did_you_mean
from sslse.run_folder import differences
from sslse.wording import show_value

MANIFEST = "manifest.json"
SHOWN = 3  # differing entries that a message names
SAME = 1e-3  # noisy scores may differ by so much between machines


def check_agreement(evaluated: Sequence[Evaluated], metrics: Sequence[str]) -> None:
    """Hold every folder against the first.

    Args:
        evaluated: at least one.
        metrics: those to be compared, measured in all folders.

    Raises:
        RunError: mixtures, metrics, baselines or the scores of the noisy waves differ; it names
            the first difference of each folder.
    """
    first = evaluated[0]
    problems = [
        f"{other.folder}: cannot be compared with {first.folder}: {problem}"
        for other in evaluated[1:]
        if (problem := _difference(first, other, metrics))
    ]
    if problems:
        raise RunError("\n".join(problems))


def common_metrics(
    evaluated: Sequence[Evaluated], wanted: Sequence[str]
) -> tuple[list[str], list[str]]:
    """Return the metrics to compare, and a line for each that is left out.

    Args:
        evaluated: at least one.
        wanted: names; empty takes all that every folder has.

    Raises:
        RunError: a wanted metric is missing somewhere, or none is common to all.
    """
    known = list(dict.fromkeys(name for one in evaluated for name in one.measures))
    missing = {
        name: [one.folder for one in evaluated if name not in one.measures] for name in known
    }
    problems = []
    for name in wanted:
        if name not in known:
            near = did_you_mean(name, known)
            problems.append(
                f"no run was scored with {show_value(name)}{near} (possible: {', '.join(known)})"
            )
        elif missing[name]:
            problems.append(f"{', '.join(missing[name])}: not scored with {name}")
    if problems:
        raise RunError("\n".join(problems))
    if wanted:
        return list(dict.fromkeys(wanted)), []
    common = [name for name in known if not missing[name]]
    if not common:
        each = "; ".join(f"{one.folder}: {', '.join(one.measures)}" for one in evaluated)
        raise RunError(f"no metric is common to all runs ({each})")
    notes = [
        f"{name} is left out: not measured in {', '.join(missing[name])}"
        for name in known
        if missing[name]
    ]
    return common, notes


def _difference(first: Evaluated, other: Evaluated, metrics: Sequence[str]) -> str:
    """Say the first difference between two folders; empty where there is none."""
    if first.manifest != other.manifest:
        run = run_of(Path(other.folder)).as_posix()
        return (
            f"the test mixtures differ: {_manifests_differ(first, other)}; 'sslse evaluate {run} "
            f"--manifest {first.folder}/{MANIFEST}' scores the same, into {run}/{FOLDER}"
        )
    rows = _rows_differ(first, other)
    if rows:
        return f"one manifest ({first.manifest[:12]}), but {rows}; evaluate both again"
    for name in metrics:
        said = _entries(
            {"contract": first.contract[name], **first.measures[name]},
            {"contract": other.contract[name], **other.measures[name]},
        )
        if said:
            return f"the metric {name} differs: {said}"
    for name, contract in first.baselines.items():
        said = _entries(contract, other.baselines.get(name, contract))
        if said:
            return f"the baseline {name} differs: {said}"
    return _noisy_differ(first, other, metrics)


def _entries(there: Any, here: Any) -> str:
    found = differences(there, here)
    said = [f"{path}: {show_value(one)} there, {show_value(two)} here" for path, one, two in found]
    more = f" and {len(said) - SHOWN} more" if len(said) > SHOWN else ""
    return ", ".join(said[:SHOWN]) + more


def _manifests_differ(first: Evaluated, other: Evaluated) -> str:
    """Name digests and, where the manifests or rows tell it, what differs."""
    digests = f"manifest {first.manifest[:12]} there, {other.manifest[:12]} here"
    there, here = (_read_manifest(one) for one in (first, other))
    said = _entries(there, here) if there and here else ""
    if not said and len(first.mixtures) != len(other.mixtures):
        said = f"{len(first.mixtures)} mixtures there, {len(other.mixtures)} here"
    said = said or _rows_differ(first, other)
    return f"{digests}; {said}" if said else digests


def _read_manifest(one: Evaluated) -> dict[str, Any]:
    """Return the head of a manifest: everything but rows and digests; empty if unreadable."""
    try:
        held = json.loads((Path(one.folder) / MANIFEST).read_text(encoding="utf-8"))
        rows = held.pop("rows")
        head = {key: value for key, value in held.items() if key != "digest"}
        return {**head, "rows": len(rows)}
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return {}


def _rows_differ(first: Evaluated, other: Evaluated) -> str:
    if len(first.mixtures) != len(other.mixtures):
        return f"{len(first.mixtures)} mixtures there, {len(other.mixtures)} here"
    for number, (one, two) in enumerate(zip(first.mixtures, other.mixtures, strict=True), 1):
        said = _entries(one, two)
        if said:
            return f"mixture {number} differs: {said}"
    return ""


def _noisy_differ(first: Evaluated, other: Evaluated, metrics: Sequence[str]) -> str:
    """Say where the same metric gave the same noisy wave another score."""
    for name in metrics:
        there, here = (one.scores[name, NOISY] for one in (first, other))
        both = np.isfinite(there) & np.isfinite(here)
        apart = both & ~np.isclose(there, here, rtol=SAME, atol=SAME)
        if apart.any():
            row = int(np.flatnonzero(apart)[0])
            return (
                f"{name} of the noisy wave of mixture {row + 1} is {there[row]:g} there, "
                f"{here[row]:g} here; evaluate both again with the same libraries"
            )
    return ""
