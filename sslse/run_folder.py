"""The run directory: what it holds, and when it may be written."""

import json
from pathlib import Path
from typing import Any

from sslse.errors import RunError
from sslse.recipe import Recipe
from sslse.recipe.check import check_recipe
from sslse.recipe.reader import read_file
from sslse.registry import Registry

RECIPE = "recipe.yaml"
PROVENANCE = "provenance.json"
METRICS = "metrics.jsonl"
MODEL = "model.safetensors"

# Entries that change no number: a run resumes with others.
WITHOUT_EFFECT = (
    "data.cache",
    "evaluate.workers",
    "train.checkpoint_seconds",
    "train.tensorboard",
)


def check_folder(folder: Path, recipe: Recipe, registry: Registry, *, resume: bool) -> None:
    """Refuse a directory that holds something else than this run.

    Raises:
        RunError: it is not empty and ``resume`` is not set, or its recipe is another one.
    """
    if folder.exists() and not folder.is_dir():
        raise RunError(f"{folder}: is a file; choose another directory with --out")
    if not folder.is_dir() or not any(folder.iterdir()):
        return
    if not resume:
        raise RunError(
            f"{folder}: exists already and is never overwritten; continue it with --resume, "
            "or choose another directory with --out"
        )
    before = read_recipe(folder, registry)
    changed = [
        f"{path}: {one!r} before, {other!r} now"
        for path, one, other in differences(before.plain(), recipe.plain())
        if path not in WITHOUT_EFFECT
    ]
    if changed:
        lines = "\n".join(f"  {one}" for one in changed)
        raise RunError(
            f"{folder}: cannot be resumed with another recipe; it differs in\n{lines}\n"
            "start another run with --out"
        )


def start_folder(folder: Path, recipe: Recipe, provenance: dict[str, Any]) -> None:
    """Create the directory with recipe and provenance; a resumed one keeps its own."""
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / RECIPE).is_file():
        (folder / RECIPE).write_text(recipe.to_yaml(), encoding="utf-8")
    if not (folder / PROVENANCE).is_file():
        text = json.dumps(provenance, indent=2, ensure_ascii=False)
        (folder / PROVENANCE).write_text(text + "\n", encoding="utf-8")


def read_recipe(folder: Path, registry: Registry) -> Recipe:
    """Return the recipe of a run directory.

    Raises:
        RunError: the folder is not a run.
    """
    if not (folder / RECIPE).is_file():
        raise RunError(f"{folder}: holds no {RECIPE}; give the directory of a run")
    return check_recipe(read_file(folder / RECIPE), registry)


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
