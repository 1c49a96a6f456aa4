"""A run from recipe to report."""

import contextlib
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

import torch

from sslse import ranks
from sslse.atomic import write_whole
from sslse.build import Material, build_network
from sslse.bundle import Enhancer, load_bundle, save_bundle
from sslse.calibration import calibrated_gain
from sslse.data.identity import identity
from sslse.enhance.model import Model
from sslse.errors import RunError
from sslse.evaluate.evaluation import Measures, evaluate, measures_of
from sslse.evaluate.examples import write_examples
from sslse.evaluate.manifest import FILE as MANIFEST
from sslse.evaluate.manifest import Manifest, plan_manifest
from sslse.evaluate.named import refuse_overwriting
from sslse.evaluate.results import SUMMARY, Results, read_summary
from sslse.evaluate.unfinished import file_key, finish
from sslse.longer import lengthen
from sslse.prepare import Prepared, describe, prepare
from sslse.provenance import describe_run, describe_scoring
from sslse.recipe import Recipe
from sslse.recipe.compose import read_preset
from sslse.registry import Registry
from sslse.report import write_report
from sslse.run_folder import MODEL, PROVENANCE, check_folder, start_folder
from sslse.run_lock import locked
from sslse.train.estimate import estimate_seconds
from sslse.train.failures import explained
from sslse.train.loggers import Loggers
from sslse.train.observer import Observer, Observers
from sslse.train.scores import Scoring
from sslse.train.signals import signals_raise

LONG_SECONDS = 600
SMALL = "small"  # a preset
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

    Several processes train and evaluate together (`sslse.ranks`); rank 0 writes what they find.

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
    with signals_raise(), contextlib.ExitStack() as held, ranks.joined(device) as own_device:
        if ranks.main():
            held.enter_context(locked(folder))
        recipe = check_folder(folder, recipe, registry, resume=resume)
        prepared = prepare(recipe, registry, own_device, display.say)
        for line in describe(prepared):
            display.say(line)
        recipe, material = prepared.recipe, prepared.material
        with ranks.main_first():  # the others find what is then there
            if ranks.main():
                about = {part: identity(getattr(material, part)) for part in PARTS}
                start_folder(folder, recipe, describe_run(recipe, registry, own_device), about)
                if resume:
                    lengthen(folder, recipe, registry, display.say)
            trained = (folder / MODEL).is_file()
        loggers = Loggers(prepared.loggers, folder, recipe.plain(), display.say)
        held.enter_context(loggers)
        if not trained:
            _train(prepared, folder, display, loggers, plugin_files)
        if trained and (summary := read_summary(folder)):
            display.say(f"{folder}: trained and evaluated already")
            if ranks.main():
                write_report(folder, display.say)
            return summary
        if ranks.main():
            loggers.started(prepared.trainer.steps)
        loggers.summary = evaluate_run(
            recipe, registry, folder, material, display=display, plugin_files=plugin_files
        )
        return loggers.summary


def evaluate_run(
    recipe: Recipe,
    registry: Registry,
    folder: Path,
    material: Material,
    *,
    display: Display,
    manifest: Manifest | None = None,
    plugin_files: Sequence[Path] = (),
    into: Path | None = None,
) -> dict[str, Any]:
    """Score the trained model of a run; write its manifest, evaluation and report.

    Every rank must call it; rank 0 writes.

    Args:
        recipe: of the run.
        registry: the installed components.
        folder: the run directory.
        material: its test part is used; the model is put on its device.
        display: shows how far it is.
        manifest: of the mixtures; None plans those of the recipe.
        plugin_files: one-file plugins of this run.
        into: folder to write (`sslse.evaluate.named`); None: that of the run.

    Raises:
        RunError: the run is not trained to its end.
        DataError: the corpora are not those that the manifest was made from.
        RecipeError: the network takes no waves of the manifest's length.
    """
    speech, noise = material.test_speech, material.test_noise
    if manifest is None:
        manifest = plan_manifest(speech, noise, recipe.evaluate)
    recipe = replace(recipe, evaluate=replace(recipe.evaluate, samples=manifest.samples))
    model, key = _trained(recipe, registry, folder, speech.device)
    into = into or folder
    measures = measures_of(recipe, registry, plugin_files)
    results = _score(model, measures, material, into, key=key, manifest=manifest, display=display)
    if ranks.main():
        write_report(into, display.say)
    return results.summary()


