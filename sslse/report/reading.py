"""The files of a run directory, read without trust: a damaged one gives one clear error."""

import contextlib
import csv
import json
import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from pydantic import TypeAdapter, ValidationError

from sslse.errors import RunError
from sslse.evaluate.named import how_again
from sslse.train.log import read_metrics

EVALUATION = "evaluation.json"
ROWS = "evaluation.csv"
SCORES = "scores.jsonl"
_LOGGED = ("step", "epoch", "weight_cl", "weight_se")
_SCORED = ("step", "epoch", "seconds")

Means = dict[str, dict[str, float | None]]


@dataclass(frozen=True)
class Measure:
    """What a metric says of itself."""

    better: Literal["higher", "lower"] = "higher"
    unit: str = ""


@dataclass(frozen=True)
class Counts:
    """How much was scored; ``scored`` by metric."""

    mixtures: int
    utterances: int
    scored: dict[str, int]


@dataclass(frozen=True)
class Evaluation:
    """A run's ``evaluation.json``; means are by condition and metric, None where there is none."""

    mean: Means
    per_snr: dict[float, Means]
    counts: Counts
    failures: dict[str, dict[str, dict[str, int]]]
    contract: dict[str, dict[str, Any]]
    conditions: list[str] = field(default_factory=lambda: ["noisy", "enhanced"])
    metrics: dict[str, Measure] = field(default_factory=dict)
    baselines: dict[str, dict[str, Any]] = field(default_factory=dict)
    manifest: str = ""

    def __post_init__(self) -> None:
        """Refuse means that lack a condition or a metric.

        Raises:
            ValueError: they do.
        """
        if not {"noisy", "enhanced"} <= set(self.conditions):
            raise ValueError("conditions: noisy or enhanced is missing")
        names = self.names
        if not set(names) <= set(self.counts.scored):
            raise ValueError("counts.scored: a metric is missing")
        for means in (self.mean, *self.per_snr.values()):
            for condition in self.conditions:
                if list(means.get(condition, ())) != names:
                    raise ValueError(f"the means of {condition} are not those of {names}")

    @property
    def names(self) -> list[str]:
        """The metrics, in the order of the recipe."""
        return list(self.mean.get("noisy", ()))

    def measure(self, metric: str) -> Measure:
        """Say which direction is better, and the unit."""
        return self.metrics.get(metric, Measure())


_EVALUATION = TypeAdapter(Evaluation)


def read_evaluation(folder: Path) -> Evaluation:
    """Return a run's ``evaluation.json``.

    Raises:
        RunError: it is missing or damaged.
    """
    path = folder / EVALUATION
    with readable(path, how_again(folder)):
        return _EVALUATION.validate_python(read_object(path))


def read_rows(folder: Path, numbers: list[str]) -> list[dict[str, Any]]:
    """Return the mixtures of a run's ``evaluation.csv``.

    Args:
        folder: the run directory.
        numbers: columns that are numbers; NaN where an entry is empty.

    Raises:
        RunError: it is missing or damaged.
    """
    path = folder / ROWS
    with (
        readable(path, how_again(folder)),
        path.open(encoding="utf-8", newline="") as file,
    ):
        return [
            {name: value or "" for name, value in row.items() if isinstance(name, str)}
            | {name: float(row[name] or math.nan) for name in numbers}
            for row in csv.DictReader(file)
        ]


def read_training(path: Path) -> list[dict[str, Any]]:
    """Return the lines of a run's ``metrics.jsonl``.

    Raises:
        RunError: it is damaged.
    """
    return _lines(path, _LOGGED)


def read_scores(folder: Path) -> list[dict[str, Any]]:
    """Return what was scored during a run's training; nothing where nothing was.

    Raises:
        RunError: the file is damaged.
    """
    return _lines(folder / SCORES, _SCORED)


def read_object(path: Path) -> dict[str, Any]:
    """Return the one object that a JSON file holds.

    Raises:
        RunError: it is missing or damaged.
    """
    with readable(path):
        content = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(content, dict):
            raise TypeError(f"holds a {type(content).__name__}, not an object")
    return content


@contextlib.contextmanager
def readable(path: Path, mending: str = "") -> Iterator[None]:
    """Say of whatever goes wrong within the block that a file is damaged.

    Args:
        path: of the file.
        mending: what to do about it.

    Raises:
        RunError: the block raised what damaged content leads to.
    """
    hint = f"; {mending}" if mending else ""
    try:
        yield
    except FileNotFoundError as error:
        raise RunError(f"{path}: is missing{hint}") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(one) for one in first["loc"])
        what = ": ".join(filter(None, (where, first["msg"])))
        raise RunError(f"{path}: is damaged: {what}{hint}") from error
    except KeyError as error:
        raise RunError(f"{path}: is damaged: {error} is missing{hint}") from error
    except (ValueError, TypeError, AttributeError, IndexError, RecursionError, csv.Error) as error:
        raise RunError(f"{path}: is damaged: {error}{hint}") from error


def _lines(path: Path, needed: tuple[str, ...]) -> list[dict[str, Any]]:
    lines = read_metrics(path)
    with readable(path):
        for number, line in enumerate(lines, 1):
            for name in needed:
                if not isinstance(line[name], int | float) or not math.isfinite(line[name]):
                    raise ValueError(f"line {number}: {name} is no number")
    return lines
