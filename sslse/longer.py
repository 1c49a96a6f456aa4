"""Train a run longer than its recipe said at first."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from sslse.atomic import write_whole
from sslse.evaluate.examples import FOLDER as EXAMPLES
from sslse.evaluate.manifest import FILE as MANIFEST
from sslse.evaluate.named import FOLDER as EVALUATIONS
from sslse.evaluate.results import CSV, SUMMARY
from sslse.probe.results import PROBE
from sslse.recipe import Recipe
from sslse.registry import Registry
from sslse.report import REPORT
from sslse.run_folder import MODEL, PROVENANCE, RECIPE, read_recipe

# The model goes first: a folder without it is one to be trained, whatever else is moved by then.
MOVED = (MODEL, SUMMARY, CSV, MANIFEST, EXAMPLES, REPORT, PROBE)


def lengthen(folder: Path, recipe: Recipe, registry: Registry, say: Callable[[str], None]) -> None:
    """Make a run directory ready to be trained for more epochs; what was scored is kept.

    Model and evaluation of before go to ``evaluations/epochs=N`` with the recipe they are of; other
    evaluations are of that model too: ``,epochs=N`` joins their names. Nothing happens where
    the folder holds no run, or one of as many epochs. Killed at any moment, it is done by the next
    call.

    Args:
        folder: the run directory, held.
        recipe: of the run, with its new length.
        registry: the installed components.
        say: told what is done.
    """
    if not (folder / RECIPE).is_file():
        return
    before = read_recipe(folder, registry)
    epochs = before.train.epochs
    if recipe.train.epochs <= epochs:
        return
    say(
        f"train.epochs: {epochs} before, {recipe.train.epochs} now; what follows the share of the "
        "training that is over (a cosine learning rate, a growing momentum, ramps) goes by the new "
        "length from here on"
    )
    kept = folder / EVALUATIONS / f"epochs={epochs}"
    there = [name for name in MOVED if (folder / name).exists()]
    if there:
        _rename_others(folder / EVALUATIONS, epochs)
        kept.mkdir(parents=True, exist_ok=True)
        for name in (PROVENANCE, RECIPE):  # with a recipe, it is no evaluation of the longer run
            if (folder / name).is_file():
                write_whole(kept / name, (folder / name).read_text(encoding="utf-8"))
        for name in there:
            (folder / name).rename(kept / name)
        say(f"{kept}: model and scores of before")
    path = folder / PROVENANCE
    if path.is_file():
        about = json.loads(path.read_text(encoding="utf-8"))
        about["epochs_before"] = [*about.get("epochs_before", ()), epochs]
        write_whole(path, json.dumps(about, indent=2, ensure_ascii=False) + "\n")
    longer = replace(before, train=replace(before.train, epochs=recipe.train.epochs))
    write_whole(folder / RECIPE, replace(longer, loggers=recipe.loggers).to_yaml())


def _rename_others(evaluations: Path, epochs: int) -> None:
    """Say in the names of other evaluations how long their model was trained."""
    if not evaluations.is_dir():
        return
    for one in sorted(evaluations.iterdir()):
        ended = one.with_name(f"{one.name},epochs={epochs}")
        known = (one / RECIPE).is_file() or ",epochs=" in one.name
        if one.is_dir() and not known and not ended.exists():
            one.rename(ended)
