"""Say in one sentence what ended a training, and what is saved of it."""

import contextlib
import traceback
from collections.abc import Iterator

import torch

from sslse import ranks
from sslse.device import is_out_of_memory
from sslse.errors import BrokenOffError
from sslse.train.memory import free_memory, largest, largest_batch
from sslse.train.trainer import Trainer

SHORTEST = 1024


@contextlib.contextmanager
def explained(trainer: Trainer, views: int, crop: int) -> Iterator[None]:
    """Turn what the machine, not the program, is to blame for into `BrokenOffError`.

    Args:
        trainer: of the run.
        views: of an utterance.
        crop: samples of an example.

    Raises:
        BrokenOffError: the disk is full or not writable, memory is used up, or the GPU is lost.
    """
    try:
        yield
    except OSError as error:
        if error.strerror is None:
            raise
        place = f"{error.filename}: " if error.filename else ""
        raise BrokenOffError(f"{place}{error.strerror.lower()}; {kept(trainer)}") from error
    except (MemoryError, RuntimeError) as error:
        if is_out_of_memory(error):
            traceback.clear_frames(error.__traceback__)  # they hold the tensors of the step
            raise BrokenOffError(_out_of_memory(trainer, views, crop)) from error
        if not is_lost_gpu(error):
            raise
        reason = str(error).strip().splitlines()[0]
        raise BrokenOffError(f"the GPU is lost: {reason}; {kept(trainer)}") from error


def is_lost_gpu(error: Exception) -> bool:
    """Tell whether an error came from the GPU's driver: nothing works on it in this process."""
    return isinstance(error, torch.AcceleratorError) or str(error).startswith("CUDA error")


def kept(trainer: Trainer) -> str:
    """Say what is saved."""
    if not trainer.saved:
        return "no state is saved yet"
    return f"the state of step {trainer.saved} of {trainer.steps} is saved"


def _out_of_memory(trainer: Trainer, views: int, crop: int) -> str:
    """Say what was tried, and what fits."""
    batch = trainer.batches.batch_size
    if ranks.world() > 1:  # the others take no part in trying
        return (
            f"out of memory with {batch} utterances over {ranks.world()} processes x {views} views "
            f"x {crop} samples; start another run (--out) with a smaller train.batch_size or "
            f"train.crop, or a greater train.accumulate; {kept(trainer)}"
        )
    trainer.optimizer.zero_grad(set_to_none=True)
    free_memory()
    found = largest_batch(trainer, (batch - 1) // 2 + 1)
    tried = f"out of memory with {batch} utterances x {views} views x {crop} samples"
    if not found:
        return (
            f"{tried}; not even one utterance fits: start another run (--out) with a smaller "
            f"train.crop or a smaller model; {kept(trainer)}"
        )
    shorter = largest(lambda samples: samples * batch <= crop * found, crop)
    choice = f", or with train.crop={shorter} or less" if shorter >= SHORTEST else ""
    return (
        f"{tried}; {found} fit (tried): start another run (--out) with train.batch_size={found}"
        f"{choice}; {kept(trainer)}"
    )
