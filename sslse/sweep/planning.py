"""Plan a sweep: read every combination of option values before any is run."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from sslse.errors import Problem, RecipeError
from sslse.recipe import Recipe, load_recipe
from sslse.registry import Registry
from sslse.sweep.grid import SEED, as_sets, combinations, read_axes
from sslse.sweep.naming import label, member_name
from sslse.sweep.plan import Member, Planned


def plan_grid(
    recipe: str,
    registry: Registry,
    *,
    data: Sequence[str] = (),
    sets: Sequence[str] = (),
    seeds: int | None = None,
) -> Planned:
    """Check every combination of option values, and give each its seeds.

    Args:
        recipe: a file, or the bare name of a packaged recipe.
        registry: the components that are installed.
        data: data profiles laid over it.
        sets: see `sslse.sweep.grid.read_axes`; ``seed=3,7`` names the seeds.
        seeds: runs of each combination, with the recipe's seed, the next number and so on; None
            is one.

    Raises:
        RecipeError: listing the problems of all combinations.
    """
    axes = read_axes(sets)
    named = next((one for one in axes if one.path == SEED), None)
    if named is not None and seeds is not None:
        message = "set both here and by --seeds; possible: one of them"
        raise RecipeError([Problem("--set", SEED, message)])
    axes = [one for one in axes if one.path != SEED]
    of_seeds: list[list[str]] = (
        [[]] if named is None else [[f"{SEED}={one.text}"] for one in named.values]
    )
    several = [one.path for one in axes if len(one.values) > 1]
    found: list[tuple[dict[str, Any], list[Recipe]]] = []
    faults: dict[Problem, list[str]] = {}
    for combination in combinations(axes):
        values = {path: one.plain for path, one in combination.items()}
        chosen = as_sets(combination)
        try:
            recipes = [
                load_recipe(recipe, registry, data=data, sets=[*chosen, *one]) for one in of_seeds
            ]
            found.append((values, _counted(recipes, seeds or 1)))
        except RecipeError as error:
            for problem in error.problems:
                faults.setdefault(problem, []).append(label("", several, values).strip(","))
    if faults:
        raise RecipeError(_told(faults, len(combinations(axes))))
    planned: Planned = []
    for values, recipes in found:
        for one in recipes:
            name = label(one.name, several, values)
            member = Member(member_name(name, one.seed), name, one.seed, values)
            planned.append((member, replace(one, name=name)))
    return planned


def _counted(recipes: Sequence[Recipe], seeds: int) -> list[Recipe]:
    """Return recipes with so many seeds each, counted on from theirs."""
    return [replace(one, seed=one.seed + number) for one in recipes for number in range(seeds)]


def _told(faults: Mapping[Problem, Sequence[str]], count: int) -> list[Problem]:
    """Say once what is wrong in several combinations, and in which where not in all."""
    problems = []
    for problem, where in faults.items():
        message = problem.message
        if len(where) < count:
            more = f" and {len(where) - 1} more" if len(where) > 1 else ""
            message += f" (with {where[0]}{more})"
        problems.append(replace(problem, message=message))
    return problems
