"""Assemble a checked recipe: components, corpora, model."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import nn

from sslse.api import (
    Augmentation,
    Baseline,
    Context,
    Decoder,
    Encoder,
    Logger,
    Metric,
    Objective,
    Predictor,
    Schedule,
)
from sslse.corpora.notes import sound_notes, speaker_notes
from sslse.data.packing import cache_folder, open_store
from sslse.data.store import Store
from sslse.device import is_out_of_memory
from sslse.errors import ContractError, DataError, DependencyError, OptionError, RecipeError
from sslse.evaluate.answers import undeclared
from sslse.options import wiring_of
from sslse.recipe import Choice, NetworkRecipe, Recipe
from sslse.registry import Registry
from sslse.seeds import seeded
from sslse.train.step import Step

Say = Callable[[str], None]


@dataclass(frozen=True)
class Material:
    """Training and test recordings."""

    train_speech: Store
    train_noise: Store
    test_speech: Store
    test_noise: Store


def build_component(choice: Choice, registry: Registry, wiring: dict[str, Any]) -> Any:
    """Construct a component: wiring by the names it asks for, options as the recipe says.

    Args:
        choice: what to build.
        registry: where to find it.
        wiring: parts by name; a callable made by `functools.partial` is called when asked for.

    Raises:
        RecipeError: it asks for a part that does not exist, or refuses its options.
    """
    target = registry.get(choice.kind, choice.name).load()
    parts = []
    for name in wiring_of(target):
        if name not in wiring:
            possible = ", ".join(wiring) or "none"
            message = f"{choice.name} asks for {name!r}; a {choice.kind} can have: {possible}"
            raise RecipeError([choice.problem(message)])
        part = wiring[name]
        parts.append(part() if isinstance(part, partial) else part)
    try:
        return target(*parts, **choice.options)
    except OptionError as error:
        raise RecipeError([choice.problem(str(error), error.option)]) from error
    except (MemoryError, RuntimeError, OverflowError) as error:
        if not is_out_of_memory(error):
            raise
        message = f"{choice.name} as set here needs more memory than there is"
        raise RecipeError([choice.problem(message)]) from error


def context_of(recipe: NetworkRecipe) -> Context:
    """Return the facts components may ask for."""
    train = recipe.train
    return Context(recipe.data.sample_rate, recipe.views, train.utterances, train.crop)


def build_network(recipe: NetworkRecipe, registry: Registry) -> tuple[Encoder, Decoder]:
    """Build what enhances: encoder and decoder, with the run's initial weights."""
    wiring: dict[str, Any] = {"context": context_of(recipe)}
    with seeded(recipe.seed, "weights", "encoder"):
        encoder: Encoder = build_component(recipe.encoder, registry, wiring)
    if recipe.train.crop % encoder.stride or recipe.evaluate.samples % encoder.stride:
        message = (
            f"train.crop ({recipe.train.crop}) and evaluate.samples ({recipe.evaluate.samples}) "
            f"must be multiples of the encoder's {encoder.stride} samples per frame"
        )
        raise RecipeError([recipe.encoder.problem(message)])
    with seeded(recipe.seed, "weights", "decoder"):
        decoder: Decoder = build_component(recipe.decoder, registry, {**wiring, "encoder": encoder})
    _refuse_keeping(encoder, decoder, recipe.decoder)
    return encoder, decoder


def _refuse_keeping(encoder: Encoder, module: nn.Module, choice: Choice) -> None:
    """Refuse a component that stores the encoder it was lent: it would be saved twice."""
    if any(one is encoder for one in module.modules()):
        message = (
            f"{choice.name} stores the encoder it was lent; use the one passed to forward, or a "
            "copy (sslse.nn.Teacher)"
        )
        raise RecipeError([choice.problem(message)])


def build_step(recipe: Recipe, registry: Registry) -> Step:
    """Build everything a training step needs except the data."""
    encoder, decoder = build_network(recipe, registry)
    wiring: dict[str, Any] = {"context": context_of(recipe)}

    def predictor() -> Predictor:
        if recipe.predictor is None:
            raise RecipeError([recipe.objective.problem("needs a 'predictor:' in the recipe")])
        with seeded(recipe.seed, "weights", "predictor"):
            parts = {**wiring, "encoder": encoder}
            built: Predictor = build_component(recipe.predictor, registry, parts)
        return built

    with seeded(recipe.seed, "weights", "objective"):
        objective: Objective = build_component(
            recipe.objective,
            registry,
            {**wiring, "encoder": encoder, "predictor": partial(predictor)},
        )
    _refuse_keeping(encoder, objective, recipe.objective)
    schedule: Schedule = build_component(recipe.schedule, registry, wiring)
    train = recipe.train
    return Step(
        encoder,
        decoder,
        objective,
        schedule,
        zero_mean=train.zero_mean,
        precision=train.precision,
        accumulate=train.accumulate,
    )


