"""Strided convolutions that lower and raise the rate."""

import torch
import torch.nn.functional as F  # noqa: N812 - torch's own idiom
from torch import Tensor, nn

from sslse.api import Reach
from sslse.nn.memory import Memory, with_past
from sslse.nn.norm import NormAround


class DownsamplingBlock(nn.Sequential):
    """Lower the rate by ``factor``: (batch, dim_in, samples) to (batch, dim_out, samples/factor).

    The paper's ``DSB(dim_in, dim_out)``; our reading: a convolution with a kernel of twice its
    stride, a norm over channels and time (GroupNorm with one group) and GELU.

    Args:
        dim_in: channels.
        dim_out: channels.
        factor: even.
        reach: how far the norm may look, in frames; None: over the whole wave. Where it has no
            frame after its own, the convolution is causal.
        steps: of its output in a frame; only needed with a reach.
    """

    def __init__(
        self, dim_in: int, dim_out: int, factor: int, *, reach: Reach | None = None, steps: int = 1
    ) -> None:
        causal = reach is not None and reach.after == 0
        padding = 0 if causal else factor // 2
        super().__init__(
            nn.Conv1d(dim_in, dim_out, 2 * factor, stride=factor, padding=padding),
            _norm(dim_out, reach, steps),
            nn.GELU(),
        )
        self.past = factor if causal else 0

    def forward(self, x: Tensor, memory: Memory | None = None) -> Tensor:
        """Lower the rate."""
        convolution, norm, activation = self
        wave = with_past(self, x, self.past, memory)
        if wave.is_cuda and isinstance(convolution, nn.Conv1d) and convolution.in_channels == 1:
            lowered = _lower_one_channel(convolution, wave)
        else:
            lowered = convolution(wave)
        shaped: Tensor = activation(_normed(norm, lowered, memory))
        return shaped


class UpsamplingBlock(nn.Module):
    """Raise the rate by ``factor``: (batch, dim_in, frames) to (batch, dim_out, frames*factor).

    The mirror of `DownsamplingBlock`: norm and GELU, then a transposed convolution, so that the
    last block ends in a plain linear layer. The arguments are the same, ``steps`` of its input.
    """

    def __init__(
        self, dim_in: int, dim_out: int, factor: int, *, reach: Reach | None = None, steps: int = 1
    ) -> None:
        super().__init__()
        causal = reach is not None and reach.after == 0
        self.past = 1 if causal else 0
        # Causal: the first factor samples are those of the frame before, the last lack the next.
        padding = factor if causal else factor // 2
        self.norm = _norm(dim_in, reach, steps)
        self.activation = nn.GELU()
        self.convolution = nn.ConvTranspose1d(
            dim_in, dim_out, 2 * factor, stride=factor, padding=padding
        )

    def forward(self, x: Tensor, memory: Memory | None = None) -> Tensor:
        """Raise the rate."""
        shaped = self.activation(_normed(self.norm, x, memory))
        frames = with_past(self, shaped, self.past, memory)
        if frames.is_cuda and self.convolution.out_channels == 1:
            return _raise_to_one_channel(self.convolution, frames)
        raised: Tensor = self.convolution(frames)
        return raised


# On an H100 one cuDNN kernel of weights' gradients, called twice, was an eighth of a step: by its
# name that of the convolutions with one channel. These are the same sums as products of matrices;
# what they save there is not measured yet.


def _lower_one_channel(convolution: nn.Conv1d, wave: Tensor) -> Tensor:
    """Do what a strided convolution of one channel does, (batch, 1, samples)."""
    kernel, stride = convolution.kernel_size[0], convolution.stride[0]
    padding = int(convolution.padding[0])
    windows = F.pad(wave.squeeze(1), (padding, padding)).unfold(-1, kernel, stride)
    lowered = torch.matmul(convolution.weight.squeeze(1), windows.transpose(1, 2))
    return lowered if convolution.bias is None else lowered + convolution.bias.unsqueeze(-1)


def _raise_to_one_channel(convolution: nn.ConvTranspose1d, frames: Tensor) -> Tensor:
    """Do what a transposed convolution to one channel does, its kernel twice its stride."""
    stride, padding = convolution.stride[0], int(convolution.padding[0])
    taps = torch.matmul(convolution.weight.squeeze(1).t(), frames)
    here, later = taps[:, :stride], taps[:, stride:]
    whole = (F.pad(here, (0, 1)) + F.pad(later, (1, 0))).transpose(1, 2).flatten(1).unsqueeze(1)
    raised = whole[..., padding : whole.shape[-1] - padding]
    return raised if convolution.bias is None else raised + convolution.bias.unsqueeze(-1)


def _norm(dim: int, reach: Reach | None, steps: int) -> nn.Module:
    return nn.GroupNorm(1, dim) if reach is None else NormAround(dim, steps, reach)


def _normed(norm: nn.Module, x: Tensor, memory: Memory | None) -> Tensor:
    normed: Tensor = norm(x, memory) if isinstance(norm, NormAround) else norm(x)
    return normed