def evaluate_model(
    model: Model,
    recipe: Recipe,
    registry: Registry,
    material: Material,
    into: Path,
    *,
    display: Display,
    manifest: Manifest | None = None,
    plugin_files: Sequence[Path] = (),
) -> dict[str, Any]:
    """Score a trained model that is no run; write manifest, evaluation, examples, provenance.

    Every rank must call it; rank 0 writes.

    Args:
        model: on the device of the material.
        recipe: says how it is scored.
        registry: the installed components.
        material: its test part is used.
        into: folder to write; it may hold an evaluation of the same that was not finished.
        display: shows how far it is.
        manifest: of the mixtures; None plans those of the recipe.
        plugin_files: one-file plugins.

    Raises:
        RunError: ``into`` holds a run or an evaluation already.
        DataError: the corpora are not those that the manifest was made from.
    """
    refuse_overwriting(into)
    if manifest is None:
        manifest = plan_manifest(material.test_speech, material.test_noise, recipe.evaluate)
    stride = model.enhancer.encoder.stride
    if manifest.samples % stride:
        raise RunError(
            f"{model.path}: takes multiples of {stride} samples, and the mixtures have "
            f"{manifest.samples}; possible: --set evaluate.samples="
            f"{manifest.samples // stride * stride or stride}"
        )
    if ranks.main():
        into.mkdir(parents=True, exist_ok=True)
        about = {"name": into.resolve().name, "model": str(model.path.resolve())}
        about |= describe_scoring(recipe, registry)
        write_whole(into / PROVENANCE, json.dumps(about, indent=2) + "\n")
    key, measures = file_key(model.path), measures_of(recipe, registry, plugin_files)
    enhancer = model.enhancer
    results = _score(
        enhancer, measures, material, into, key=key, manifest=manifest, display=display
    )
    return results.summary()


def _score(
    model: Enhancer,
    measures: Measures,
    material: Material,
    folder: Path,
    *,
    key: str,
    manifest: Manifest,
    display: Display,
) -> Results:
    """Score a model on the mixtures of a manifest; write them, their scores and examples."""
    speech, noise = material.test_speech, material.test_noise
    if ranks.main():
        folder.mkdir(parents=True, exist_ok=True)
        if (folder / SUMMARY).is_file():
            display.say(f"{folder}: holds this evaluation already; it is written anew")
        manifest.write(folder / MANIFEST)
    results = evaluate(
        model,
        speech,
        noise,
        measures,
        manifest=manifest,
        watch=display.evaluating,
        folder=folder if folder.is_dir() else None,
        model=key,
    )
    if ranks.main():
        write_examples(folder, results, model, speech, noise, samples=manifest.samples)
        results.write(folder)
        finish(folder)
    return results


def _trained(
    recipe: Recipe, registry: Registry, folder: Path, device: torch.device
) -> tuple[Enhancer, str]:
    """Return a run's trained model and a digest of its file; rank 0 reads it for all."""
    key = ""
    if ranks.main():
        if not (folder / MODEL).is_file():
            raise RunError(f"{folder}: has no {MODEL}: it is not trained to its end; use --resume")
        model, key = load_bundle(folder / MODEL, recipe, registry, device), file_key(folder / MODEL)
    else:
        model = Enhancer(*build_network(recipe, registry)).to(device).eval()
    with ranks.meeting() as collect:
        key = collect(key)[0]
    for tensor in model.state_dict().values():
        ranks.share(tensor)
    return model, key


def _train(
    prepared: Prepared,
    folder: Path,
    display: Display,
    loggers: Loggers,
    plugin_files: Sequence[Path],
) -> None:
    trainer, recipe = prepared.trainer, prepared.recipe
    if prepared.device.type == "cpu":
        seconds = estimate_seconds(trainer)
        if seconds > LONG_SECONDS:
            display.say(_advice(seconds, prepared.recipe))
    with (
        explained(trainer, recipe.views, recipe.train.crop),
        contextlib.ExitStack() as held,
    ):
        observers: list[Observer] = [loggers]
        if recipe.evaluate.every is not None and ranks.main():
            scoring = Scoring(
                trainer,
                prepared.material,
                recipe,
                folder,
                plugin_files=plugin_files,
                say=display.say,
                tell=loggers.scored,
            )
            observers.append(held.enter_context(scoring))
        trainer.run(
            folder,
            watch=lambda line: display.training(line, trainer.steps),
            say=display.say,
            observer=Observers(observers),
        )
        if ranks.main():
            parts = trainer.model.encoder, trainer.model.decoder
            enhancer, material = Enhancer(*parts).eval(), prepared.material
            stores = material.train_speech, material.train_noise
            gain = calibrated_gain(enhancer, *stores, recipe.evaluate)
            save_bundle(folder / MODEL, *parts, prepared.recipe, gain=gain)


def _advice(seconds: float, recipe: Recipe) -> str:
    """Say how long a run takes on this CPU, and what is faster."""
    hours = seconds / 3600
    long = f"{hours:.1f} hours" if hours >= 1 else f"{seconds / 60:.0f} minutes"
    faster = ["a CUDA GPU"]
    if _larger_than(SMALL, recipe):
        faster.append(f"the small model (--set preset={SMALL})")
    epochs = max(1, round(recipe.train.epochs * LONG_SECONDS / seconds))
    if epochs < recipe.train.epochs:
        faster.append(f"fewer epochs (about {epochs} in ten minutes: --set train.epochs={epochs})")
    return (
        f"note: on this CPU the whole training takes about {long}. Faster: {', or '.join(faster)}. "
        "Stop with Ctrl-C at any time; --resume continues"
    )


def _larger_than(preset: str, recipe: Recipe) -> bool:
    """Tell whether a preset has the recipe's network with a smaller size of any kind."""
    smaller = read_preset(preset).plain()
    return any(
        type(size) is int and one.name == smaller[one.kind]["name"] and one.options[key] > size
        for one in (recipe.encoder, recipe.decoder)
        for key, size in smaller[one.kind].items()
    )
