"""How large a batch fits into memory, found by trying."""

import contextlib
import copy
import gc
from collections.abc import Callable

import torch

from sslse.device import is_out_of_memory
from sslse.seeds import seeded
from sslse.train.rehearsal import phases
from sslse.train.trainer import Trainer

SHARE = 0.85  # of a device's memory: the optimizer, a copy of the state and gaps need the rest


def largest(fits: Callable[[int], bool], most: int) -> int:
    """Return the largest power of two that fits, at most ``most``; 0 where not even 1 does.

    Args:
        fits: tells whether a number fits; tried in rising order, and no more after the first
            that does not.
        most: upper limit.
    """
    found, tried = 0, 1
    while tried <= most and fits(tried):
        found, tried = tried, 2 * tried
    return found


def largest_batch(trainer: Trainer, most: int) -> int:
    """Return the largest batch, a power of two, whose step fits; 0 where none does.

    A step is tried on a copy of the model in every phase of the schedule. It takes what a step
    needs beside the trainer's own parameters, optimizer and copies.

    Args:
        trainer: left as it is.
        most: upper limit; not above the trainer's batch.
    """
    return largest(lambda count: _fits(trainer, count), most)


def _fits(trainer: Trainer, count: int) -> bool:
    try:
        fits = all(_try_step(trainer, step, count) for step in phases(trainer))
    except (MemoryError, RuntimeError) as error:
        if not is_out_of_memory(error):
            raise
        fits = False
    free_memory()
    return fits


def _try_step(trainer: Trainer, step: int, count: int) -> bool:
    """Take a step's forward and backward; tell whether memory is left for what they leave out."""
    model = copy.deepcopy(trainer.model)
    progress = trainer.progress(step)
    examples = trainer.examples(step).head(count)
    device = examples.noisy.device
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
    with seeded(0, device=device):
        model(examples, model.schedule.weights(progress), progress).total.backward()
    if device.type != "cuda":
        return True
    _, whole = torch.cuda.mem_get_info(device)
    return torch.cuda.max_memory_allocated(device) <= SHARE * whole


def free_memory() -> None:
    """Give back what nothing refers to any more."""
    gc.collect()
    if torch.cuda.is_available():
        with contextlib.suppress(RuntimeError):
            torch.cuda.empty_cache()
