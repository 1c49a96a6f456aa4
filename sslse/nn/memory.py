"""What causal layers keep between the pieces of a stream."""

import torch
from torch import Tensor, nn


class Memory:
    """The latest frames that each layer has seen; one memory belongs to one stream.

    A causal layer that is given a memory puts the frames it needs before the piece it gets, and
    gives what it would have given for this piece within the whole.
    """

    def __init__(self) -> None:
        self._kept: dict[nn.Module, Tensor] = {}

    def extend(self, layer: nn.Module, x: Tensor, frames: int) -> Tensor:
        """Put a layer's latest frames before a piece, and keep the latest of both.

        Args:
            layer: whose frames they are.
            x: (..., frames).
            frames: how many to keep and to put before it; fewer at the beginning of the stream.

        Returns:
            The piece with at most so many frames before it.
        """
        before = self._kept.get(layer)
        joined = x if before is None else torch.cat([before, x], -1)
        self._kept[layer] = joined[..., -frames:].detach()
        return joined

    def state(self, layer: nn.Module) -> Tensor | None:
        """Return what a layer has kept; None at the beginning of the stream."""
        return self._kept.get(layer)

    def keep(self, layer: nn.Module, state: Tensor) -> None:
        """Keep a layer's state for the next piece."""
        self._kept[layer] = state.detach()


def with_past(layer: nn.Module, x: Tensor, frames: int, memory: Memory | None) -> Tensor:
    """Put exactly so many frames before a piece: those in memory, silence before the beginning.

    Args:
        layer: that asks.
        x: (..., frames).
        frames: that a causal layer needs to give its first frame; 0: it is not causal.
        memory: of the stream; None where ``x`` is the whole.
    """
    if not frames:
        return x
    joined = x if memory is None else memory.extend(layer, x, frames)
    return nn.functional.pad(joined, (frames - joined.shape[-1] + x.shape[-1], 0))
