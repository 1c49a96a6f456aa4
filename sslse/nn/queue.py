"""The queue: vectors of earlier steps, with the utterances they are of."""

import torch
from torch import Tensor, nn

EMPTY = -1


class Queue(nn.Module):
    """Keep the newest vectors, each with the number of its utterance.

    Used by MoCo (arXiv:1911.05722) and SwAV (arXiv:2006.09882). The vectors are part of the state,
    so that it resumes exactly. Reading takes the buffers as they are, in no order of age.

    Args:
        size: vectors it holds.
        dim: of a vector.

    Attributes:
        vectors: (size, dim) float32; zero where empty.
        utterance: (size,) int64; -1 where empty.
        place: scalar int64; the slot written next, which holds the oldest vector.
    """

    vectors: Tensor
    utterance: Tensor
    place: Tensor

    def __init__(self, size: int, dim: int) -> None:
        super().__init__()
        self.register_buffer("vectors", torch.zeros(size, dim))
        self.register_buffer("utterance", torch.full((size,), EMPTY))
        self.register_buffer("place", torch.zeros((), dtype=torch.int64))

    @property
    def filled(self) -> Tensor:
        """Which slots hold a vector, (size,) bool."""
        return self.utterance != EMPTY

    @torch.no_grad()
    def push(self, vectors: Tensor, utterance: Tensor) -> None:
        """Write vectors over the oldest ones; of more than ``size``, the last ``size``.

        Args:
            vectors: (n, dim), from old to new.
            utterance: (n,) int64, 0 or more.
        """
        size = len(self.vectors)
        vectors, utterance = vectors[-size:], utterance[-size:]
        slots = (self.place + torch.arange(len(vectors), device=self.place.device)) % size
        self.vectors.index_copy_(0, slots, vectors.to(self.vectors.dtype))
        self.utterance.index_copy_(0, slots, utterance)
        self.place.add_(len(vectors)).remainder_(size)

    @torch.no_grad()
    def clear(self) -> None:
        """Empty every slot."""
        self.vectors.zero_()
        self.utterance.fill_(EMPTY)
        self.place.zero_()
