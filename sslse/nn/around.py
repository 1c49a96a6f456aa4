"""Means over the frames around each frame."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from sslse.api import Reach
from sslse.nn.memory import Memory


def mean_around(layer: nn.Module, x: Tensor, reach: Reach, memory: Memory | None) -> Tensor:
    """Return the mean over the frames around each frame, fewer at both ends of the wave.

    Args:
        layer: that asks; its frames are kept in memory.
        x: (batch, values, frames).
        reach: how many frames before and after.
        memory: of the stream; None where ``x`` is the whole.

    Returns:
        (batch, values, frames).
    """
    known = x if memory is None else memory.extend(layer, x, reach.before)
    sides = (reach.before - (known.shape[-1] - x.shape[-1]), reach.after)
    both = functional.pad(torch.cat([known, torch.ones_like(known[:, :1])], 1), sides)
    pooled = functional.avg_pool1d(both, reach.before + 1 + reach.after, 1)
    return pooled[:, :-1] / pooled[:, -1:]
