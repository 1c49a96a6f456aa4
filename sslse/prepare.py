"""Build and check everything a run needs, without training."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from torch import nn

from sslse import ranks
from sslse.api import Decoder, Encoder, Logger, Objective, Predictor
from sslse.build import (
    Material,
    build_augmentations,
    build_loggers,
    build_step,
    count_parameters,
    open_material,
)
from sslse.data.batches import Batches
from sslse.data.readahead import ReadAhead
from sslse.device import describe_device, keep_memory, lowers_precision
from sslse.errors import ContractError, OptionError, Problem, RecipeError
from sslse.evaluate.evaluation import measures_of, rehearse
from sslse.recipe import Choice, Recipe
from sslse.registry import Registry
from sslse.run_folder import METRICS
from sslse.schedules.stretches import stretches
from sslse.train.memory import largest_batch
from sslse.train.rehearsal import rehearse_step
from sslse.train.step import Step
from sslse.train.trainer import Trainer

SHOWN_EPOCHS = 100_000
MOST = 4096


@dataclass(frozen=True)
class Prepared:
    """Everything a run needs, built and checked."""

    recipe: Recipe
    trainer: Trainer
    material: Material
    device: torch.device
    loggers: dict[str, Logger]


def prepare(
    recipe: Recipe, registry: Registry, device: torch.device, say: Callable[[str], None]
) -> Prepared:
    """Build the components, open the corpora, rehearse a step of each phase and the metrics.

    Raises:
        RecipeError: a component, metric, baseline or logger refuses its options, or breaks its
            contract, or the objective finds nothing to compare.
        DataError: a corpus is unusable.
    """
    recipe = _with_batch(recipe, registry, device, say)
    loggers = build_loggers(recipe, registry)
    train = recipe.train
    if device.type == "cpu":
        keep_memory()
    if train.threads is not None:
        torch.set_num_threads(train.threads)
    if lowers_precision(train.precision, device):
        torch.set_float32_matmul_precision("high")
    model = build_step(recipe, registry).to(device)
    measures = measures_of(recipe, registry)  # before the corpora are packed, which takes long
    with ranks.main_first():
        material = open_material(recipe, registry, device, say)
    _refuse_too_few(len(material.train_speech), model.objective, recipe)
    batches = Batches(
        material.train_speech,
        batch_size=train.utterances,
        crop=train.crop,
        crops_per_utterance=train.crops_per_utterance,
        seed=recipe.seed,
    )
    augmentations = build_augmentations(recipe, registry, material, model.objective)
    trainer = Trainer(model, batches, augmentations, train, views=recipe.views, seed=recipe.seed)
    if material.train_speech.is_slow:
        trainer.draw = ReadAhead(batches.draw, device)
    try:
        rehearse_step(trainer)
    except ContractError as error:
        raise RecipeError([_part(recipe, error.part).broken(str(error))]) from error
    except OptionError as error:
        raise RecipeError([recipe.schedule.problem(str(error))]) from error
    rehearse(measures, material.test_speech, material.test_noise)
    if train.compile:
        compile_networks(model)
    return Prepared(recipe, trainer, material, device, loggers)


def _part(recipe: Recipe, path: str) -> Choice:
    """Return the component at a place of the recipe that `rehearse_step` names."""
    if path.startswith("augmentations"):
        return recipe.augmentations[int(path.removeprefix("augmentations[").rstrip("]"))]
    found: Choice | None = getattr(recipe, path)
    return found or recipe.objective  # which may have a predictor of its own


def _refuse_too_few(utterances: int, objective: Objective, recipe: Recipe) -> None:
    """Refuse a corpus in which an objective has nothing to compare."""
    if utterances < objective.least_utterances:
        message = (
            f"{recipe.objective.name} as set here compares utterances with each other, at least "
            f"{objective.least_utterances} of them, but the training part of the speech has "
            f"{utterances}; its loss would teach nothing"
        )
        raise RecipeError([recipe.objective.problem(message)])


def _with_batch(
    recipe: Recipe, registry: Registry, device: torch.device, say: Callable[[str], None]
) -> Recipe:
    """Return the recipe with the largest batch that fits in place of ``auto``."""
    if recipe.train.batch_size != "auto":
        return recipe
    if device.type != "cuda" or ranks.world() > 1:
        words = "auto needs a CUDA device and one process; possible: a number"
        raise RecipeError([Problem("", "train.batch_size", words)])

    def batch(count: int) -> Recipe:
        return replace(recipe, train=replace(recipe.train, batch_size=count, compile=False))

    trainer = prepare(batch(MOST), registry, device, lambda _: None).trainer
    found = largest_batch(trainer, trainer.batches.batch_size)
    if not found:
        words = "auto finds no batch that fits; a smaller train.crop or model is needed"
        raise RecipeError([Problem("", "train.batch_size", words)])
    say(f"train.batch_size: auto finds that {found} fit")
    return replace(recipe, train=replace(recipe.train, batch_size=found))


def compile_networks(model: Step) -> None:
    """Compile the networks, each for itself: what surrounds them changes from step to step.

    Of a network with lists of blocks, the blocks: those alike are compiled once, which takes a
    fraction of the time that whole networks do.
    """
    for module in model.modules():
        if isinstance(module, Encoder | Decoder | Predictor):
            for part in _blocks(module) or [module]:
                part.compile(dynamic=False)


def _blocks(network: nn.Module) -> list[nn.Module]:
    """Return the entries of a network's module lists; none where they are its smaller half."""
    found = [
        one
        for group in network.modules()
        if isinstance(group, nn.ModuleList)
        for one in group
        if not isinstance(one, nn.ModuleList)
    ]
    within = {id(one) for block in found for one in block.modules() if one is not block}
    outermost = [one for one in found if id(one) not in within]
    held = sum(count_parameters(one) for one in outermost)
    return outermost if 2 * held >= count_parameters(network) else []


