"""Read an evaluated folder: which mixtures, which metrics, which scores."""

import csv
import json
import math
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sslse.errors import RunError
from sslse.evaluate.named import how_again, run_of
from sslse.recipe.reader import read_file
from sslse.run_folder import RECIPE

Scores = NDArray[np.float64]

SUMMARY = "evaluation.json"
TABLE = "evaluation.csv"
NOISY = "noisy"
ENHANCED = "enhanced"


@dataclass(frozen=True)
class Evaluated:
    """What one folder holds.

    Args:
        folder: as it was given.
        recipe: what ``recipe.yaml`` says; None where scores of another tool's files lie here.
        conditions: ``noisy``, baselines, ``enhanced``.
        measures: better, unit and range of every metric.
        contract: what is behind every metric.
        baselines: what is behind every baseline.
        manifest: digest of the test mixtures.
        sample_rate: in Hz.
        mixtures: the fields of every mixture, as text.
        scores: (mixtures,) by metric and condition; NaN where it failed.
    """

    folder: str
    recipe: dict[str, Any] | None
    conditions: tuple[str, ...]
    measures: dict[str, dict[str, Any]]
    contract: dict[str, Any]
    baselines: dict[str, Any]
    manifest: str
    sample_rate: int
    mixtures: tuple[dict[str, str], ...]
    scores: dict[tuple[str, str], Scores]

    @property
    def name(self) -> str:
        """The recipe's name; of a folder without recipe its own."""
        if self.recipe is None:
            return Path(self.folder).resolve().name
        return str(self.recipe.get("name", ""))

    @property
    def seed(self) -> int | None:
        """The recipe's seed, None where there is none."""
        seed = None if self.recipe is None else self.recipe.get("seed")
        return seed if isinstance(seed, int) else None


def read_evaluated(folder: Path) -> Evaluated:
    """Read ``evaluation.json``, ``evaluation.csv`` and, where it is, the run's ``recipe.yaml``.

    Raises:
        RunError: it is no evaluated folder, is damaged, or was evaluated by a version that did not
            say on which mixtures.
        RecipeError: the recipe is unreadable.
    """
    path = folder / SUMMARY
    if not path.is_file():
        raise RunError(
            f"{folder}: holds no {SUMMARY}; give the directory of a run, or of "
            f"'sslse evaluate --enhanced', or the folder of an evaluation; a trained run is scored "
            f"by 'sslse evaluate {folder}'"
        )
    try:
        summary = json.loads(path.read_text(encoding="utf-8"), parse_constant=_refuse)
        json.dumps(summary, ensure_ascii=False).encode()  # raises where it is no text
        missing = [name for name in ("manifest", "conditions", "metrics") if name not in summary]
        if not missing:
            facts = _facts(summary)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise _damaged(path, error, folder) from error
    if missing:
        raise RunError(
            f"{path}: does not say {', '.join(missing)}, as an older version wrote it; "
            f"{how_again(folder)}"
        )
    path = run_of(folder) / RECIPE
    recipe = read_file(path).plain() if path.is_file() else None
    try:
        mixtures, scores = _read_rows(folder / TABLE, facts["measures"], facts["conditions"])
    except (ValueError, csv.Error) as error:
        raise _damaged(folder / TABLE, error, folder) from error
    return Evaluated(
        folder=_shown(folder), recipe=recipe, mixtures=mixtures, scores=scores, **facts
    )


def _refuse(constant: str) -> None:
    raise ValueError(f"holds {constant}")


def _shown(folder: Path) -> str:
    """Return a path as text that can be written, also where its bytes are no UTF-8."""
    return os.fsencode(folder.as_posix()).decode("utf-8", errors="backslashreplace")


def _facts(summary: dict[str, Any]) -> dict[str, Any]:
    """Take what is compared out of ``evaluation.json``; raise where it is not of its form."""
    measures = {
        name: {"better": one["better"], "unit": one["unit"], "range": one.get("range")}
        for name, one in summary["metrics"].items()
    }
    for name, one in measures.items():
        if one["better"] not in {"higher", "lower"} or not isinstance(one["unit"], str):
            raise ValueError(f"metrics.{name} is not of its form")
    conditions = tuple(summary["conditions"])
    if not all(isinstance(one, str) for one in conditions) or NOISY not in conditions:
        raise ValueError("conditions are not of their form")
    return {
        "conditions": conditions,
        "measures": measures,
        "contract": {name: summary["contract"][name] for name in measures},
        "baselines": dict(summary.get("baselines", {})),
        "manifest": str(summary["manifest"]),
        "sample_rate": int(summary.get("sample_rate", 0)),
    }


def _read_rows(
    path: Path, metrics: Sequence[str], conditions: Sequence[str]
) -> tuple[tuple[dict[str, str], ...], dict[tuple[str, str], Scores]]:
    if not path.is_file():
        raise ValueError("is missing")
    with path.open(newline="", encoding="utf-8") as file:
        lines = csv.reader(file, strict=True)
        head = next(lines, [])
        rows = list(lines)
    columns = {f"{one}_{other}": (one, other) for one in metrics for other in conditions}
    lost = [name for name in columns if name not in head]
    if lost:
        raise ValueError(f"has no column {lost[0]}")
    short = [number for number, row in enumerate(rows, 2) if len(row) != len(head)]
    if short:
        raise ValueError(f"line {short[0]} has another number of values than the first")
    if not rows:
        raise ValueError("has no mixture")
    first = min((head.index(name) for name in columns), default=len(head))
    mixtures = tuple(dict(zip(head[:first], row, strict=False)) for row in rows)
    for number, one in enumerate(mixtures, 2):
        if not math.isfinite(float(one.get("snr_db", "nan"))):
            raise ValueError(f"line {number} has no snr_db")
    scores = {
        both: _finite([row[head.index(name)] for row in rows]) for name, both in columns.items()
    }
    return mixtures, scores


def _finite(texts: Sequence[str]) -> Scores:
    """Return numbers, NaN for what is empty or not finite."""
    values = np.array([float(text) if text else math.nan for text in texts])
    return np.where(np.isfinite(values), values, math.nan)


def _damaged(path: Path, error: Exception, folder: Path) -> RunError:
    said = f"{type(error).__name__} {error}" if isinstance(error, KeyError) else str(error)
    return RunError(f"{path}: is damaged: {said}; {how_again(folder)}")
