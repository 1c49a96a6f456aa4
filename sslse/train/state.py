"""Save and load the exact state of a training run."""

import os
from pathlib import Path
from typing import Any

import torch

from sslse.errors import RunError
from sslse.train.step import Step

FILE = "state.pt"


def save_state(folder: Path, model: Step, optimizer: torch.optim.Optimizer, step: int) -> None:
    """Write the state so that it is there whole or not at all.

    Args:
        folder: ``resume/`` of the run.
        model: its parameters and buffers are saved.
        optimizer: its state is saved.
        step: optimizer steps taken.
    """
    folder.mkdir(parents=True, exist_ok=True)
    state = {"step": step, "model": model.state_dict(), "optimizer": optimizer.state_dict()}
    partial = folder / f"{FILE}.partial"
    with partial.open("wb") as file:
        torch.save(state, file)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(folder / FILE)


def load_state(folder: Path, model: Step, optimizer: torch.optim.Optimizer) -> int:
    """Restore what `save_state` wrote and return the steps taken; 0 where nothing was saved.

    Raises:
        RunError: the file cannot be read, or does not fit the model.
    """
    path = folder / FILE
    if not path.is_file():
        return 0
    try:
        state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
        model.load_state_dict(state["model"])
        optimizer.load_state_dict(state["optimizer"])
    except Exception as error:
        message = " ".join(str(error).split())[:300]
        raise RunError(
            f"{path}: cannot be resumed: {message}; delete it to start the run again"
        ) from error
    return int(state["step"])
