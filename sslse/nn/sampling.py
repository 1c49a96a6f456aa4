"""Strided convolutions that lower and raise the rate."""

from torch import Tensor, nn


class DownsamplingBlock(nn.Sequential):
    """Lower the rate by ``factor``: (batch, dim_in, samples) to (batch, dim_out, samples/factor).

    The paper's ``DSB(dim_in, dim_out)``; our reading: a convolution with a kernel of twice its
    stride, a norm over channels and time (GroupNorm with one group) and GELU.
    """

    def __init__(self, dim_in: int, dim_out: int, factor: int) -> None:
        super().__init__(
            nn.Conv1d(dim_in, dim_out, 2 * factor, stride=factor, padding=factor // 2),
            nn.GroupNorm(1, dim_out),
            nn.GELU(),
        )


class UpsamplingBlock(nn.Module):
    """Raise the rate by ``factor``: (batch, dim_in, frames) to (batch, dim_out, frames*factor).

    The mirror of `DownsamplingBlock`: norm and GELU, then a transposed convolution, so that the
    last block ends in a plain linear layer.
    """

    def __init__(self, dim_in: int, dim_out: int, factor: int) -> None:
        super().__init__()
        self.norm = nn.GroupNorm(1, dim_in)
        self.activation = nn.GELU()
        self.convolution = nn.ConvTranspose1d(
            dim_in, dim_out, 2 * factor, stride=factor, padding=factor // 2
        )

    def forward(self, x: Tensor) -> Tensor:
        """Raise the rate."""
        raised: Tensor = self.convolution(self.activation(self.norm(x)))
        return raised
