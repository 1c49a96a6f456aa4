"""What a run directory looks like from outside: how far it is, and its headline figures."""

import json
import math
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from sslse.errors import SslseError
from sslse.recipe.reader import read_file
from sslse.run_folder import METRICS, MODEL, RECIPE
from sslse.run_lock import LOCK, held

EVALUATION = "evaluation.json"
TAIL_BYTES = 65536  # of metrics.jsonl; a line has about 1000
DAMAGES = (OSError, SslseError, ValueError, TypeError, KeyError, AttributeError, RecursionError)

Word = Literal["starting", "training", "evaluating", "stopped", "trained", "evaluated", "damaged"]


@dataclass(frozen=True)
class RunState:
    """How a run stands.

    Args:
        folder: the run directory.
        word: ``starting``, ``training`` and ``evaluating`` where a process writes it; ``stopped``
            before the end of its training, or before it began; ``trained`` after it;
            ``evaluated``; ``damaged``.
        changed: when it was last written, in seconds since 1970.
        detail: what is damaged, or which process writes it.
        name: of the recipe.
        seed: of the run.
        objective: its name.
        schedule: its name, and its options that are whole numbers (epochs).
        epoch: epochs trained, as far as the log tells.
        epochs: of the whole training.
        metrics: names, in the order of the recipe.
        better: ``higher`` or ``lower`` by metric, where the evaluation tells.
        mean: condition to metric to mean over the test mixtures; None where there is no score.
    """

    folder: Path
    word: Word
    changed: float
    detail: str = ""
    name: str = ""
    seed: int | None = None
    objective: str = ""
    schedule: str = ""
    epoch: float | None = None
    epochs: int | None = None
    metrics: tuple[str, ...] = ()
    better: dict[str, str] = field(default_factory=dict)
    mean: dict[str, dict[str, float | None]] = field(default_factory=dict)

    def __str__(self) -> str:
        if self.word in ("training", "stopped") and self.epochs:
            return f"{self.word} at epoch {self.epoch or 0:.3g} of {self.epochs}"
        if self.word == "damaged":
            return f"damaged: {self.detail}"
        return self.word

    def score(self, condition: str, metric: str) -> float:
        """Return a mean, NaN where there is none."""
        value = self.mean.get(condition, {}).get(metric)
        return math.nan if value is None else value


def is_run(folder: Path) -> bool:
    """Tell whether a directory is, or was, that of a run."""
    return any((folder / name).is_file() for name in (RECIPE, METRICS, MODEL, LOCK))


def find_runs(folder: Path) -> Iterator[Path]:
    """Yield the run directories in a folder and below it, or the folder itself where it is one."""
    for here, below, _ in os.walk(folder):
        if is_run(Path(here)):
            below.clear()
            yield Path(here)
        else:
            below[:] = sorted(name for name in below if not name.startswith("."))


def read_state(folder: Path) -> RunState:
    """Look at a run directory; whatever cannot be read there makes it damaged, never an error."""
    changed = _changed(folder)
    holder = held(folder)
    if not any((folder / name).is_file() for name in (RECIPE, METRICS, MODEL, EVALUATION)):
        word: Word = "stopped" if holder is None else "starting"
        return RunState(folder, word, changed, holder or "")
    try:
        recipe = read_file(folder / RECIPE).plain()
        about = _about(recipe)
    except DAMAGES as error:
        return RunState(folder, "damaged", changed, _brief(error, folder))
    try:
        means = _evaluation(folder)
        epoch = _epoch(folder / METRICS)
        if means and not (folder / MODEL).is_file():
            raise FileNotFoundError(2, "no such file", MODEL)
    except DAMAGES as error:
        return RunState(folder, "damaged", changed, _brief(error, folder), **about)
    word = _word(folder, evaluated=bool(means), live=holder is not None)
    return RunState(folder, word, changed, holder or "", **about, epoch=epoch, **means)


def _word(folder: Path, *, evaluated: bool, live: bool) -> Word:
    if live:
        return "evaluating" if (folder / MODEL).is_file() else "training"
    if evaluated:
        return "evaluated"
    return "trained" if (folder / MODEL).is_file() else "stopped"


def _about(recipe: dict[str, Any]) -> dict[str, Any]:
    """Return what the recipe says of a run."""
    listed = recipe["evaluate"]["metrics"]
    schedule = recipe["schedule"]
    periods = [f"{key}={one}" for key, one in schedule.items() if type(one) is int]
    return {
        "name": str(recipe["name"]),
        "seed": int(recipe["seed"]),
        "objective": str(recipe["objective"]["name"]),
        "schedule": " ".join([str(schedule["name"]), *periods]),
        "epochs": int(recipe["train"]["epochs"]),
        "metrics": tuple(str(one["name"]) for one in listed),
    }


def _evaluation(folder: Path) -> dict[str, Any]:
    """Return the means of a run and which way is better; nothing where it is not evaluated."""
    path = folder / EVALUATION
    if not path.is_file():
        return {}
    summary = json.loads(path.read_text(encoding="utf-8"))
    mean = {
        str(condition): {
            str(name): None if value is None else float(value) for name, value in scores.items()
        }
        for condition, scores in summary["mean"].items()
    }
    better = {str(name): str(one["better"]) for name, one in summary.get("metrics", {}).items()}
    return {"mean": mean, "better": better}


def _epoch(path: Path) -> float | None:
    """Return the epoch of the last whole line of the log; None where there is none."""
    if not path.is_file():
        return None
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - TAIL_BYTES))
        lines = file.read().splitlines()
    for text in reversed(lines):
        try:
            return float(json.loads(text)["epoch"])
        except (ValueError, TypeError, KeyError):
            continue
    return None


def _changed(folder: Path) -> float:
    times = [0.0]
    for name in ("", RECIPE, METRICS, MODEL, EVALUATION):
        try:
            times.append((folder / name).stat().st_mtime)
        except OSError:
            continue
    return max(times)


def _brief(error: Exception, folder: Path) -> str:
    """Say an error in one line, without the folder's own name."""
    if isinstance(error, KeyError):
        return f"{RECIPE} or {EVALUATION} has no entry {error}"
    if isinstance(error, OSError) and error.strerror:
        return f"{Path(str(error.filename)).name}: {error.strerror.lower()}"
    text = " ".join(str(error).split())
    return text.replace(f"{folder}{os.sep}", "")[:200]
