"""A weight that keeps the two losses in proportion."""

from typing import Annotated

import torch
from annotated_types import Interval
from torch import Tensor

from sslse.api import Losses, PositiveFloat, Progress, Schedule, Weights
from sslse.schedules.adapting import Floors, first_of, named, scaled, weighted


class Balance(Schedule):
    """Weigh the contrastive loss so that it counts a set share of the enhancement loss.

    ``w_cl = min(ratio w_se m_se / m_cl, greatest)`` with running means
    ``m <- momentum m + (1 - momentum) (L - f)`` of the losses above their floors. Plain
    magnitudes would not do: minus SI-SDR in dB passes 0 in every run, where it would switch CL
    off.

    Args:
        ratio: weighted CL over weighted SE, both above their floors.
        se: weight of the enhancement loss (as in the ``mix`` schedule).
        greatest: the contrastive loss's weight at most.
        momentum: of the running means, over steps; the first step's losses start them.
        cl_floor: value that the contrastive loss stays above: -1 for minus a cosine.
        se_floor: value that the enhancement loss stays above, in dB: minus the best SI-SDR.
    """

    def __init__(
        self,
        *,
        ratio: PositiveFloat = 0.1,
        se: PositiveFloat = 0.1,
        greatest: PositiveFloat = 10.0,
        momentum: Annotated[float, Interval(ge=0, lt=1)] = 0.99,
        cl_floor: float = -1.0,
        se_floor: float = -30.0,
    ) -> None:
        super().__init__()
        self._base = Weights(1.0, se)
        self._ratio = ratio
        self._greatest = greatest
        self._momentum = momentum
        self._floors = Floors(cl_floor, se_floor)
        self.means: Tensor
        self.register_buffer("means", torch.zeros(2))

    def weights(self, progress: Progress) -> Weights:  # noqa: ARG002 - the contract's argument
        """Return the weights before they are adapted."""
        return self._base

    def combine(self, weights: Weights, losses: Losses, latent: Tensor) -> Tensor:  # noqa: ARG002
        """Add the weighted losses."""
        means = first_of(self.means, self._floors.above(losses))
        return weighted(self._adapted(weights, means), losses)

    def after_step(self, losses: Losses, progress: Progress) -> None:  # noqa: ARG002
        """Let the means follow the losses."""
        height = self._floors.above(losses)
        moved = first_of(self.means, height).lerp(height, 1 - self._momentum)
        self.means.copy_(torch.where(height > 0, moved, self.means))

    def metrics(self) -> dict[str, Tensor]:
        """Return the weights of the next step."""
        return named(self._adapted(self._base, self.means))

    def _adapted(self, weights: Weights, means: Tensor) -> Tensor:
        cl, se = means.unbind()
        proportion = (self._ratio * weights.se * se / cl).clamp(max=self._greatest)
        factor = torch.where(cl > 0, proportion, 1.0)
        return scaled(weights, torch.stack((factor, torch.ones_like(factor))))
