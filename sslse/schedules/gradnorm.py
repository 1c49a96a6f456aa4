"""Weights that even out the gradients of the losses."""

import math

import torch
from torch import Tensor, nn

from sslse import ranks
from sslse.api import (
    Losses,
    NonNegativeFloat,
    OptionError,
    PositiveFloat,
    Progress,
    Schedule,
    Weights,
)
from sslse.schedules.adapting import Floors, first_of, named, scaled, weighted

LEAST_LOG = math.log(1e-3)


class GradNorm(Schedule):
    """Learn weights under which both losses pull equally hard at the latent.

    GradNorm (Chen et al. 2018, arXiv:1711.02257). With ``G_k = w_k |dL_k / dz|`` and ``r_k`` = how
    far the loss is above its floor, over the same at the first step, the weights ``w_k`` descend
    ``L_grad = rate sum_k |G_k - G r_k^alpha / mean_j(r_j^alpha)| / G``, where ``G`` is the mean of
    the ``G_k``, held constant. After every step they are scaled to the sum 2. The network sees
    ``sum_k b_k w_k L_k``.

    Deviations from the paper: gradients are taken at the latent ``z`` both losses share, not at
    the weights of the last shared layer, so that no component has to name a layer. ``L_grad`` is
    divided by the mean norm, so that its speed does not depend on the losses' scale. The wanted
    norms are scaled to the sum of the norms; the paper's, ``G (r_k / mean(r))^alpha``, have another
    sum unless ``alpha`` is 1, so that no weights reach them. What is learned is ``log w_k``: the
    weights stay positive, and however small one is, its gradient is at most ``2 rate`` in size, too
    small to count in ``train.clip_norm``. Where a step has no contrastive loss, or a loss
    no gradient at the latent, the weights are left alone.

    The ``log w_k`` are parameters of the run's optimizer. Weight decay pulls them to 0, equal
    weights, but by a few per cent of what ``L_grad`` does. Under AdamW ``rate`` does not matter:
    ``log w_k`` then moves by about the learning rate in each step. A step costs one backward pass
    more from the losses to the latent.

    Args:
        cl: ``b`` of the contrastive loss: ``cl`` to ``se`` is the wanted ratio of the gradients.
        se: ``b`` of the enhancement loss.
        alpha: how much harder the loss that lags behind may pull; 0 for equally hard (paper:
            0.12 to 1.5).
        rate: see ``L_grad``; greater is faster.
        cl_floor: value that the contrastive loss stays above: -1 for minus a cosine.
        se_floor: value that the enhancement loss stays above, in dB: minus the best SI-SDR.
    """

    def __init__(
        self,
        *,
        cl: PositiveFloat = 1.0,
        se: PositiveFloat = 1.0,
        alpha: NonNegativeFloat = 1.5,
        rate: PositiveFloat = 0.01,
        cl_floor: float = -1.0,
        se_floor: float = -30.0,
    ) -> None:
        super().__init__()
        self._base = Weights(cl, se)
        self._alpha = alpha
        self._rate = rate
        self._floors = Floors(cl_floor, se_floor)
        self.log_factors = nn.Parameter(torch.zeros(2))
        self.first: Tensor
        self.register_buffer("first", torch.zeros(2))

    def weights(self, progress: Progress) -> Weights:  # noqa: ARG002 - the contract's argument
        """Return what the learned weights are multiplied by."""
        return self._base

    def combine(self, weights: Weights, losses: Losses, latent: Tensor) -> Tensor:
        """Add the weighted losses and ``L_grad``.

        Raises:
            OptionError: a loss does not depend on the latent.
        """
        total = weighted(scaled(weights, self.log_factors.detach().exp()), losses)
        if losses.cl is None or losses.se is None or not latent.requires_grad:
            return total
        norms = torch.stack((_norm("CL", losses.cl, latent), _norm("SE", losses.se, latent)))
        height = self._floors.above(losses)
        pace = (height / first_of(self.first, height)) ** self._alpha
        pulls = self.log_factors.exp() * norms
        mean = pulls.detach().mean()
        wanted = mean * pace / pace.mean()
        least = torch.finfo(mean.dtype).tiny
        uneven = (pulls - wanted).abs().sum() / mean.clamp_min(least)
        both_pull = (norms > 0).all()
        return total + self._rate * torch.where(both_pull, uneven, 0.0)

    def after_step(self, losses: Losses, progress: Progress) -> None:  # noqa: ARG002
        """Scale the weights; keep the first step's losses."""
        mean = self.log_factors.exp().mean()
        self.log_factors.sub_(mean.log()).clamp_(min=LEAST_LOG)
        self.first.copy_(first_of(self.first, self._floors.above(losses)))

    def metrics(self) -> dict[str, Tensor]:
        """Return the learned weights."""
        return named(scaled(self._base, self.log_factors.exp()))


def _norm(name: str, loss: Tensor, latent: Tensor) -> Tensor:
    """Return the norm of a loss's gradient at the latent."""
    gradient = None
    if loss.requires_grad:
        (gradient,) = torch.autograd.grad(loss, latent, retain_graph=True, allow_unused=True)
    if gradient is None:
        raise OptionError(
            f"gradnorm compares gradients at the latent, but the {name} loss does not depend on "
            "it (Views.latent); use another schedule"
        )
    # Each rank has the gradient at its own slice of the latent.
    norms = ranks.gather(torch.linalg.vector_norm(gradient)[None]) / ranks.world()
    norm: Tensor = torch.linalg.vector_norm(norms)
    return norm