def build_augmentations(
    recipe: Recipe, registry: Registry, material: Material, objective: Objective
) -> list[tuple[str, Augmentation]]:
    """Build the augmentations in order, each with the name of its random stream.

    Raises:
        RecipeError: one refuses its options, has parameters or persistent buffers, or puts the
            views out of time with each other under an objective that compares frames.
    """
    noise = material.train_noise
    wiring = {"context": context_of(recipe), "noise": noise, "speech": material.train_speech}
    built: list[tuple[str, Augmentation]] = []
    for place, choice in enumerate(recipe.augmentations):
        with seeded(recipe.seed, "augmentation", place):
            augmentation: Augmentation = build_component(choice, registry, wiring)
        if kept := list(augmentation.state_dict()):
            message = f"{choice.name} keeps state ({', '.join(kept)}), which no run would save"
            raise RecipeError([choice.problem(message)])
        if objective.frame_level and not augmentation.aligned:
            message = (
                f"{choice.name} as set here puts the views of an utterance out of time with each "
                f"other, but {recipe.objective.name} compares them frame by frame; use an "
                "objective that compares utterances (over: utterance), or the same draw for all "
                "views"
            )
            raise RecipeError([choice.problem(message)])
        built.append((f"{place} {choice.name}", augmentation.to(noise.device)))
    return built


def build_metrics(recipe: Recipe, registry: Registry) -> dict[str, Metric]:
    """Build the metrics by name.

    Raises:
        RecipeError: metrics refuse their options, do not declare what tables need, or do not work
            at the recipe's sample rate.
    """
    built: dict[str, Metric] = {
        one.name: build_component(one, registry, {}) for one in recipe.metrics
    }
    rate, problems = recipe.data.sample_rate, []
    for choice in recipe.metrics:
        if fault := undeclared(built[choice.name]):
            problems.append(choice.broken(fault))
            continue
        rates = built[choice.name].rates
        if rates is not None and rate not in rates:
            possible = " or ".join(map(str, rates))
            message = f"{choice.name} works at {possible} Hz, not at data.sample_rate ({rate})"
            problems.append(choice.problem(message))
    if problems:
        raise RecipeError(problems)
    return built


def build_baselines(recipe: Recipe, registry: Registry) -> dict[str, Baseline]:
    """Build the baselines by name.

    Raises:
        RecipeError: baselines refuse their options, or do not say whether they are oracles.
    """
    built: dict[str, Baseline] = {
        one.name: build_component(one, registry, {}) for one in recipe.baselines
    }
    said = [(choice, built[choice.name].oracle) for choice in recipe.baselines]
    if problems := [
        choice.broken(f"oracle is {oracle!r}, neither True nor False")
        for choice, oracle in said
        if not isinstance(oracle, bool)
    ]:
        raise RecipeError(problems)
    return built


def build_loggers(recipe: Recipe, registry: Registry) -> dict[str, Logger]:
    """Build the loggers by name; they do nothing yet.

    Raises:
        RecipeError: loggers refuse their options, or miss a package.
    """
    built: dict[str, Logger] = {}
    problems = []
    for choice in recipe.loggers:
        try:
            built[choice.name] = build_component(choice, registry, {})
        except (DependencyError, ImportError) as error:
            problems.append(choice.problem(str(error)))
    if problems:
        raise RecipeError(problems)
    return built


def open_corpora(
    recipe: Recipe, registry: Registry, device: torch.device, say: Say = lambda _: None
) -> dict[str, Store]:
    """Open the corpora ``speech`` and ``noise``, packing them on first use.

    Raises:
        DataError: a corpus is missing or unusable.
        RecipeError: a corpus breaks its contract.
    """
    data = recipe.data
    stores: dict[str, Store] = {}
    for label, choice in (("speech", recipe.speech), ("noise", recipe.noise)):
        corpus = build_component(choice, registry, {})
        name = f"{label} corpus {choice.name!r}"
        try:
            store = open_store(
                corpus,
                data.sample_rate,
                cache_folder(data.cache),
                label=name,
                options=choice.plain(),
                strict=data.strict,
                say=say,
                remove_mean=data.remove_mean,
            )
        except ContractError as error:
            raise RecipeError([choice.broken(str(error))]) from error
        for line in [*sound_notes(store), *(speaker_notes(store) if label == "speech" else [])]:
            say(f"note: {name}: {line}")
        stores[label] = store.to(device)
    return stores


def open_material(
    recipe: Recipe, registry: Registry, device: torch.device, say: Say = lambda _: None
) -> Material:
    """Open the training and the test part of the corpora, packing them on first use.

    Raises:
        DataError: a corpus is missing or unusable, or one of its parts is empty.
    """
    first, second = ("test", "train") if recipe.data.swap else ("train", "test")
    parts: dict[str, Store] = {}
    for label, store in open_corpora(recipe, registry, device, say).items():
        for use, part in (("train", first), ("test", second)):
            chosen = store.part(part)  # type: ignore[arg-type]
            if not len(chosen):
                name = f"{label} corpus {getattr(recipe, label).name!r}"
                raise DataError(f"{name}: its {part} part is empty")
            parts[f"{use}_{label}"] = chosen
    return Material(**parts)


def count_parameters(module: nn.Module) -> int:
    """Return the number of trainable parameters."""
    return sum(one.numel() for one in module.parameters() if one.requires_grad)
