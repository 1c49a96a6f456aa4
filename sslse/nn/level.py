"""The level of a wave: of the whole, or of what a frame may look at."""

from einops import rearrange
from torch import Tensor, nn

from sslse.api import Reach
from sslse.nn.around import mean_around
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
            frames = rearrange(wave.square(), "b (l n) -> b 1 l n", n=self.stride).mean(-1)
            around = mean_around(self, frames, self.reach, memory).squeeze(1)
            power = around.repeat_interleave(self.stride, -1)
        return power.sqrt().clamp_min(RMS_FLOOR)
