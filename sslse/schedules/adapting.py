"""What the schedules that adapt share: losses above their floors, weights as tensors.

Tensors of this module hold the figure of CL first, then that of SE: shape (2,).
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from sslse.api import Losses, Weights

LEAST = 0.01


@dataclass(frozen=True)
class Floors:
    """Values that the losses stay above; see ``docs/decisions/0011-floors-of-losses.md``.

    Args:
        cl: of the contrastive loss.
        se: of the enhancement loss, in dB.
    """

    cl: float
    se: float

    def above(self, losses: Losses) -> Tensor:
        """Return how far the losses are above their floors, detached.

        At least `LEAST`, also for a loss below its floor; 0 where there is no loss.
        """
        heights = [
            None if loss is None else (loss.detach() - floor).clamp_min(LEAST)
            for loss, floor in ((losses.cl, self.cl), (losses.se, self.se))
        ]
        there = next(one for one in heights if one is not None)
        return torch.stack([torch.zeros_like(there) if one is None else one for one in heights])


def first_of(kept: Tensor, now: Tensor) -> Tensor:
    """Return what is kept of earlier steps; what is there now where that is 0: nothing yet."""
    return torch.where(kept > 0, kept, now)


def scaled(weights: Weights, factors: Tensor) -> Tensor:
    """Return a schedule's plain weights times adapted factors."""
    return torch.stack((weights.cl * factors[0], weights.se * factors[1]))


def weighted(weights: Tensor, losses: Losses) -> Tensor:
    """Add the losses that there are, each times its weight."""
    pairs = zip(weights.unbind(), (losses.cl, losses.se), strict=True)
    return torch.stack([weight * loss for weight, loss in pairs if loss is not None]).sum()


def named(weights: Tensor) -> dict[str, Tensor]:
    """Return adapted weights as `sslse.api.Schedule.metrics` names them."""
    cl, se = weights.detach().clone().unbind()
    return {"cl": cl, "se": se}
