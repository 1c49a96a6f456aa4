"""Weights learned as the uncertainty of each loss."""

import torch
from torch import Tensor, nn

from sslse.api import Losses, PositiveFloat, Progress, Schedule, Weights
from sslse.schedules.adapting import Floors, first_of, named, scaled, weighted


class Uncertainty(Schedule):
    """Learn one log variance ``s`` for each loss; the loss's weight is ``exp(-s)``.

    Homoscedastic uncertainty (Kendall, Gal and Cipolla 2018, arXiv:1705.07115):
    ``L = sum_k b_k (exp(-s_k) (L_k - f_k) + s_k)``, least at ``s_k = log(L_k - f_k)``. That is
    twice the paper's form for regression, ``L / (2 sigma^2) + log sigma`` with
    ``s = log sigma^2``: the same optimum, without a factor 1/2 in the weights.

    Our losses are negative where things go well, and for ``L_k < 0`` the paper's objective falls
    without bound as ``s`` falls. So the floor ``f_k`` is taken off first. It is a constant: the
    network's gradient is that of ``exp(-s_k) L_k``, below the floor too. ``s`` sees at least 0.01,
    so that a weight settles at ``100 b_k`` at most.

    ``s_k`` starts at its optimum for the first step's loss, and what is learned is the difference
    to that: otherwise the first gradients of ``s`` (about 30 for SE in dB) would be what
    ``train.clip_norm`` sees, and weight decay would pull weights to 1 instead of to where they
    started.

    Args:
        cl: ``b`` of the contrastive loss; its weight is about ``cl / (L - cl_floor)``.
        se: ``b`` of the enhancement loss.
        cl_floor: value that the contrastive loss stays above: -1 for minus a cosine.
        se_floor: value that the enhancement loss stays above, in dB: minus the best SI-SDR.
    """

    def __init__(
        self,
        *,
        cl: PositiveFloat = 1.0,
        se: PositiveFloat = 1.0,
        cl_floor: float = -1.0,
        se_floor: float = -30.0,
    ) -> None:
        super().__init__()
        self._base = Weights(cl, se)
        self._floors = Floors(cl_floor, se_floor)
        self.shift = nn.Parameter(torch.zeros(2))
        self.first: Tensor
        self.register_buffer("first", torch.zeros(2))

    def weights(self, progress: Progress) -> Weights:  # noqa: ARG002 - the contract's argument
        """Return what the learned weights are multiplied by."""
        return self._base

    def combine(self, weights: Weights, losses: Losses, latent: Tensor) -> Tensor:  # noqa: ARG002
        """Return the objective; ``s`` learns from it and the network beside it."""
        height = self._floors.above(losses)
        s = self._log_variance(first_of(self.first, height))
        terms = scaled(weights, torch.exp(-s) * height + s)
        network = weighted(scaled(weights, torch.exp(-s.detach())), losses)
        return torch.where(height > 0, terms, 0.0).sum() + (network - network.detach())

    def after_step(self, losses: Losses, progress: Progress) -> None:  # noqa: ARG002
        """Keep the first step's losses."""
        self.first.copy_(first_of(self.first, self._floors.above(losses)))

    def metrics(self) -> dict[str, Tensor]:
        """Return the learned weights."""
        return named(scaled(self._base, torch.exp(-self._log_variance(self.first))))

    def _log_variance(self, first: Tensor) -> Tensor:
        return torch.where(first > 0, first, 1.0).log() + self.shift
