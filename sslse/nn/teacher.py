"""The momentum encoder: a copy that follows by exponential moving average."""

import copy

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import get_ema_multi_avg_fn


class Teacher(nn.Module):
    """Hold a copy of a module that follows it slowly and is never trained.

    Used by BYOL (arXiv:2006.07733) and MoCo (arXiv:1911.05722), for the encoder and for a
    projection head. The copy's parameters and buffers are part of the state, so that it resumes
    exactly.

    Args:
        module: copied at construction; takes and gives one tensor.

    Attributes:
        module: the copy.
    """

    def __init__(self, module: nn.Module) -> None:
        super().__init__()
        self.module = copy.deepcopy(module).requires_grad_(False)

    @torch.no_grad()
    def forward(self, x: Tensor) -> Tensor:
        """Map as the copied module does, without gradient."""
        mapped: Tensor = self.module(x)
        return mapped

    @torch.no_grad()
    def follow(self, module: nn.Module, tau: float) -> None:
        """Set ``theta' = tau theta' + (1 - tau) theta``; buffers are copied.

        Args:
            module: the online one.
            tau: momentum in [0, 1]; 1 keeps the copy's parameters as they are.
        """
        average = get_ema_multi_avg_fn(tau)  # type: ignore[no-untyped-call]
        average(list(self.module.parameters()), list(module.parameters()), None)
        for kept, current in zip(self.module.buffers(), module.buffers(), strict=True):
            kept.copy_(current)
