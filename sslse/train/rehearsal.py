"""Try a step of every phase before a run begins."""

import copy

from sslse.errors import OptionError
from sslse.seeds import seeded
from sslse.train.trainer import Trainer

FEW = 2
TRIED_EPOCHS = 10_000


def rehearse_step(trainer: Trainer) -> None:
    """Compute the losses of a few crops once in every phase; change nothing.

    Phases are told apart by which losses have a weight, at the first step of every epoch.

    Raises:
        OptionError: a phase leaves nothing to train on, or the schedule refuses the losses.
    """
    model = copy.deepcopy(trainer.model)
    examples = trainer.examples(0).head(FEW)
    for step in phases(trainer):
        progress = trainer.progress(step)
        weights = model.schedule.weights(progress)
        with seeded(0, device=examples.noisy.device):
            total = model(examples, weights, progress).total
        if not total.requires_grad:
            raise OptionError(f"from epoch {progress.epoch + 1} on its losses train no parameter")


def phases(trainer: Trainer) -> list[int]:
    """Return the first step of every phase: of each choice of losses that have a weight."""
    per_epoch = trainer.batches.steps_per_epoch
    found: dict[tuple[bool, bool], int] = {}
    for step in range(0, min(trainer.steps, TRIED_EPOCHS * per_epoch), per_epoch):
        weights = trainer.model.schedule.weights(trainer.progress(step))
        found.setdefault((bool(weights.cl), bool(weights.se)), step)
    return list(found.values())
