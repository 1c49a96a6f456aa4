"""Gated recurrent units along one axis, in float32 whatever autocast says."""

import torch
from torch import Tensor, nn

from sslse.losses import in_float32
from sslse.nn.memory import Memory


class Recurrence(nn.Module):
    """Run a GRU along the first axis: (steps, rows, dim) to (steps, rows, width).

    In float32 under autocast too: cuDNN's is as fast there at such sizes, and a long recurrence
    keeps its precision.

    Args:
        dim: channels of the input.
        units: of the GRU.
        both_ways: a second one runs backwards, beside it.

    Attributes:
        width: channels of the output.
    """

    def __init__(self, dim: int, units: int, *, both_ways: bool) -> None:
        super().__init__()
        self.width = units * (1 + both_ways)
        self.gru = nn.GRU(dim, units, bidirectional=both_ways)

    def forward(self, x: Tensor, memory: Memory | None = None) -> Tensor:
        """Run along the first axis; with a memory, from where the piece before has ended."""
        if torch.is_autocast_enabled(x.device.type):
            with torch.autocast(x.device.type, enabled=False):
                return self._run(in_float32(x), memory)
        return self._run(x, memory)

    def _run(self, x: Tensor, memory: Memory | None) -> Tensor:
        states: Tensor
        states, last = self.gru(x, None if memory is None else memory.state(self))
        if memory is not None:
            memory.keep(self, last)
        return states
