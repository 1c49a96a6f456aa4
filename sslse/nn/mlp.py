"""A projection head: linear layers on vectors."""

from collections.abc import Sequence
from itertools import pairwise

from torch import Tensor, nn

from sslse import ranks
from sslse.losses import in_float32


class BatchNorm(nn.BatchNorm1d):
    """Normalise channels over all vectors, those of all ranks together.

    By their own mean and variance always: no running figures, so that a forward changes no state.

    Args:
        dim: channels.
    """

    def __init__(self, dim: int) -> None:
        super().__init__(dim, track_running_stats=False)

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002 - torch's name
        """Map (vectors, dim) to the same shape."""
        if ranks.world() == 1:
            return super().forward(input)
        precise = in_float32(input)
        centred = precise - ranks.mean(precise.mean(0))
        variance = ranks.mean(centred.square().mean(0))
        normed = centred * (variance + self.eps).rsqrt() * self.weight + self.bias
        return normed.to(input.dtype)


class Mlp(nn.Module):
    """Map vectors through linear layers with ReLU between them; nothing after the last.

    The head of SimCLR (arXiv:2002.05709), MoCo v2 (arXiv:2003.04297) and, with ``batch_norm``,
    SwAV (arXiv:2006.09882) and Barlow Twins (arXiv:2103.03230).

    Args:
        sizes: channels of the input and of every layer's output; the input's alone for a head that
            changes nothing.
        batch_norm: normalise every hidden layer over all vectors before ReLU (`BatchNorm`). Such
            a layer has no bias.
    """

    def __init__(self, sizes: Sequence[int], *, batch_norm: bool = False) -> None:
        super().__init__()
        self.layers = nn.Sequential()
        last = len(sizes) - 2
        for number, (dim_in, dim_out) in enumerate(pairwise(sizes)):
            normed = batch_norm and number < last
            self.layers.append(nn.Linear(dim_in, dim_out, bias=not normed))
            if normed:
                self.layers.append(BatchNorm(dim_out))
            if number < last:
                self.layers.append(nn.ReLU())

    def forward(self, vectors: Tensor) -> Tensor:
        """Map (..., sizes[0]) to (..., sizes[-1])."""
        mapped: Tensor = self.layers(vectors.reshape(-1, vectors.shape[-1]))
        return mapped.reshape(*vectors.shape[:-1], mapped.shape[-1])
