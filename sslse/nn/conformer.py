"""The paper's main block, read as a convolution-augmented transformer block."""

import torch.nn.functional as F  # noqa: N812 - torch's own idiom
from einops import rearrange
from torch import Tensor, nn

from sslse.errors import OptionError


class FeedForward(nn.Sequential):
    """Layer norm, expansion to ``hidden`` channels, SiLU, and back."""

    def __init__(self, dim: int, hidden: int) -> None:
        super().__init__(
            nn.LayerNorm(dim), nn.Linear(dim, hidden), nn.SiLU(), nn.Linear(hidden, dim)
        )


class SelfAttention(nn.Module):
    """Multi-head self-attention over frames, (batch, frames, dim) to the same shape."""

    def __init__(self, dim: int, head_dim: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.norm = nn.LayerNorm(dim)
        self.to_qkv = nn.Linear(dim, 3 * heads * head_dim, bias=False)
        self.to_out = nn.Linear(heads * head_dim, dim)

    def forward(self, x: Tensor) -> Tensor:
        """Attend from every frame to every frame."""
        qkv = self.to_qkv(self.norm(x))
        q, k, v = rearrange(qkv, "b l (three h d) -> three b h l d", three=3, h=self.heads)
        attended = F.scaled_dot_product_attention(q, k, v)
        out: Tensor = self.to_out(rearrange(attended, "b h l d -> b l (h d)"))
        return out


class GatedConvolution(nn.Module):
    """Gated depthwise convolution over frames, (batch, frames, dim) to the same shape."""

    def __init__(self, dim: int, hidden: int, kernel: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(dim)
        self.expand = nn.Linear(dim, 2 * hidden)
        self.depthwise = nn.Conv1d(hidden, hidden, kernel, padding=kernel // 2, groups=hidden)
        self.hidden_norm = nn.LayerNorm(hidden)
        self.contract = nn.Linear(hidden, dim)

    def forward(self, x: Tensor) -> Tensor:
        """Mix neighbouring frames, channel by channel."""
        gated = F.glu(self.expand(self.norm(x)), dim=-1)
        mixed = self.depthwise(gated.transpose(1, 2)).transpose(1, 2)
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

    Raises:
        OptionError: the kernel is even.
    """

    def __init__(self, dim: int, *, hidden: int, kernel: int, head_dim: int, heads: int) -> None:
        super().__init__()
        if kernel % 2 == 0:
            raise OptionError(f"must be odd, not {kernel}", "kernel")
        self.feed_in = FeedForward(dim, hidden)
        self.attention = SelfAttention(dim, head_dim, heads)
        self.convolution = GatedConvolution(dim, hidden, kernel)
        self.feed_out = FeedForward(dim, hidden)
        self.norm = nn.LayerNorm(dim)

    def forward(self, x: Tensor) -> Tensor:
        """Map (batch, frames, dim) to the same shape."""
        x = x + 0.5 * self.feed_in(x)
        x = x + self.attention(x)
        x = x + self.convolution(x)
        x = x + 0.5 * self.feed_out(x)
        normed: Tensor = self.norm(x)
        return normed


class ConformerStack(nn.Module):
    """Several blocks on latents (batch, dim, frames); see `ConformerBlock` for the arguments."""

    def __init__(
        self, blocks: int, dim: int, *, hidden: int, kernel: int, head_dim: int, heads: int
    ) -> None:
        super().__init__()
        sizes = {"hidden": hidden, "kernel": kernel, "head_dim": head_dim, "heads": heads}
        self.blocks = nn.Sequential(*(ConformerBlock(dim, **sizes) for _ in range(blocks)))

    def forward(self, latent: Tensor) -> Tensor:
        """Map (batch, dim, frames) to the same shape."""
        mapped: Tensor = self.blocks(latent.transpose(1, 2))
        return mapped.transpose(1, 2)
