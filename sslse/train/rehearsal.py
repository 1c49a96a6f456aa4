"""Try a step of every phase before a run begins."""

import copy
import json
from collections.abc import Iterator, Sequence

import torch
from torch import Tensor, nn

from sslse.api import Losses, Predictor, Progress, Weights
from sslse.bundle import Enhancer
from sslse.errors import ContractError, OptionError
from sslse.seeds import seeded
from sslse.train.step import Examples, Step, StepOutput
from sslse.train.trainer import Trainer, scalars_of
from sslse.train.watching import check_scalars, check_weights, unchanged, watched
from sslse.train.window import Window
from sslse.wording import show_kind

FEW = 2
TRIED_EPOCHS = 10_000


def rehearse_step(trainer: Trainer) -> None:
    """Do with a few crops, once in every phase, all that a step does and logs; change nothing.

    Phases are told apart by which losses have a weight, at the first step of every epoch. At the
    end the crops are enhanced as an evaluation does. Everything is done with a copy of the model.

    Raises:
        OptionError: a phase leaves nothing to train on, or the schedule refuses the losses.
        ContractError: a component gives or does what it must not; the part is named.
    """
    rehearsed = copy.copy(trainer)
    rehearsed.model = model = copy.deepcopy(trainer.model)
    augmentations = [one for _, one in trainer.augmentations]
    with watched((f"augmentations[{place}]", one) for place, one in enumerate(augmentations)):
        examples = trainer.examples(0).head(FEW)
    with watched(_parts(model)), seeded(0, device=examples.noisy.device):
        for step in phases(trainer):
            _try(rehearsed, step, examples)
        with torch.no_grad():
            Enhancer(model.encoder, model.decoder).eval()(examples.noisy[0])


def phases(trainer: Trainer) -> list[int]:
    """Return the first step of every phase: of each choice of losses that have a weight.

    Raises:
        ContractError: the schedule gives no weights.
    """
    per_epoch = trainer.batches.steps_per_epoch
    found: dict[tuple[bool, bool], int] = {}
    for step in range(0, min(trainer.steps, TRIED_EPOCHS * per_epoch), per_epoch):
        weights = trainer.model.schedule.weights(trainer.progress(step))
        check_weights(weights)
        found.setdefault((bool(weights.cl), bool(weights.se)), step)
    return list(found.values())


def _parts(model: Step) -> Iterator[tuple[str, nn.Module]]:
    """Yield what is called in a step, by its place in a recipe."""
    yield from (("encoder", model.encoder), ("decoder", model.decoder))
    yield "objective", model.objective
    for one in model.objective.modules():
        if isinstance(one, Predictor):
            yield "predictor", one


def _try(trainer: Trainer, step: int, examples: Examples) -> None:
    """Take a step without the optimizer, and make a line of it."""
    model, progress = trainer.model, trainer.progress(step)
    output = _forward(model, examples, model.schedule.weights(progress), progress)
    if output.losses.cl is not None:
        _refuse_without_gradient(output.losses.cl, model)
    if not output.total.requires_grad:
        raise OptionError(f"from epoch {progress.epoch + 1} on its losses train no parameter")
    check_scalars("schedule", model.schedule.metrics(), examples.noisy.device)
    window = Window()
    window.add(scalars_of(output, model.schedule))
    model.zero_grad(set_to_none=True)
    output.total.backward()  # type: ignore[no-untyped-call]
    with torch.no_grad():
        with unchanged("objective", _tensors(output)):
            model.objective.after_step(model.encoder, output.carry, progress)
        with unchanged("schedule", _tensors(output)):
            model.schedule.after_step(output.losses.detach(), progress)
    json.dumps(trainer.line(step + 1, window, window.averages.take(), output))


def _forward(model: Step, examples: Examples, weights: Weights, progress: Progress) -> StepOutput:
    """Compute the losses; watch how the schedule combines them, which is no call of a module."""
    combine = model.schedule.combine

    def watched_combine(weights: Weights, losses: Losses, latent: Tensor) -> Tensor:
        with unchanged("schedule", (losses.cl, losses.se, latent)):
            total = combine(weights, losses, latent)
        if not isinstance(total, Tensor) or total.dim():
            raise ContractError(
                f"combine() gave {show_kind(total)}; possible: a scalar tensor", "schedule"
            )
        return total

    model.schedule.combine = watched_combine  # type: ignore[method-assign]
    try:
        output: StepOutput = model(examples, weights, progress)
    finally:
        del model.schedule.combine
    return output


def _refuse_without_gradient(loss: Tensor, model: Step) -> None:
    """Refuse a contrastive loss from which nothing comes back to an encoder that trains."""
    trained = [one for one in model.encoder.parameters() if one.requires_grad]
    if not trained:
        return
    gradients: Sequence[Tensor | None] = ()
    if loss.requires_grad:
        gradients = torch.autograd.grad(loss, trained, retain_graph=True, allow_unused=True)
    if all(one is None for one in gradients):
        raise ContractError(
            "its loss passes no gradient to the encoder, so that it would train nothing; possible: "
            "a loss that depends on views.latent, or on encoder(...), undetached",
            "objective",
        )


def _tensors(output: StepOutput) -> list[Tensor | None]:
    examples, losses = output.examples, output.losses
    return [losses.cl, losses.se, output.latent, examples.clean, examples.noisy]
