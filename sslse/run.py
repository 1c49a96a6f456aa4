"""A run from recipe to report."""

import contextlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import torch

from sslse import ranks
from sslse.build import Material, build_metrics
from sslse.bundle import load_bundle, save_bundle
from sslse.data.identity import identity
from sslse.errors import RunError
from sslse.evaluate.evaluation import evaluate
from sslse.evaluate.results import read_summary
from sslse.evaluate.unfinished import file_key, finish
from sslse.prepare import Prepared, describe, prepare
from sslse.provenance import describe_run
from sslse.recipe import Recipe
from sslse.registry import Registry
from sslse.report import write_report
from sslse.run_folder import MODEL, check_folder, start_folder
from sslse.run_lock import locked
from sslse.train.estimate import estimate_seconds
from sslse.train.failures import explained
from sslse.train.signals import signals_raise

LONG_SECONDS = 600
PARTS = ("train_speech", "train_noise", "test_speech", "test_noise")


class Display(Protocol):
    """Shows a run to its user."""

    def say(self, text: str) -> None:
        """Show a line."""

    def training(self, line: dict[str, Any], steps: int) -> None:
        """Show a logged line of the training, of so many steps."""

    def evaluating(self, done: int, count: int) -> None:
        """Show how many mixtures are scored."""


def run(
    recipe: Recipe,
    registry: Registry,
    folder: Path,
    *,
    device: torch.device,
    display: Display,
    resume: bool = False,
    plugin_files: Sequence[Path] = (),
) -> dict[str, Any]:
    """Train, evaluate and report; return what ``evaluation.json`` holds.

    Several processes train together (`sslse.ranks`); then rank 0 goes on alone, and the others
    return nothing.

    Args:
        recipe: checked.
        registry: the installed components.
        folder: the run directory.
        device: to train and enhance on.
        display: shows the run.
        resume: continue what the folder holds, to the very same numbers.
        plugin_files: one-file plugins of this run.

    Raises:
        SslseError: the recipe, the data or the directory cannot be used.
        BrokenOffError: the machine ended it; ``resume`` continues.
        Stopped: a signal ended it; ``resume`` continues.
    """
    with signals_raise(), contextlib.ExitStack() as held:
        with ranks.joined(device) as own_device:
            if ranks.main():
                held.enter_context(locked(folder))
            recipe = check_folder(folder, recipe, registry, resume=resume)
            prepared = prepare(recipe, registry, own_device, display.say)
            for line in describe(prepared):
                display.say(line)
            recipe, material = prepared.recipe, prepared.material
            if ranks.main():
                about = {part: identity(getattr(material, part)) for part in PARTS}
                start_folder(folder, recipe, describe_run(recipe, registry, own_device), about)
            trained = (folder / MODEL).is_file()
            if not trained:
                _train(prepared, folder, display)
        if not ranks.main():
            return {}
        if trained and (summary := read_summary(folder)):
            display.say(f"{folder}: trained and evaluated already")
            write_report(folder, display.say)
            return summary
        return evaluate_run(
            recipe, registry, folder, material, display=display, plugin_files=plugin_files
        )


def evaluate_run(
    recipe: Recipe,
    registry: Registry,
    folder: Path,
    material: Material,
    *,
    display: Display,
    plugin_files: Sequence[Path] = (),
) -> dict[str, Any]:
    """Score the trained model of a run; write its evaluation and report.

    Args:
        recipe: of the run.
        registry: the installed components.
        folder: the run directory.
        material: its test part is used; the model is put on its device.
        display: shows how far it is.
        plugin_files: one-file plugins of this run.

    Raises:
        RunError: the run is not trained to its end.
    """
    if not (folder / MODEL).is_file():
        raise RunError(f"{folder}: has no {MODEL}: it is not trained to its end; use --resume")
    speech = material.test_speech
    results = evaluate(
        load_bundle(folder / MODEL, recipe, registry, speech.device),
        speech,
        material.test_noise,
        recipe,
        build_metrics(recipe, registry),
        plugin_files=plugin_files,
        watch=display.evaluating,
        folder=folder,
        model=file_key(folder / MODEL),
    )
    results.write(folder)
    finish(folder)
    write_report(folder, display.say)
    return results.summary()


def _train(prepared: Prepared, folder: Path, display: Display) -> None:
    trainer = prepared.trainer
    if prepared.device.type == "cpu":
        seconds = estimate_seconds(trainer)
        if seconds > LONG_SECONDS:
            display.say(_advice(seconds, prepared.recipe))
    with explained(trainer, prepared.recipe.views, prepared.recipe.train.crop):
        trainer.run(
            folder,
            watch=lambda line: display.training(line, trainer.steps),
            say=display.say,
        )
        if ranks.main():
            parts = trainer.model.encoder, trainer.model.decoder
            save_bundle(folder / MODEL, *parts, prepared.recipe)


def _advice(seconds: float, recipe: Recipe) -> str:
    """Say how long a run takes on this CPU, and what is faster."""
    hours = seconds / 3600
    long = f"{hours:.1f} hours" if hours >= 1 else f"{seconds / 60:.0f} minutes"
    epochs = max(1, round(recipe.train.epochs * LONG_SECONDS / seconds))
    return (
        f"note: on this CPU the whole training takes about {long}. Faster: a CUDA GPU, "
        f"the small model (--set preset=small), or fewer epochs (about {epochs} in ten minutes: "
        f"--set train.epochs={epochs}). Stop with Ctrl-C at any time; --resume continues"
    )
