"""Strided convolutions that lower and raise the rate."""

from torch import Tensor, nn

from sslse.api import Reach
from sslse.nn.memory import Memory, with_past


class FrameNorm(nn.LayerNorm):
    """Normalise over the channels of each frame alone, (batch, dim, frames)."""

    def forward(self, x: Tensor) -> Tensor:
        """Normalise."""
        normed: Tensor = super().forward(x.transpose(1, 2))
        return normed.transpose(1, 2)


def _norm(dim: int, reach: Reach | None) -> nn.Module:
    return nn.GroupNorm(1, dim) if reach is None else FrameNorm(dim)


class DownsamplingBlock(nn.Sequential):
    """Lower the rate by ``factor``: (batch, dim_in, samples) to (batch, dim_out, samples/factor).

    The paper's ``DSB(dim_in, dim_out)``; our reading: a convolution with a kernel of twice its
    stride, a norm over channels and time (GroupNorm with one group) and GELU.

    Args:
        dim_in: channels.
        dim_out: channels.
        factor: even.
        reach: how far the network may look. With one, the norm is over the channels of each frame
            alone; where that has nothing after its frame, the convolution is causal.
    """

    def __init__(
        self, dim_in: int, dim_out: int, factor: int, *, reach: Reach | None = None
    ) -> None:
        causal = reach is not None and reach.after == 0
        padding = 0 if causal else factor // 2
        super().__init__(
            nn.Conv1d(dim_in, dim_out, 2 * factor, stride=factor, padding=padding),
            _norm(dim_out, reach),
            nn.GELU(),
        )
        self.past = factor if causal else 0

    def forward(self, x: Tensor, memory: Memory | None = None) -> Tensor:
        """Lower the rate."""
        convolution, norm, activation = self
        lowered: Tensor = activation(norm(convolution(with_past(self, x, self.past, memory))))
        return lowered


class UpsamplingBlock(nn.Module):
    """Raise the rate by ``factor``: (batch, dim_in, frames) to (batch, dim_out, frames*factor).

    The mirror of `DownsamplingBlock`: norm and GELU, then a transposed convolution, so that the
    last block ends in a plain linear layer. The arguments are the same.
    """

    def __init__(
        self, dim_in: int, dim_out: int, factor: int, *, reach: Reach | None = None
    ) -> None:
        super().__init__()
        causal = reach is not None and reach.after == 0
        self.past = 1 if causal else 0
        # Causal: the first factor samples are those of the frame before, the last lack the next.
        padding = factor if causal else factor // 2
        self.norm = _norm(dim_in, reach)
        self.activation = nn.GELU()
        self.convolution = nn.ConvTranspose1d(
            dim_in, dim_out, 2 * factor, stride=factor, padding=padding
        )

    def forward(self, x: Tensor, memory: Memory | None = None) -> Tensor:
        """Raise the rate."""
        shaped = with_past(self, self.activation(self.norm(x)), self.past, memory)
        raised: Tensor = self.convolution(shaped)
        return raised
