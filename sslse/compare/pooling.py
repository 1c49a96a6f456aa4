"""Put the seeds of a recipe together, and give every row of a comparison a name of its own."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from sslse.compare.reading import ENHANCED, NOISY, Evaluated, Scores
from sslse.errors import RunError
from sslse.run_folder import WITHOUT_EFFECT, differences
from sslse.wording import show_value

Kind = Literal["noisy", "baseline", "run"]

SHOWN = 2  # differing options that a label names; where there are more, the folder tells apart
LONG = 60  # characters of them
# Besides what changes no number: how a run is scored is held against the others by its manifest
# and its contracts, and the last bits that depend on threads are no other method.
NOT_THE_METHOD = (*WITHOUT_EFFECT, "name", "seed", "evaluate", "train.threads")


@dataclass(frozen=True)
class Entry:
    """A row of a comparison.

    Args:
        label: unique among the rows.
        kind: the noisy waves, a baseline, or the seeds of a run.
        name: of the recipe, the baseline or the folder.
        seeds: of the runs, sorted; empty where none is known.
        folders: where the scores come from.
        scores: (seeds, mixtures) by metric; NaN where it failed.
    """

    label: str
    kind: Kind
    name: str
    seeds: tuple[int, ...]
    folders: tuple[str, ...]
    scores: dict[str, Scores]


def make_entries(evaluated: Sequence[Evaluated], metrics: Sequence[str]) -> tuple[Entry, ...]:
    """Return noisy, baselines and runs, the seeds of a recipe as one.

    Runs whose recipes have the same name and differ in the seed alone are seeds of one recipe.
    Where recipes of one name differ in more, the differing options tell the rows apart.

    Raises:
        RunError: a seed of a recipe is given twice.
    """
    entries = [_condition(NOISY, "noisy", evaluated[0], metrics)]
    for one in evaluated:
        for name in one.conditions:
            if name not in {NOISY, ENHANCED, *(entry.name for entry in entries)}:
                entries.append(_condition(name, "baseline", one, metrics))
    runs = [one for one in evaluated if ENHANCED in one.conditions]
    pools: list[list[Evaluated]] = []
    for one in runs:
        pool = next((pool for pool in pools if _same_recipe(pool[0], one)), None)
        if pool is None:
            pools.append([one])
        else:
            pool.append(one)
    labels = _labels(pools, {entry.label for entry in entries})
    entries += [_pooled(label, pool, metrics) for label, pool in zip(labels, pools, strict=True)]
    return tuple(entries)


def _condition(name: str, kind: Kind, one: Evaluated, metrics: Sequence[str]) -> Entry:
    scores = {metric: one.scores[metric, name][np.newaxis] for metric in metrics}
    return Entry(name, kind, name, (), (one.folder,), scores)


def _pooled(label: str, pool: Sequence[Evaluated], metrics: Sequence[str]) -> Entry:
    seeds = [one.seed for one in pool]
    for place, one in enumerate(pool):
        if one.seed in seeds[:place]:
            earlier = pool[seeds.index(one.seed)].folder
            raise RunError(
                f"{one.folder}: is seed {one.seed} of {show_value(one.name)}, as {earlier} is; "
                "a seed counts once"
            )
    pool = sorted(pool, key=lambda one: -1 if one.seed is None else one.seed)
    return Entry(
        label,
        "run",
        pool[0].name,
        tuple(one.seed for one in pool if one.seed is not None),
        tuple(one.folder for one in pool),
        {metric: np.stack([one.scores[metric, ENHANCED] for one in pool]) for metric in metrics},
    )


def _same_recipe(one: Evaluated, other: Evaluated) -> bool:
    """Tell whether two runs differ in nothing but the seed."""
    if one.recipe is None or other.recipe is None or one.name != other.name:
        return False
    return not _method_differences(one.recipe, other.recipe)


def _method_differences(one: dict[str, Any], other: dict[str, Any]) -> list[tuple[str, Any, Any]]:
    return [
        line
        for line in differences(one, other)
        if not any(line[0] == path or line[0].startswith(f"{path}.") for path in NOT_THE_METHOD)
    ]


def _labels(pools: Sequence[Sequence[Evaluated]], taken: set[str]) -> list[str]:
    """Return a label for each pool: its name, with what differs where a name occurs twice."""
    labels = []
    for pool in pools:
        same = [other[0] for other in pools if other[0].name == pool[0].name]
        label = pool[0].name
        if len(same) > 1:
            label = f"{label} ({_what_differs(pool[0], same)})"
        labels.append(label)
    return [
        f"{pool[0].name} ({pool[0].folder})" if label in taken or labels.count(label) > 1 else label
        for label, pool in zip(labels, pools, strict=True)
    ]


def _what_differs(one: Evaluated, same: Sequence[Evaluated]) -> str:
    """Write the options in which runs of one name differ; the folder where that says too much."""
    if one.recipe is None or any(other.recipe is None for other in same):
        return one.folder
    own = {
        path: value
        for other in same
        for path, value, _ in _method_differences(one.recipe, other.recipe or {})
    }
    # A component of another name differs in all its options: its name says it.
    named = [path for path in own if path.endswith(".name")]
    paths = [
        path
        for path in own
        if path in named or not any(path.startswith(name[: -len("name")]) for name in named)
    ]
    said = ", ".join(f"{path.removesuffix('.name')}={_plain(own[path])}" for path in paths)
    return said if 0 < len(paths) <= SHOWN and len(said) <= LONG else one.folder


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else show_value(value)
