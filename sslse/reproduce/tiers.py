"""Tiers: how large a reproduction is, as settings laid over every recipe."""

from dataclasses import dataclass
from pathlib import Path

from sslse.errors import Problem, RecipeError
from sslse.options import PositiveInt, check_options
from sslse.recipe.reader import read_file
from sslse.registry import did_you_mean

FOLDER = Path(__file__).parent


@dataclass(frozen=True, kw_only=True)
class Tier:
    """How large a reproduction is.

    Args:
        name: of its file.
        about: what it is for, in a sentence.
        seeds: runs of every recipe.
        data: data profiles.
        sets: ``path=value`` texts for every recipe, as ``--set`` takes them.
        low_data: the same, for the recipes of the low-data experiment on top.
    """

    name: str
    about: str
    seeds: PositiveInt
    data: list[str]
    sets: list[str]
    low_data: list[str]


def shipped_tiers() -> list[str]:
    """Return the names of the tiers there are, the smallest first."""
    return ["smoke", "small", "full"]


def read_tier(text: str) -> Tier:
    """Read a tier given by its name, or by a file of one's own.

    Raises:
        RecipeError: there is none, or its file has something else than a tier's entries.
    """
    path = FOLDER / f"{text}.yaml" if text in shipped_tiers() else Path(text)
    if not path.is_file():
        near = did_you_mean(text, shipped_tiers())
        possible = ", ".join(shipped_tiers())
        message = f"no tier named {text!r}, and no such file{near} (possible: {possible})"
        raise RecipeError([Problem("--tier", "", message)])
    tree = read_file(path)
    values, faults = check_options(Tier, {"name": path.stem, **tree.plain()}, "a tier")
    if faults:
        problems = []
        for one in faults:
            key, *_ = one.path
            where = tree.value[key].where if key in tree.value else str(path)
            problems.append(Problem(where, ".".join(map(str, one.path)), one.message))
        raise RecipeError(problems)
    return Tier(**values)
