"""The VICReg objective."""

from typing import Literal

import torch

from sslse.api import (
    Context,
    Encoder,
    NonNegativeFloat,
    Objective,
    OptionError,
    Outcome,
    Progress,
    Views,
)

EPSILON = 1e-4


class VICReg(Objective):
    """Pull the latents of two views together, and keep each channel varied and uncorrelated.

    Bardes et al. 2021, arXiv:2105.04906::

        L_cl = invariance |z1 - z2|^2 + variance (v(z1) + v(z2)) + covariance (c(z1) + c(z2))
        v(z) = mean over channels of max(0, 1 - sqrt(var(z) + 1e-4))
        c(z) = sum of the squares of cov(z) off its diagonal / channels,   z = encoder(x)

    ``|.|^2`` is a mean over examples and channels, as in that paper's pseudo-code; var and cov
    divide by examples - 1. Deviations from that paper: no expander; by default every frame is an
    example. More than two views: the mean over all unordered pairs. Statistics are in float32,
    over the batch of one process.

    Args:
        context: refuses a batch without a variance.
        invariance: weight of the distance between views (paper: 25).
        variance: weight of the hinge on every channel's standard deviation (paper: 25).
        covariance: weight of the correlations between channels (paper: 1).
        over: examples are frames, or the means over frames (``utterance``).
    """

    def __init__(
        self,
        context: Context,
        /,
        *,
        invariance: NonNegativeFloat = 25.0,
        variance: NonNegativeFloat = 25.0,
        covariance: NonNegativeFloat = 1.0,
        over: Literal["frame", "utterance"] = "frame",
    ) -> None:
        super().__init__()
        if over == "utterance" and context.batch_size < 2:
            raise OptionError("utterance needs a train.batch_size of 2 or more", "over")
        self.invariance = invariance
        self.variance = variance
        self.covariance = covariance
        self.over = over
        self.frame_level = over == "frame"
        self.least_utterances = 1 if self.frame_level else 2

    def forward(self, encoder: Encoder, views: Views, progress: Progress) -> Outcome:  # noqa: ARG002
        """Compute the loss over all unordered pairs of views."""
        with torch.autocast(views.latent.device.type, enabled=False):
            z = views.latent.float()
            z = z.mean(-1) if self.over == "utterance" else z.movedim(-2, -1).flatten(1, 2)
            centred = z - z.mean(1, keepdim=True)
            cov = centred.mT @ centred / (z.shape[1] - 1)
            var = cov.diagonal(dim1=-2, dim2=-1)
            hinge = (1 - (var + EPSILON).sqrt()).relu()
            # The mean over pairs of a sum over both views is twice the mean over views, and the
            # mean squared distance of a pair is twice the variance across views.
            invariance = 2 * z.var(0).mean()
            variance = 2 * hinge.mean()
            covariance = 2 * (cov - var.diag_embed()).square().sum(-1).mean()
        loss = (
            self.invariance * invariance + self.variance * variance + self.covariance * covariance
        )
        terms = {"invariance": invariance, "variance": variance, "covariance": covariance}
        return Outcome(loss, {name: term.detach() for name, term in terms.items()})
