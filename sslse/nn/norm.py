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
        frames = rearrange(_precise(x), "b c (l n) -> b l (c n)", n=self.steps)
        both = torch.stack([frames.mean(-1), frames.square().mean(-1)], 1)
        around = mean_around(self, both, self.reach, memory)
        mean, square = around.repeat_interleave(self.steps, -1).unsqueeze(2).unbind(1)
        scale = (square - mean.square()).clamp_min(0).add(self.EPS).rsqrt()
        normed: Tensor = (x - mean) * scale * self.weight[:, None] + self.bias[:, None]
        return normed


def _precise(x: Tensor) -> Tensor:
    """Return at least float32, which sums of squares need."""
    return x.to(torch.promote_types(x.dtype, torch.float32))
