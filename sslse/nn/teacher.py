"""The momentum encoder: a copy that follows by exponential moving average."""

import copy

import torch
from torch import Tensor, nn

from sslse.api import Encoder


class Teacher(nn.Module):
    """Hold a copy of the encoder that follows it slowly and is never trained.

    Used by BYOL (arXiv:2006.07733) and MoCo (arXiv:1911.05722). The copy's parameters and buffers
    are part of the state, so that it resumes exactly.

    Args:
        encoder: copied at construction.
    """

    def __init__(self, encoder: Encoder) -> None:
        super().__init__()
        self.encoder = copy.deepcopy(encoder).requires_grad_(False)

    @torch.no_grad()
    def forward(self, wave: Tensor) -> Tensor:
        """Map waves (batch, samples) to latents (batch, dim, frames), without gradient."""
        latent: Tensor = self.encoder(wave)
        return latent

    @torch.no_grad()
    def follow(self, encoder: nn.Module, tau: float) -> None:
        """Set ``theta' = tau theta' + (1 - tau) theta``; buffers are copied.

        Args:
            encoder: the online encoder.
            tau: momentum in [0, 1]; 1 keeps the copy as it is.
        """
        for copied, followed in zip(self.encoder.parameters(), encoder.parameters(), strict=True):
            copied.lerp_(followed, 1 - tau)
        for kept, current in zip(self.encoder.buffers(), encoder.buffers(), strict=True):
            kept.copy_(current)
