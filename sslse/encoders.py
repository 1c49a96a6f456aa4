"""Encoders of the core."""

import math
from itertools import pairwise
from typing import Annotated

import torch
from annotated_types import MinLen
from einops import rearrange
from torch import Tensor, nn

from sslse.api import Encoder, PositiveInt
from sslse.errors import OptionError
from sslse.nn.conformer import ConformerStack
from sslse.nn.sampling import DownsamplingBlock

RMS_FLOOR = 1e-4


def rms(wave: Tensor) -> Tensor:
    """Return the root mean square over samples, (batch, samples) to (batch, 1), never 0."""
    return wave.square().mean(-1, keepdim=True).sqrt().clamp_min(RMS_FLOOR)


def check_branch(factors: list[int], channels: list[int]) -> None:
    """Refuse sampling blocks that cannot be built.

    Raises:
        OptionError: a factor is odd, or channels and factors do not fit.
    """
    if odd := [factor for factor in factors if factor % 2]:
        raise OptionError(f"must be even, not {odd[0]}", "factors")
    if len(channels) != len(factors) - 1:
        raise OptionError(
            f"{len(factors)} factors need {len(factors) - 1} channels between their blocks, not "
            f"{len(channels)}",
            "channels",
        )


class ConformerEncoder(Encoder):
    """Encode waves by strided convolutions beside framed samples, then conformer blocks.

    The paper's encoder (its table 6): branch a is three down-sampling blocks; branch b cuts the
    wave into frames and convolves them; both are concatenated, mixed by a pointwise convolution,
    and go through main blocks. Readings: each of the three blocks lowers the rate by 4 (their
    product is the frame of 64 samples); see `sslse.nn.conformer` for the main block and
    `sslse.nn.sampling` for the down-sampling block.

    Shape: (batch, samples) to (batch, dim, frames); a frame has as many samples as the product of
    the factors, and samples must be a multiple of it.

    Args:
        dim: channels of the latent (paper: 128).
        hidden: channels inside a main block (paper: 256).
        kernel: frames its convolution sees; odd (paper: 9).
        head_dim: channels per attention head (paper: 16).
        heads: attention heads (paper: 8).
        blocks: main blocks (paper: 4).
        channels: of the down-sampling blocks but for the last, which has ``dim``
            (paper: 32, 64).
        factors: by which the down-sampling blocks lower the rate (reading: 4, 4, 4); even.
        frame_kernel: of the convolution over framed samples; odd (paper: 3).
        normalize: divide the wave by its root mean square first. Reading: corpora differ by 20 dB
            in level, and SI-SDR does not see a scale.
    """

    def __init__(
        self,
        *,
        dim: PositiveInt = 128,
        hidden: PositiveInt = 256,
        kernel: PositiveInt = 9,
        head_dim: PositiveInt = 16,
        heads: PositiveInt = 8,
        blocks: PositiveInt = 4,
        channels: list[PositiveInt] = [32, 64],  # noqa: B006 - only read
        factors: Annotated[list[PositiveInt], MinLen(1)] = [4, 4, 4],  # noqa: B006 - only read
        frame_kernel: PositiveInt = 3,
        normalize: bool = True,
    ) -> None:
        super().__init__()
        check_branch(factors, channels)
        if frame_kernel % 2 == 0:
            raise OptionError(f"must be odd, not {frame_kernel}", "frame_kernel")
        widths = [1, *channels, dim]
        self.dim = dim
        self.stride = math.prod(factors)
        self.normalize = normalize
        sizes = zip(pairwise(widths), factors, strict=True)
        self.down = nn.Sequential(*(DownsamplingBlock(a, b, f) for (a, b), f in sizes))
        self.frames = nn.Conv1d(self.stride, dim, frame_kernel, padding=frame_kernel // 2)
        self.mix = nn.Conv1d(2 * dim, dim, 1)
        self.blocks = ConformerStack(
            blocks, dim, hidden=hidden, kernel=kernel, head_dim=head_dim, heads=heads
        )

    def forward(self, wave: Tensor) -> Tensor:
        """Map (batch, samples) to (batch, dim, samples // stride)."""
        if self.normalize:
            wave = wave / rms(wave)
        down = self.down(wave.unsqueeze(1))
        framed = self.frames(rearrange(wave, "b (l n) -> b n l", n=self.stride))
        latent: Tensor = self.blocks(self.mix(torch.cat([down, framed], dim=1)))
        return latent