def describe(prepared: Prepared) -> list[str]:
    """Say in a few lines what a run is made of."""
    recipe, trainer, material = prepared.recipe, prepared.trainer, prepared.material
    model, batches = trainer.model, trainer.batches
    parts = ", ".join(
        f"{part} {getattr(recipe, part).name} {count_parameters(getattr(model, part)):,}"
        for part in ("encoder", "decoder", "objective", "schedule")
    )
    lines = [f"parameters: {count_parameters(model):,} ({parts})"]
    for use in ("train", "test"):
        speech, noise = getattr(material, f"{use}_speech"), getattr(material, f"{use}_noise")
        lines.append(
            f"{use}: {len(speech)} utterances ({speech.seconds:.0f} s), "
            f"{len(noise)} noises ({noise.seconds:.0f} s)"
        )
    lines.append(
        f"training: {recipe.train.epochs} epochs of {batches.steps_per_epoch} steps, "
        f"{batches.batch_size} utterances x {recipe.views} views per step, "
        f"on {describe_device(prepared.device)}"
        + (f" and {ranks.world() - 1} more processes" if ranks.world() > 1 else "")
    )
    if batches.batch_size < recipe.train.utterances:
        lines.append(
            f"note: train.batch_size is {recipe.train.batch_size}, but an epoch has only "
            f"{batches.batch_size} crops; train.crops_per_utterance takes more of each utterance"
        )
    return lines


def timeline(prepared: Prepared) -> list[str]:
    """Say which weights hold in which epochs: one line for each stretch of the schedule."""
    trainer = prepared.trainer
    epochs = min(prepared.recipe.train.epochs, SHOWN_EPOCHS)
    per_epoch = trainer.batches.steps_per_epoch
    schedule = trainer.model.schedule
    ends = [
        (
            schedule.weights(trainer.progress(epoch * per_epoch)),
            schedule.weights(trainer.progress((epoch + 1) * per_epoch - 1)),
        )
        for epoch in range(epochs)
    ]
    lines = [str(one) for one in stretches(ends)]
    if epochs < prepared.recipe.train.epochs:
        lines.append(f"(the first {epochs} epochs)")
    if schedule.metrics():
        lines.append(
            f"from there the weights adapt to the losses; {METRICS} logs them as weight_cl and "
            "weight_se"
        )
    return lines
