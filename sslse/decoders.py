"""Decoders of the core."""

import math
from itertools import pairwise
from typing import Annotated

from annotated_types import MinLen
from einops import rearrange
from torch import Tensor, nn

from sslse.api import Decoder, Encoder, PositiveInt
from sslse.encoders import check_branch, reach_of, reach_of_branches
from sslse.errors import OptionError
from sslse.nn.conformer import ConformerStack
from sslse.nn.level import Level
from sslse.nn.memory import Memory, with_past
from sslse.nn.sampling import UpsamplingBlock


class ConformerDecoder(Decoder):
    """Rebuild the wave from the latent: the encoder mirrored.

    The paper's table 8 is cut off after its first main block. Our reading: main blocks, a
    pointwise convolution to twice the channels, and two branches that are summed: up-sampling
    blocks, and a convolution whose channels are the samples of a frame.

    Shape: (batch, dim, frames) to (batch, frames * encoder.stride).

    Args:
        encoder: gives the channels of the latent and the samples per frame.
        hidden: channels inside a main block (paper: 256).
        kernel: frames its convolution sees; odd (paper: 9).
        head_dim: channels per attention head (paper: 16).
        heads: attention heads (paper: 8).
        blocks: main blocks (reading: 4, as in the encoder).
        channels: of the up-sampling blocks, from the latent to the wave (the encoder's reversed).
        factors: by which the up-sampling blocks raise the rate; even; their product must be the
            encoder's samples per frame.
        frame_kernel: of the convolution that gives framed samples; odd.
        residual: add the output to the noisy input, the last layers starting at zero: training
            then starts from the noisy signal's own SI-SDR instead of far below it. The paper's
            plain autoencoder has False.
        normalize: scale the output by the noisy input's root mean square, the counterpart of the
            encoder's option.
        context: frames before and after its own that a frame depends on; see the encoder's option.
        causal: look at no later frame; see the encoder's option.
    """

    def __init__(
        self,
        encoder: Encoder,
        /,
        *,
        hidden: PositiveInt = 256,
        kernel: PositiveInt = 9,
        head_dim: PositiveInt = 16,
        heads: PositiveInt = 8,
        blocks: PositiveInt = 4,
        channels: list[PositiveInt] = [64, 32],  # noqa: B006 - only read
        factors: Annotated[list[PositiveInt], MinLen(1)] = [4, 4, 4],  # noqa: B006 - only read
        frame_kernel: PositiveInt = 3,
        residual: bool = False,
        normalize: bool = True,
        context: PositiveInt | None = None,
        causal: bool = False,
    ) -> None:
        super().__init__()
        looks = reach_of(context, causal=causal)
        dim = encoder.dim
        widths = [dim, *channels, 1]
        check_branch(factors, channels)
        if math.prod(factors) != encoder.stride:
            raise OptionError(
                f"their product is {math.prod(factors)}; the encoder has {encoder.stride} samples "
                "per frame",
                "factors",
            )
        if frame_kernel % 2 == 0:
            raise OptionError(f"must be odd, not {frame_kernel}", "frame_kernel")
        self.residual = residual
        self.normalize = normalize
        self.level = Level(encoder.stride, looks)
        self.blocks = ConformerStack(
            blocks, dim, hidden=hidden, kernel=kernel, head_dim=head_dim, heads=heads, attends=looks
        )
        self.split = nn.Conv1d(dim, 2 * dim, 1)
        self.up = nn.ModuleList()
        steps = 1
        for (before, after), factor in zip(pairwise(widths), factors, strict=True):
            last = UpsamplingBlock(before, after, factor, reach=looks, steps=steps)
            self.up.append(last)
            steps *= factor
        self.past = frame_kernel - 1 if causal else 0
        padding = 0 if causal else frame_kernel // 2
        self.frames = nn.Conv1d(dim, encoder.stride, frame_kernel, padding=padding)
        self.causal = causal
        if looks is not None and self.blocks.reach is not None:
            branches = reach_of_branches(frame_kernel, len(factors), looks)
            through = self.blocks.reach + branches
            self.reach = through | looks if normalize else through
        if residual:
            for layer in (last.convolution, self.frames):
                for parameter in layer.parameters():
                    nn.init.zeros_(parameter)

    def forward(self, latent: Tensor, noisy: Tensor, memory: Memory | None = None) -> Tensor:
        """Map (batch, dim, frames) and the noisy waves (batch, samples) to waves."""
        up, framed = self.split(self.blocks(latent, memory)).chunk(2, dim=1)
        framed = self.frames(with_past(self, framed, self.past, memory))
        for block in self.up:
            up = block(up, memory)
        wave: Tensor = up.squeeze(1) + rearrange(framed, "b n l -> b (l n)")
        if self.normalize:
            wave = wave * self.level(noisy, memory)
        return noisy + wave if self.residual else wave
