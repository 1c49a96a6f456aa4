"""The SimCLR objective."""

from itertools import permutations
from typing import Literal

import torch
from torch import Tensor

from sslse import ranks
from sslse.api import (
    Context,
    Encoder,
    Objective,
    OptionError,
    Outcome,
    PositiveFloat,
    PositiveInt,
    Progress,
    Views,
)
from sslse.nn import Mlp, spread_frames, unit, vectors


class SimCLR(Objective):
    """Tell the same vector in another view from the vectors of the other utterances in the batch.

    Chen et al. 2020, arXiv:2002.05709 (NT-Xent)::

        L_cl = -mean log( e(q, k) / (e(q, k) + sum over n of e(q, n)) )
        e(a, b) = exp(a . b / temperature),  q = u_i,  k = u_j,  u = projector(z) / |projector(z)|

    over all vectors q of view i, k the same vector in view j, n those of views i and j that are of
    another utterance. More than two views: the mean over all ordered pairs (i, j) of that loss,
    each with the negatives of its own two views. An utterance that is alone in its batch has no
    negatives: its loss and its gradient are 0.

    Deviations from that paper: crops of the same utterance (`Views.utterance`) are no negatives of
    each other; by default the vectors are frames, not whole examples; the hidden layer of the head
    has no batch normalisation. Similarities are in float32; over several processes each compares
    its own vectors with those of all.

    Args:
        encoder: gives the width of the latent.
        context: refuses a batch without negatives.
        temperature: divides the similarities (paper: 0.1).
        projector: channels of every layer of the head; an empty list compares the latents (paper:
            as many as the latent's, then 128).
        over: vectors are frames, or the means over frames (``utterance``).
        frames: frames of a crop that a step compares, evenly spread and others in every step; null
            for all. The similarities are (views * batch * frames)^2 numbers.
    """

    least_utterances = 2

    def __init__(
        self,
        encoder: Encoder,
        context: Context,
        /,
        *,
        temperature: PositiveFloat = 0.1,
        projector: list[PositiveInt] = [128, 128],  # noqa: B006 - only read
        over: Literal["frame", "utterance"] = "frame",
        frames: PositiveInt | None = 8,
    ) -> None:
        super().__init__()
        if context.batch_size < 2:  # noqa: PLR2004 - an utterance and its negatives
            raise OptionError("negatives need a train.batch_size of 2 or more")
        self.projector = Mlp([encoder.dim, *projector])
        self.temperature = temperature
        self.over = over
        self.frame_level = over == "frame"
        self.frames = frames if self.frame_level else None

    def forward(self, encoder: Encoder, views: Views, progress: Progress) -> Outcome:  # noqa: ARG002
        """Compute the loss over all ordered pairs of views."""
        latent = spread_frames(views.latent, self.frames, progress.step)
        rows, utterance = vectors(latent, over=self.over, utterance=views.utterance)
        projected = self.projector(rows)
        same = utterance[:, None] == ranks.gather(utterance)
        with torch.autocast(latent.device.type, enabled=False):
            u = unit(projected)
            positive, negative, hardest = self._compare(u, ranks.gather(u, 1), same)
            losses, hits = [], []
            for i, j in permutations(range(len(u)), 2):
                both = torch.logaddexp(negative[i, i], negative[i, j])
                losses.append(torch.logaddexp(positive[i, j], both) - positive[i, j])
                hits.append(positive[i, j] > torch.maximum(hardest[i, i], hardest[i, j]))
            loss = torch.stack(losses).mean()
            accuracy = torch.stack(hits).to(u.dtype).mean()
        masked = _masked(ranks.gather(views.utterance))
        return Outcome(loss, {"accuracy": accuracy, "masked": masked})

    def _compare(self, u: Tensor, everyone: Tensor, same: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Compare unit vectors with those of all ranks.

        Args:
            u: (views, rows, dim).
            everyone: (views, rows of all ranks, dim).
            same: (rows, rows of all ranks), which are of the same utterance.

        Returns:
            Each (view of the row, other view, rows): the similarity to the same row of the other
            view, and over the negatives there, its log-sum-exp and its maximum.
        """
        scaled = u / self.temperature
        positive = (scaled[:, None] * u).sum(-1)
        flat = scaled.flatten(0, 1) @ everyone.flatten(0, 1).T
        similarity = flat.view(*u.shape[:2], *everyone.shape[:2])
        # Not -inf: a row without negatives would have no gradient but NaN.
        similarity = similarity.masked_fill_(same[:, None], torch.finfo(u.dtype).min)
        negative = similarity.logsumexp(-1)
        hardest = similarity.detach().amax(-1)
        return positive, negative.movedim(-1, 1), hardest.movedim(-1, 1)


def _masked(utterance: Tensor) -> Tensor:
    """Return the share of the other crops that are no negatives, a scalar."""
    crops = len(utterance)
    others = (utterance[:, None] != utterance).sum()
    return 1 - others / max(crops * (crops - 1), 1)
