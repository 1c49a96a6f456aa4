"""Normalise by statistics of the frames around each frame."""

import torch
from einops import rearrange
from torch import Tensor, nn

from sslse.api import Reach
from sslse.nn.around import mean_around
from sslse.nn.memory import Memory


class NormAround(nn.Module):
    """Normalise over channels and the frames around each frame, (batch, dim, frames * steps).

    What GroupNorm with one group does over the whole wave; where the reach spans the whole wave,
    they are the same.

    Args:
        dim: channels.
        steps: of ``x`` in a frame, which all have the frame's statistics.
        reach: the frames around each frame that its statistics are taken over.
    """

    EPS = 1e-5

    def __init__(self, dim: int, steps: int, reach: Reach) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(dim))
        self.bias = nn.Parameter(torch.zeros(dim))
        self.steps = steps
        self.reach = reach

    def forward(self, x: Tensor, memory: Memory | None = None) -> Tensor:
        """Normalise."""
        steps = rearrange(x, "b c (l n) -> b c l n", n=self.steps)
        precise = _precise(steps)
        both = torch.stack([precise.mean((1, 3)), precise.square().mean((1, 3))], 1)
        around = mean_around(self, both, self.reach, memory)
        mean, square = rearrange(around, "b two l -> two b 1 l 1")
        scale = (square - mean.square()).clamp_min(0).add(self.EPS).rsqrt()
        weight, bias = (rearrange(one, "c -> c 1 1") for one in (self.weight, self.bias))
        normed: Tensor = (steps - mean) * (scale * weight) + bias
        return normed.flatten(2)


def _precise(x: Tensor) -> Tensor:
    """Return at least float32, which sums of squares need."""
    return x.to(torch.promote_types(x.dtype, torch.float32))
