"""Read ``--set PATH=VALUE,VALUE`` into axes, and axes into combinations."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from sslse.errors import Problem, RecipeError
from sslse.recipe.layout import split_path
from sslse.recipe.reader import read_value
from sslse.sweep.naming import word
from sslse.wording import show_value

SEED = "seed"
_SET = "--set"


@dataclass(frozen=True)
class Value:
    """One value of an option: as it was written, and what YAML makes of it."""

    text: str
    plain: Any


@dataclass(frozen=True)
class Axis:
    """An option and the values it takes in turn."""

    path: str
    values: tuple[Value, ...]


Combination = dict[str, Value]


def read_axes(sets: Sequence[str]) -> list[Axis]:
    """Read ``path=value,value`` texts; all faults are reported together.

    A value is written as in a recipe. Commas divide values, except within brackets, braces and
    quotes: ``tau=0.9,0.99`` are two numbers, ``snr_db=[0,5]`` is one list, ``snr_db=[0],[5,10]``
    are two, and ``root="a,b"`` is one text.

    Raises:
        RecipeError: a text is no ``path=value``, its values cannot be read, one is given twice, or
            a path is.
    """
    axes: list[Axis] = []
    problems: list[Problem] = []
    for text in sets:
        written, equals, values = text.partition("=")
        path = ".".join(split_path(written))
        try:
            if not equals or not path:
                raise _error(text, "takes PATH=VALUE,VALUE, for example objective.tau=0.9,0.99")
            if any(one.path == path for one in axes):
                raise _error(path, f"is set twice; put all values into one {_SET}")
            axes.append(Axis(path, _values(path, values)))
        except RecipeError as error:
            problems += error.problems
    if problems:
        raise RecipeError(problems)
    return axes


def combinations(axes: Sequence[Axis]) -> list[Combination]:
    """Return every choice of one value an axis, the last axis changing fastest."""
    choices = itertools.product(*(one.values for one in axes))
    paths = [one.path for one in axes]
    return [dict(zip(paths, values, strict=True)) for values in choices]


def as_sets(combination: Combination) -> list[str]:
    """Return the texts for a recipe's ``--set``."""
    return [f"{path}={value.text}" for path, value in combination.items()]


def _values(path: str, text: str) -> tuple[Value, ...]:
    values: list[Value] = []
    for one in _split(path, text):
        try:
            value = Value(one, read_value(one, _SET).plain())
        except RecipeError as error:
            raise _error(path, error.problems[0].message) from error
        if any(word(value.plain) == word(other.plain) for other in values):
            raise _error(path, f"names {show_value(value.plain)} twice")
        values.append(value)
    return tuple(values)


def _split(path: str, text: str) -> list[str]:
    """Divide a text at its outer commas, by YAML's own rules: it is the inside of a list."""
    if "," not in text:
        return [text]
    if text.rstrip().endswith(","):
        raise _error(path, "ends in a comma; another value is missing")
    try:
        root = yaml.compose(f"[{text}]", Loader=yaml.BaseLoader)
    except (yaml.YAMLError, RecursionError) as error:
        said = getattr(error, "problem", None) or "it cannot be divided"
        message = f"{show_value(text)} is no list of values: {said}; quote what has a comma in it"
        raise _error(path, message) from error
    if not isinstance(root, yaml.SequenceNode):
        raise _error(path, f"{show_value(text)} is no list of values")
    inner = [(one.start_mark.index - 1, one.end_mark.index - 1) for one in root.value]
    return [text[start:end].strip() for start, end in inner]


def _error(path: str, message: str) -> RecipeError:
    return RecipeError([Problem(_SET, path, message)])
