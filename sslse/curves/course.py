"""What a run directory tells of its training: losses and scores over steps, epochs and time."""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from statistics import fmean
from typing import Any

from sslse.errors import RunError
from sslse.recipe.reader import read_file
from sslse.registry import did_you_mean
from sslse.run_folder import METRICS, RECIPE, SCORES, WITHOUT_EFFECT, differences
from sslse.train.log import TIMING, read_metrics

SCORE = "score/"
LOSSES = ("loss", "cl", "se")
_NO_FIGURES = {"step", "epoch", "warnings", "failed", *TIMING}
_MAY_DIFFER = {"seed", *WITHOUT_EFFECT}


@dataclass(frozen=True)
class Point:
    """One value of a figure.

    Args:
        step: steps taken.
        epoch: epochs taken.
        seconds: of training until then.
        value: of the figure.
    """

    step: int
    epoch: float
    seconds: float
    value: float


@dataclass(frozen=True)
class Course:
    """The course of one run's training.

    Args:
        folder: the run directory.
        recipe: plain values, every default filled in.
        lines: of ``metrics.jsonl``.
        scores: lines of ``scores.jsonl``; none where nothing was scored in training.
    """

    folder: Path
    recipe: dict[str, Any]
    lines: Sequence[dict[str, Any]]
    scores: Sequence[dict[str, Any]]

    @property
    def name(self) -> str:
        """The recipe's name, which its seeds share."""
        return str(self.recipe["name"])

    @property
    def seed(self) -> int:
        """The seed of the run."""
        return int(self.recipe["seed"])

    @cached_property
    def figures(self) -> list[str]:
        """Names of all it has: scores, losses, then the others as they come."""
        names = [name for line in (*self.scores, *self.lines) for name in line]
        scores = [name for name in names if name.startswith(SCORE)]
        ordered = dict.fromkeys([*scores, *(one for one in LOSSES if one in names), *names])
        return [name for name in ordered if name not in _NO_FIGURES]

    def values(self, figure: str, *, gaps: bool = False) -> list[Point]:
        """Return the values of a figure, given by its full name.

        Where a line has no number, there is no point, or one of value nan with ``gaps``.
        """
        lines = self.scores if figure.startswith(SCORE) else self.lines
        points = [
            Point(line["step"], line["epoch"], line["seconds"], _number(line.get(figure)))
            for line in lines
        ]
        return [one for one in points if gaps or math.isfinite(one.value)]


def read_course(folder: Path) -> Course:
    """Read the course of a run, finished or not.

    Raises:
        RunError: the folder is no run, nothing is logged yet, or a file is damaged.
    """
    if not (folder / RECIPE).is_file():
        raise RunError(f"{folder}: holds no {RECIPE}; give the directory of a run")
    recipe = read_file(folder / RECIPE).plain()
    if not isinstance(recipe.get("name"), str) or not isinstance(recipe.get("seed"), int):
        raise RunError(f"{folder / RECIPE}: is no run's recipe: it has no name or no seed")
    lines, scores = (read_metrics(folder / name) for name in (METRICS, SCORES))
    if not lines and not scores:
        raise RunError(f"{folder}: nothing is logged yet")
    return Course(folder, recipe, lines, scores)


def group(courses: Sequence[Course]) -> dict[str, list[Course]]:
    """Sort runs into those that are seeds of one recipe, by the recipe's name.

    Runs of one name whose recipes differ in more than the seed stay apart, each group named by its
    folders too.
    """
    by_name: dict[str, list[list[Course]]] = {}
    for course in courses:
        groups = by_name.setdefault(course.name, [])
        for one in groups:
            if _same_recipe(one[0], course):
                one.append(course)
                break
        else:
            groups.append([course])
    found: dict[str, list[Course]] = {}
    for name, groups in by_name.items():
        for one in groups:
            folders = ", ".join(str(course.folder) for course in one)
            label = name if len(groups) == 1 else f"{name} ({folders})"
            found[label] = sorted(one, key=lambda course: (course.seed, str(course.folder)))
    return found


def mean(courses: Sequence[Course], figure: str, *, gaps: bool = False) -> list[Point]:
    """Return the mean of a figure over runs, at the steps that all of them have.

    Times and epochs are means too; ``gaps`` is as in `Course.values`.
    """
    by_step = [{point.step: point for point in one.values(figure, gaps=gaps)} for one in courses]
    shared = set.intersection(*(set(one) for one in by_step)) if by_step else set()
    means = []
    for step in sorted(shared):
        points = [one[step] for one in by_step]
        means.append(
            Point(
                step,
                fmean(one.epoch for one in points),
                fmean(one.seconds for one in points),
                fmean(one.value for one in points),
            )
        )
    return means


def full_names(wanted: Sequence[str], courses: Sequence[Course]) -> list[str]:
    """Return the full names of figures: ``pesq_nb`` is ``score/pesq_nb``.

    Raises:
        RunError: no run has such a figure.
    """
    known = dict.fromkeys(name for course in courses for name in course.figures)
    names = []
    for one in wanted:
        full = one if one in known else f"{SCORE}{one}"
        if full not in known:
            near = did_you_mean(one, [*known, *(name.removeprefix(SCORE) for name in known)])
            raise RunError(f"no run has {one!r}{near} (possible: {', '.join(known)})")
        names.append(full)
    return list(dict.fromkeys(names))


def _number(value: Any) -> float:
    finite = isinstance(value, int | float) and math.isfinite(value)
    return float(value) if finite else math.nan


def _same_recipe(one: Course, other: Course) -> bool:
    found = differences(_plain(one), _plain(other))
    return all(path in _MAY_DIFFER for path, _, _ in found)


def _plain(course: Course) -> Any:
    """Return the recipe as JSON holds it, in which nan equals itself."""
    return json.loads(json.dumps(course.recipe, default=str), parse_constant=str)
