"""The Barlow Twins objective."""

from itertools import combinations
from typing import Literal

import torch
from torch import Tensor

from sslse import ranks
from sslse.api import (
    Context,
    Encoder,
    NonNegativeFloat,
    Objective,
    OptionError,
    Outcome,
    PositiveInt,
    Progress,
    Views,
)
from sslse.losses import in_float32
from sslse.nn import Mlp, spread_frames, vectors

EPSILON = 1e-5


class BarlowTwins(Objective):
    """Make each channel agree across views, and different channels uncorrelated.

    Zbontar et al. 2021, arXiv:2103.03230::

        L_cl = sum over a of (1 - C_aa)^2 + redundancy * sum over a != b of C_ab^2
        C_ab = mean over vectors of y_1a y_2b,   y = (h - mean(h)) / sqrt(var(h) + 1e-5)
        h = projector(z)

    where mean and var (which divides by the number of vectors) are each view's own, over all
    vectors. There are no negatives: crops of the same utterance are examples like any other. More
    than two views: the mean over all unordered pairs.

    Deviations from that paper: by default the vectors are frames, not whole examples; a narrower
    head, whose last layer has a bias, without effect. The sums are over channels, as in that
    paper, so that the loss grows with the head's width: the schedule's ``cl`` brings it to scale.
    Statistics are in float32.

    Args:
        encoder: gives the width of the latent.
        context: refuses a batch without a variance.
        redundancy: weight of the correlations between channels (paper: lambda, 0.005).
        projector: channels of every layer of the head, hidden ones batch-normalised; an empty list
            compares the latents (paper: three of 8192, four times the width of its latent).
        over: vectors are frames, or the means over frames (``utterance``).
        frames: frames of a crop that a step compares, evenly spread and others in every step; null
            for all.
    """

    def __init__(
        self,
        encoder: Encoder,
        context: Context,
        /,
        *,
        redundancy: NonNegativeFloat = 5e-3,
        projector: list[PositiveInt] = [256, 256, 256],  # noqa: B006 - only read
        over: Literal["frame", "utterance"] = "frame",
        frames: PositiveInt | None = None,
    ) -> None:
        super().__init__()
        if over == "utterance" and context.batch_size < 2:  # noqa: PLR2004 - for a variance
            raise OptionError("utterance needs a train.batch_size of 2 or more", "over")
        self.projector = Mlp([encoder.dim, *projector], batch_norm=True)
        self.redundancy = redundancy
        self.over = over
        self.frame_level = over == "frame"
        self.least_utterances = 1 if self.frame_level else 2
        self.frames = frames if self.frame_level else None

    def forward(self, encoder: Encoder, views: Views, progress: Progress) -> Outcome:  # noqa: ARG002
        """Compute the loss over all unordered pairs of views."""
        latent = spread_frames(views.latent, self.frames, progress.step)
        rows, _ = vectors(latent, over=self.over, utterance=views.utterance)
        projected = self.projector(rows)
        with torch.autocast(latent.device.type, enabled=False):
            y = _standardise(projected)
            pairs = combinations(y, 2)
            c = ranks.mean(torch.stack([one.T @ other for one, other in pairs]) / y.shape[1])
            agreement = c.diagonal(dim1=-2, dim2=-1)
            invariance = (1 - agreement).square().sum(-1).mean()
            redundancy = (c - agreement.diag_embed()).square().sum((-2, -1)).mean()
            loss = invariance + self.redundancy * redundancy
        terms = {"invariance": invariance.detach(), "redundancy": redundancy.detach()}
        return Outcome(loss, terms)


def _standardise(h: Tensor) -> Tensor:
    """Give every channel of each view mean 0 and variance 1 over all ranks, in float32 at least.

    Args:
        h: (views, rows, channels).
    """
    precise = in_float32(h)
    centred = precise - ranks.mean(precise.mean(1, keepdim=True))
    variance = ranks.mean(centred.square().mean(1, keepdim=True))
    return centred / (variance + EPSILON).sqrt()
