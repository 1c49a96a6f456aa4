"""The level of a wave: of the whole, or of what a frame may look at."""

import torch
from einops import rearrange
from torch import Tensor, nn
from torch.nn import functional

from sslse.api import Reach
from sslse.nn.memory import Memory

RMS_FLOOR = 1e-4


class Level(nn.Module):
    """Measure the root mean square, never 0.

    Args:
        stride: samples per frame.
        reach: the frames around each frame that its level is taken over, fewer at both ends of the
            wave; None takes the whole wave.
    """

    def __init__(self, stride: int, reach: Reach | None) -> None:
        super().__init__()
        self.stride = stride
        self.reach = reach

    def forward(self, wave: Tensor, memory: Memory | None = None) -> Tensor:
        """Map waves (batch, samples) to their level, (batch, 1) or (batch, samples)."""
        if self.reach is None:
            power = wave.square().mean(-1, keepdim=True)
        else:
            frames = rearrange(wave.square(), "b (l n) -> b l n", n=self.stride).mean(-1)
            power = self._around(frames, self.reach, memory).repeat_interleave(self.stride, -1)
        return power.sqrt().clamp_min(RMS_FLOOR)

    def _around(self, power: Tensor, reach: Reach, memory: Memory | None) -> Tensor:
        """Return the mean power around each frame, over the frames that there are."""
        known = power if memory is None else memory.extend(self, power, reach.before)
        past = known.shape[-1] - power.shape[-1]
        sides = (reach.before - past, reach.after)
        width = reach.before + 1 + reach.after
        both = torch.stack([known, torch.ones_like(known)])
        sums, counts = functional.avg_pool1d(functional.pad(both, sides), width, 1)
        mean: Tensor = sums / counts
        return mean
