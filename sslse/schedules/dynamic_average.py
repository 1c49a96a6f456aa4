"""Weights that follow how fast each loss falls."""

import torch
from torch import Tensor

from sslse.api import Losses, PositiveFloat, Progress, Schedule, Weights
from sslse.schedules.adapting import Floors, named, scaled, weighted


class DynamicAverage(Schedule):
    """Give more weight to the loss that fell less from the epoch before last to the last one.

    Dynamic weight average (Liu, Johns and Davison 2019, arXiv:1803.10704): in epoch ``t``
    ``w_k = b_k K softmax_k(r_k / T)`` with ``r_k = L_k(t - 1) / L_k(t - 2)`` of epoch means and
    ``K = 2`` losses; ``w_k = b_k`` in the first two epochs. Ratios of losses that cross 0 mean
    nothing, so that losses are taken above their floors. Without a contrastive loss ``w_k = b_k``
    throughout.

    Args:
        cl: ``b`` of the contrastive loss.
        se: ``b`` of the enhancement loss; as in the ``mix`` schedule, because the method
            looks at how fast losses fall, not at how large they are.
        temperature: ``T``; the greater, the more even (paper: 2).
        cl_floor: value that the contrastive loss stays above: -1 for minus a cosine.
        se_floor: value that the enhancement loss stays above, in dB: minus the best SI-SDR.
    """

    def __init__(
        self,
        *,
        cl: PositiveFloat = 1.0,
        se: PositiveFloat = 0.1,
        temperature: PositiveFloat = 2.0,
        cl_floor: float = -1.0,
        se_floor: float = -30.0,
    ) -> None:
        super().__init__()
        self._base = Weights(cl, se)
        self._temperature = temperature
        self._floors = Floors(cl_floor, se_floor)
        self.total: Tensor
        self.last: Tensor
        self.before: Tensor
        for name in ("total", "last", "before"):
            self.register_buffer(name, torch.zeros(2))

    def weights(self, progress: Progress) -> Weights:  # noqa: ARG002 - the contract's argument
        """Return what the adapted weights are multiplied by."""
        return self._base

    def combine(self, weights: Weights, losses: Losses, latent: Tensor) -> Tensor:  # noqa: ARG002
        """Add the losses with the weights of this epoch."""
        return weighted(scaled(weights, self._factors()), losses)

    def after_step(self, losses: Losses, progress: Progress) -> None:
        """Sum up the epoch's losses; at its end they become the last epoch's mean."""
        self.total.add_(self._floors.above(losses))
        if (progress.step + 1) % progress.steps_per_epoch == 0:
            self.before.copy_(self.last)
            self.last.copy_(self.total / progress.steps_per_epoch)
            self.total.zero_()

    def metrics(self) -> dict[str, Tensor]:
        """Return the weights of the next step."""
        return named(scaled(self._base, self._factors()))

    def _factors(self) -> Tensor:
        known = self.before > 0
        ratios = self.last / torch.where(known, self.before, 1.0)
        factors = len(ratios) * torch.softmax(ratios / self._temperature, 0)
        return torch.where(known.all(), factors, 1.0)
