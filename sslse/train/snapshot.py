"""The state of a training in memory, to go back to."""

import copy
from typing import Any

import torch

from sslse.train.step import Step
from sslse.train.window import Window


class Snapshot:
    """Copy model, optimizer and window where they are, without waiting for the device.

    Args:
        model: parameters and buffers are copied.
        optimizer: its state is copied.
        window: its sums and counts.
    """

    def __init__(self, model: Step, optimizer: torch.optim.Optimizer, window: Window) -> None:
        self._parts: tuple[Any, ...] = (model, optimizer, window)
        self._states = [copy.deepcopy(part.state_dict()) for part in self._parts]

    def restore(self) -> None:
        """Bring all back to where they were."""
        for part, state in zip(self._parts, self._states, strict=True):
            part.load_state_dict(state)
