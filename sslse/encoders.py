"""Encoders of the core."""

import math
from itertools import pairwise
from typing import Annotated

import torch
from annotated_types import MinLen
from einops import rearrange
from torch import Tensor, nn

from sslse.api import Encoder, PositiveInt, Reach
from sslse.errors import OptionError
from sslse.nn.conformer import ConformerStack, kernel_reach
from sslse.nn.level import Level
from sslse.nn.memory import Memory, with_past
from sslse.nn.sampling import DownsamplingBlock


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


def reach_of(context: int | None, *, causal: bool) -> Reach | None:
    """Return how far attention, level and norms may look.

    Args:
        context: frames before and after each frame; None: the whole wave.
        causal: look at nothing after it.

    Raises:
        OptionError: a causal network is to look at the whole wave.
    """
    if context is None:
        if causal:
            raise OptionError(
                "needs context, the frames before its own that a frame may look at (128, say)",
                "causal",
            )
        return None
    return Reach(context, 0 if causal else context)


def reach_of_branches(kernel: int, blocks: int, looks: Reach) -> Reach:
    """Return the reach of the two branches, in frames: framed samples and sampling blocks.

    The convolution of a sampling block looks less than a frame beside a sample, but the statistics
    of its norm are those of whole frames: together one frame more on either side, a causal one on
    one side.
    """
    causal = looks.after == 0
    block = looks + Reach(1, 0 if causal else 1)
    return kernel_reach(kernel, causal=causal) | sum([block] * blocks, start=Reach(0, 0))


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
        context: frames before and after its own that a frame attends to, and that its level and
            its norms are taken over. None is the paper's: the whole wave. With a number, long
            waves can be enhanced in pieces that fit together exactly; the decoder needs the same.
        causal: look at no later frame; for streams. Needs ``context``.
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
        context: PositiveInt | None = None,
        causal: bool = False,
    ) -> None:
        super().__init__()
        check_branch(factors, channels)
        looks = reach_of(context, causal=causal)
        if frame_kernel % 2 == 0:
            raise OptionError(f"must be odd, not {frame_kernel}", "frame_kernel")
        widths = [1, *channels, dim]
        self.dim = dim
        self.stride = math.prod(factors)
        self.normalize = normalize
        self.level = Level(self.stride, looks)
        self.down = nn.ModuleList()
        steps = self.stride
        for (before, after), factor in zip(pairwise(widths), factors, strict=True):
            steps //= factor
            self.down.append(DownsamplingBlock(before, after, factor, reach=looks, steps=steps))
        self.past = frame_kernel - 1 if causal else 0
        padding = 0 if causal else frame_kernel // 2
        self.frames = nn.Conv1d(self.stride, dim, frame_kernel, padding=padding)
        self.mix = nn.Conv1d(2 * dim, dim, 1)
        self.blocks = ConformerStack(
            blocks, dim, hidden=hidden, kernel=kernel, head_dim=head_dim, heads=heads, attends=looks
        )
        self.causal = causal
        if looks is not None and self.blocks.reach is not None:
            level = looks if normalize else Reach(0, 0)
            branches = reach_of_branches(frame_kernel, len(factors), looks)
            self.reach = level + branches + self.blocks.reach

    def forward(self, wave: Tensor, memory: Memory | None = None) -> Tensor:
        """Map (batch, samples) to (batch, dim, samples // stride)."""
        if self.normalize:
            wave = wave / self.level(wave, memory)
        down = wave.unsqueeze(1)
        for block in self.down:
            down = block(down, memory)
        framed = rearrange(wave, "b (l n) -> b n l", n=self.stride)
        framed = self.frames(with_past(self, framed, self.past, memory))
        latent: Tensor = self.blocks(self.mix(torch.cat([down, framed], dim=1)), memory)
        return latent
