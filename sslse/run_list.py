"""List runs as rows of text: for a terminal, as CSV, as JSON."""

import csv
import io
import json
import math
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sslse.errors import OptionError
from sslse.registry import did_you_mean
from sslse.run_state import RunState

ORDERS = ("name", "age", "state")
SHOWN_METRICS = 3
FIELDS = (
    "run",
    "state",
    "detail",
    "name",
    "seed",
    "objective",
    "schedule",
    "epoch",
    "epochs",
    "changed",
)
_UNITS = (("d", 86400), ("h", 3600), ("min", 60), ("s", 1))
# What needs a look comes first.
_URGENCY = ("damaged", "stopped", "starting", "training", "evaluating", "trained", "evaluated")


def metrics_of(states: Sequence[RunState]) -> list[str]:
    """Return the metrics of all runs, in the order of their recipes."""
    return list(dict.fromkeys(name for one in states for name in one.metrics))


def order(states: Sequence[RunState], by: str) -> list[RunState]:
    """Sort runs.

    Args:
        states: of the runs.
        by: ``name`` (of the folder), ``age`` (the youngest first), ``state`` (what needs a look
            first), or a metric (the best enhanced mean first, runs without one last).

    Raises:
        OptionError: there is no such order.
    """
    named = sorted(states, key=lambda one: str(one.folder))
    if by == "name":
        return named
    if by == "age":
        return sorted(named, key=lambda one: -one.changed)
    if by == "state":
        return sorted(named, key=lambda one: _URGENCY.index(one.word))
    possible = [*ORDERS, *metrics_of(states)]
    if by not in possible:
        near = did_you_mean(by, possible)
        raise OptionError(f"cannot sort by {by!r}{near} (possible: {', '.join(possible)})")
    lower = any(one.better.get(by) == "lower" for one in states)

    def worth(state: RunState) -> tuple[bool, float]:
        score = state.score("enhanced", by)
        return math.isnan(score), score if lower else -score

    return sorted(named, key=worth)


def terminal_rows(
    states: Sequence[RunState], metrics: Sequence[str], root: Path, now: float
) -> tuple[list[str], list[list[str]]]:
    """Return a head and rows of short texts.

    Args:
        states: in the order they are shown.
        metrics: shown as noisy -> enhanced.
        root: runs are named from there.
        now: in seconds since 1970.

    Raises:
        OptionError: no run has one of the metrics.
    """
    known = metrics_of(states)
    for name in metrics:
        if name not in known:
            near = did_you_mean(name, known)
            raise OptionError(f"no run measures {name!r}{near} (possible: {', '.join(known)})")
    head = ["run", "state", "seed", "objective", "schedule", *metrics, "age"]
    rows = [
        [
            _below(one.folder, root),
            str(one),
            "" if one.seed is None else str(one.seed),
            one.objective,
            one.schedule,
            *(_gain(one, name) for name in metrics),
            age(now - one.changed) if one.changed else "",
        ]
        for one in states
    ]
    return head, rows


def as_csv(states: Sequence[RunState]) -> str:
    """Write runs as CSV: one column for each metric and condition."""
    metrics = metrics_of(states)
    conditions = list(dict.fromkeys(name for one in states for name in one.mean))
    scored = [(metric, condition) for metric in metrics for condition in conditions]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*FIELDS, *(f"{metric}_{condition}" for metric, condition in scored)])
    for state in states:
        row = _plain(state)
        scores = [state.mean.get(condition, {}).get(metric) for metric, condition in scored]
        writer.writerow([*(row[name] for name in FIELDS), *scores])
    return text.getvalue()


def as_json(states: Sequence[RunState]) -> str:
    """Write runs as a JSON list."""
    return json.dumps([_plain(one) for one in states], indent=2, ensure_ascii=False) + "\n"


def age(seconds: float) -> str:
    """Say a time in one unit: ``3 h``."""
    seconds = max(0.0, seconds)
    unit, size = next((one for one in _UNITS if seconds >= one[1]), _UNITS[-1])
    return f"{int(seconds // size)} {unit}"


def duration(seconds: float) -> str:
    """Say how long something takes, in minutes or hours."""
    if seconds < 90 * 60:
        return f"{max(1, round(seconds / 60))} min"
    return f"{seconds / 3600:.1f} hours"


def _below(folder: Path, root: Path) -> str:
    return folder.resolve().name if folder == root else str(folder.relative_to(root))


def _gain(state: RunState, metric: str) -> str:
    noisy, enhanced = (state.score(condition, metric) for condition in ("noisy", "enhanced"))
    if math.isnan(enhanced):
        return ""
    return f"{noisy:.2f} -> {enhanced:.2f}"


def _plain(state: RunState) -> dict[str, Any]:
    """Return a run as plain values; the time as ISO 8601 in UTC."""
    moment = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(state.changed))
    return {
        "run": str(state.folder),
        "state": state.word,
        "detail": state.detail,
        "name": state.name,
        "seed": state.seed,
        "objective": state.objective,
        "schedule": state.schedule,
        "epoch": state.epoch,
        "epochs": state.epochs,
        "changed": moment if state.changed else None,
        "metrics": list(state.metrics),
        "mean": state.mean,
    }
