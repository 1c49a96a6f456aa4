"""Attention over all frames, or over those around each frame alone."""

import torch
import torch.nn.functional as F  # noqa: N812 - torch's own idiom
from einops import rearrange
from torch import Tensor, nn

from sslse.api import Reach
from sslse.nn.memory import Memory


class SelfAttention(nn.Module):
    """Multi-head self-attention over frames, (batch, frames, dim) to the same shape.

    Args:
        dim: channels.
        head_dim: channels per head.
        heads: their number.
        reach: the frames before and after its own that a frame attends to; None: all.
    """

    def __init__(self, dim: int, head_dim: int, heads: int, reach: Reach | None = None) -> None:
        super().__init__()
        self.heads = heads
        self.reach = reach
        self.norm = nn.LayerNorm(dim)
        self.to_qkv = nn.Linear(dim, 3 * heads * head_dim, bias=False)
        self.to_out = nn.Linear(heads * head_dim, dim)

    def forward(self, x: Tensor, memory: Memory | None = None) -> Tensor:
        """Attend from every frame to all that it may attend to."""
        qkv = self.to_qkv(self.norm(x))
        q, k, v = rearrange(qkv, "b l (three h d) -> three b h l d", three=3, h=self.heads)
        if self.reach is None:
            attended = F.scaled_dot_product_attention(q, k, v)
        else:
            if memory is not None:
                both = torch.stack([k, v]).transpose(-1, -2)
                k, v = memory.extend(self, both, self.reach.before).transpose(-1, -2)
            attended = attend_around(q, k, v, self.reach)
        out: Tensor = self.to_out(rearrange(attended, "b h l d -> b l (h d)"))
        return out


def attend_around(q: Tensor, k: Tensor, v: Tensor, reach: Reach) -> Tensor:
    """Attend from each frame to the frames around it; cost and memory grow with the length.

    Args:
        q: queries, (batch, heads, frames, channels).
        k: keys, (batch, heads, past + frames, channels); at most ``reach.before`` frames more.
        v: values, like the keys.
        reach: the frames before and after its own that a frame attends to; ``after`` is 0 or
            equal to ``before``.

    Returns:
        (batch, heads, frames, channels).
    """
    frames, past = q.shape[-2], k.shape[-2] - q.shape[-2]
    if not torch.compiler.is_exporting() and frames <= 2 * reach.before:
        ahead = _ahead(torch.arange(-past, frames), torch.arange(frames))
        return F.scaled_dot_product_attention(q, k, v, _within(ahead, reach).to(q.device))
    # Blocks of queries, each with the keys of its block and of those beside it. Padding makes whole
    # blocks; every query in it still has a key, or its NaN would come back as a gradient.
    width, sides = reach.before, 1 + bool(reach.after)
    blocks = (frames + width - 1) // width
    more = blocks * width - frames
    q = F.pad(q, (0, 0, 0, more))
    k, v = (F.pad(one, (0, 0, width - past, more + width * (sides - 1))) for one in (k, v))
    place = torch.arange(-width, width * sides)
    number = place + width * torch.arange(blocks).unsqueeze(-1)
    there = (number >= -past) & (number < frames)
    mask = _within(_ahead(place, torch.arange(width)), reach) & there.unsqueeze(1)
    mask = mask.to(q.device).unsqueeze(1).repeat(q.shape[0], 1, 1, 1)  # (batch blocks, 1, w, keys)
    batch, q = q.shape[0], _blocks(q, blocks, width).flatten(0, 1)
    k, v = (_with_neighbours(_blocks(one, blocks + sides, width), blocks) for one in (k, v))
    attended = F.scaled_dot_product_attention(q, k, v, mask)
    joined = attended.view(batch, blocks, *attended.shape[1:]).transpose(1, 2).flatten(2, 3)
    return joined[..., :frames, :]


def _ahead(keys: Tensor, queries: Tensor) -> Tensor:
    """Return how many frames each key is ahead of each query, (queries, keys)."""
    return keys - queries.unsqueeze(-1)


def _within(ahead: Tensor, reach: Reach) -> Tensor:
    return (ahead >= -reach.before) & (ahead <= reach.after)


def _blocks(x: Tensor, blocks: int, width: int) -> Tensor:
    """Cut (b, h, n w, d) into blocks, (b, n, h, w, d); by sizes, which an export cannot divide."""
    return x.view(*x.shape[:2], blocks, width, x.shape[3]).transpose(1, 2)


def _with_neighbours(blocks: Tensor, count: int) -> Tensor:
    """Put each of ``count`` blocks beside those after it: (b n, h, frames of them, d)."""
    sides = blocks.shape[1] - count
    beside = [blocks[:, place : place + count] for place in range(sides + 1)]
    return torch.cat(beside, -2).flatten(0, 1)
