"""The paper's main block, read as a convolution-augmented transformer block."""

import torch.nn.functional as F  # noqa: N812 - torch's own idiom
from torch import Tensor, nn

from sslse.api import Reach
from sslse.errors import OptionError
from sslse.nn.attention import SelfAttention
from sslse.nn.memory import Memory, with_past


class FeedForward(nn.Sequential):
    """Layer norm, expansion to ``hidden`` channels, SiLU, and back."""

    def __init__(self, dim: int, hidden: int) -> None:
        super().__init__(
            nn.LayerNorm(dim), nn.Linear(dim, hidden), nn.SiLU(), nn.Linear(hidden, dim)
        )


class GatedConvolution(nn.Module):
    """Gated depthwise convolution over frames, (batch, frames, dim) to the same shape."""

    def __init__(self, dim: int, hidden: int, kernel: int, *, causal: bool = False) -> None:
        super().__init__()
        self.past = kernel - 1 if causal else 0
        padding = 0 if causal else kernel // 2
        self.norm = nn.LayerNorm(dim)
        self.expand = nn.Linear(dim, 2 * hidden)
        self.depthwise = nn.Conv1d(hidden, hidden, kernel, padding=padding, groups=hidden)
        self.hidden_norm = nn.LayerNorm(hidden)
        self.contract = nn.Linear(hidden, dim)

    def forward(self, x: Tensor, memory: Memory | None = None) -> Tensor:
        """Mix neighbouring frames, channel by channel."""
        gated = F.glu(self.expand(self.norm(x)), dim=-1).transpose(1, 2)
        mixed = self.depthwise(with_past(self, gated, self.past, memory)).transpose(1, 2)
        contracted: Tensor = self.contract(F.silu(self.hidden_norm(mixed)))
        return contracted


class ConformerBlock(nn.Module):
    """Half feed-forward, self-attention, gated convolution, half feed-forward, norm.

    The paper's ``MainBlock(128, 256, 9, 16, 8)`` gives five numbers and no text. Our reading:
    16 x 8 = 128, so the last two are the head size and the head count, 9 is the kernel of a
    depthwise convolution and 256 its channels and the feed-forward width: a conformer block
    (Gulati et al. 2020, arXiv:2005.08100) with LayerNorm in place of BatchNorm, so that the views
    of a batch share no statistics, and without positional encoding, dropout or macaron scaling
    other than the two halves.

    Latents go in and out as (batch, frames, dim).

    Args:
        dim: channels of the latent.
        hidden: channels of the feed-forward layers and of the convolution.
        kernel: frames the convolution sees; odd.
        head_dim: channels per attention head.
        heads: attention heads.
        attends: the frames around its own that a frame attends to; None: all. Without any after
            it, the convolution is causal too.

    Attributes:
        reach: the frames that a frame depends on; None: all.

    Raises:
        OptionError: the kernel is even.
    """

    def __init__(
        self,
        dim: int,
        *,
        hidden: int,
        kernel: int,
        head_dim: int,
        heads: int,
        attends: Reach | None = None,
    ) -> None:
        super().__init__()
        if kernel % 2 == 0:
            raise OptionError(f"must be odd, not {kernel}", "kernel")
        causal = attends is not None and attends.after == 0
        self.feed_in = FeedForward(dim, hidden)
        self.attention = SelfAttention(dim, head_dim, heads, attends)
        self.convolution = GatedConvolution(dim, hidden, kernel, causal=causal)
        self.feed_out = FeedForward(dim, hidden)
        self.norm = nn.LayerNorm(dim)
        self.reach = None if attends is None else attends + kernel_reach(kernel, causal=causal)

    def forward(self, x: Tensor, memory: Memory | None = None) -> Tensor:
        """Map (batch, frames, dim) to the same shape."""
        x = x + 0.5 * self.feed_in(x)
        x = x + self.attention(x, memory)
        x = x + self.convolution(x, memory)
        x = x + 0.5 * self.feed_out(x)
        normed: Tensor = self.norm(x)
        return normed


class ConformerStack(nn.Module):
    """Several blocks on latents (batch, dim, frames); see `ConformerBlock` for the arguments."""

    def __init__(
        self,
        blocks: int,
        dim: int,
        *,
        hidden: int,
        kernel: int,
        head_dim: int,
        heads: int,
        attends: Reach | None = None,
    ) -> None:
        super().__init__()
        sizes = {"hidden": hidden, "kernel": kernel, "head_dim": head_dim, "heads": heads}
        made = [ConformerBlock(dim, **sizes, attends=attends) for _ in range(blocks)]
        self.blocks = nn.ModuleList(made)
        reaches = [one.reach for one in made if one.reach is not None]
        self.reach = None if attends is None else sum(reaches, start=Reach(0, 0))

    def forward(self, latent: Tensor, memory: Memory | None = None) -> Tensor:
        """Map (batch, dim, frames) to the same shape."""
        x = latent.transpose(1, 2)
        for block in self.blocks:
            x = block(x, memory)
        return x.transpose(1, 2)


def kernel_reach(kernel: int, *, causal: bool) -> Reach:
    """Return the reach of a convolution over frames."""
    return Reach(kernel - 1, 0) if causal else Reach(kernel // 2, kernel // 2)
