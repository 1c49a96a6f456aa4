"""The run directory: what it holds, and when it may be written."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from sslse.atomic import PARTIAL, write_whole
from sslse.errors import RunError
from sslse.recipe import Recipe
from sslse.recipe.check import check_recipe
from sslse.recipe.reader import Node, read_file
from sslse.registry import Registry
from sslse.run_lock import LOCK

RECIPE = "recipe.yaml"
PROVENANCE = "provenance.json"
MATERIAL = "material.json"
METRICS = "metrics.jsonl"
SCORES = "scores.jsonl"
MODEL = "model.safetensors"

# Entries that change no number: a run resumes with others.
WITHOUT_EFFECT = (
    "data.cache",
    "evaluate.every",
    "evaluate.workers",
    "loggers",
    "train.checkpoint_seconds",
    "train.nonfinite_steps",
)

LENGTH = "train.epochs"  # may grow: `sslse.longer`


def check_folder(folder: Path, recipe: Recipe, registry: Registry, *, resume: bool) -> Recipe:
    """Refuse a directory that holds something else than this run; return the run's recipe.

    What the directory has found for ``train.batch_size: auto`` takes its place.

    Raises:
        RunError: it is not empty and ``resume`` is not set, or its recipe is another one: in more
            than a greater number of epochs.
    """
    if folder.exists() and not folder.is_dir():
        raise RunError(f"{folder}: is a file; choose another directory with --out")
    if not folder.is_dir() or not any(_counts(one) for one in folder.iterdir()):
        return recipe
    if not resume:
        raise RunError(
            f"{folder}: exists already and is never overwritten; continue it with --resume, "
            "or choose another directory with --out"
        )
    before = read_recipe(folder, registry)
    if recipe.train.batch_size == "auto":
        recipe = replace(recipe, train=replace(recipe.train, batch_size=before.train.batch_size))
    changed = [
        f"{path}: {one!r} before, {other!r} now"
        for path, one, other in differences(before.plain(), recipe.plain())
        if path not in WITHOUT_EFFECT and not (path == LENGTH and other > one)
    ]
    if changed:
        lines = "\n".join(f"  {one}" for one in changed)
        raise RunError(
            f"{folder}: cannot be resumed with another recipe; it differs in\n{lines}\n"
            "start another run with --out"
        )
    return recipe


def _counts(path: Path) -> bool:
    """Tell whether an entry belongs to a run: neither the lock nor a rest of a killed start."""
    return path.name != LOCK and path.suffix != PARTIAL


def start_folder(
    folder: Path, recipe: Recipe, provenance: dict[str, Any], material: dict[str, Any]
) -> None:
    """Write recipe, provenance and what it trains and tests on; a resumed run keeps its own.

    The recipe comes first: without it, a directory is no run that could be resumed.

    Raises:
        RunError: a resumed run would go on with other recordings.
    """
    for name, content in (
        (RECIPE, recipe.to_yaml()),
        (PROVENANCE, _as_json(provenance)),
        (MATERIAL, _as_json(material)),
    ):
        if not (folder / name).is_file():
            write_whole(folder / name, content)
    before = json.loads((folder / MATERIAL).read_text(encoding="utf-8"))
    for part, now in material.items():
        if part in before and before[part] != now:
            raise RunError(
                f"{folder}: cannot be resumed: {part} is not what it was: "
                f"{before[part]['recordings']} recordings of {before[part]['seconds']} s before, "
                f"{now['recordings']} of {now['seconds']} s now; put back what is missing or "
                "changed, or start another run with --out"
            )


def _as_json(content: dict[str, Any]) -> str:
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


def read_recipe(folder: Path, registry: Registry) -> Recipe:
    """Return the recipe of a run directory, without its loggers: they need not be installed here.

    Raises:
        RunError: the folder is not a run.
    """
    if not (folder / RECIPE).is_file():
        raise RunError(f"{folder}: holds no {RECIPE}; give the directory of a run")
    tree = read_file(folder / RECIPE)
    kept = {key: node for key, node in tree.value.items() if key != "loggers"}
    return check_recipe(Node(kept, tree.where), registry, made=True)


def differences(before: Any, after: Any, path: str = "") -> list[tuple[str, Any, Any]]:
    """Say where two plain recipes differ: path and both values of every entry."""
    if isinstance(before, dict) and isinstance(after, dict):
        keys = dict.fromkeys([*before, *after])
        found = [
            differences(before.get(key), after.get(key), f"{path}.{key}".removeprefix("."))
            for key in keys
        ]
        return [line for lines in found for line in lines]
    if before == after:
        return []
    return [(path, before, after)]
