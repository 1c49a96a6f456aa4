"""Gated recurrent units along one axis, in float32 whatever autocast says."""

import torch
from torch import Tensor, nn
from torch._higher_order_ops.scan import scan_op

from sslse.losses import in_float32
from sslse.nn.memory import Memory


class Recurrence(nn.Module):
    """Run a GRU along the first axis: (steps, rows, dim) to (steps, rows, width).

    In float32 under autocast too: at such sizes little would be won, and a long recurrence keeps
    its precision.

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
        if torch.compiler.is_exporting():
            return _scanned(self.gru, x)
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


def _scanned(gru: nn.GRU, x: Tensor) -> Tensor:
    """Give what a GRU gives, as a loop: torch's own is unrolled, for one number of steps alone."""
    ways = [_way(gru, x, suffix="")]
    if gru.bidirectional:
        ways.append(_way(gru, x.flip(0), suffix="_reverse").flip(0))
    return torch.cat(ways, -1)


def _way(gru: nn.GRU, x: Tensor, *, suffix: str) -> Tensor:
    """Run one direction."""
    names = ("weight_ih", "bias_ih", "weight_hh", "bias_hh")
    weight_in, bias_in, weight, bias = (getattr(gru, f"{name}_l0{suffix}") for name in names)

    begin = x.new_zeros(x.shape[1], gru.hidden_size)
    inputs = nn.functional.linear(x, weight_in, bias_in)
    states: Tensor
    _, states = scan_op(_step, [begin], [inputs], (weight, bias))
    return states


def _step(state: Tensor, given: Tensor, weight: Tensor, bias: Tensor) -> list[Tensor]:
    """Take the state and what the input gives to the gates; give the next state, and a copy."""
    reset_in, update_in, new_in = given.chunk(3, -1)
    reset, update, new = nn.functional.linear(state, weight, bias).chunk(3, -1)
    share = (update_in + update).sigmoid()
    candidate = (new_in + (reset_in + reset).sigmoid() * new).tanh()
    after = candidate + share * (state - candidate)
    return [after, after.clone()]
