"""The MoCo v2 objective."""

from typing import Literal

import torch
from torch import Tensor

from sslse import ranks
from sslse.api import (
    Encoder,
    Fraction,
    Objective,
    Outcome,
    PositiveFloat,
    PositiveInt,
    Progress,
    Views,
)
from sslse.nn import Mlp, Queue, Teacher, spread_frames, unit, vectors

Keys = tuple[Tensor, Tensor]


class MoCoV2(Objective):
    """Tell the momentum encoder's vector of another view from the keys of earlier steps.

    Chen et al. 2020, arXiv:2003.04297, on He et al. 2019, arXiv:1911.05722::

        L_cl = -mean log( e(q, k) / (e(q, k) + sum over n of e(q, n)) )
        e(a, b) = exp(a . b / temperature)
        q = u_i,   u = projector(z) / |projector(z)|
        k = u_j',  u' = projector'(z') / |projector'(z')|,  z' = encoder'(x),   n in the queue
        theta' <- momentum theta' + (1 - momentum) theta, after every optimizer step

    Then the step's keys replace the oldest ones of the queue. Keys of the query's own utterance
    (`Views.utterance`) are no negatives. While the queue is empty, in the very first step, the
    step's own keys stand in for it; a query that finds no negatives at all has loss and gradient 0.
    In phases without CL the momentum encoder follows and the queue is emptied: its keys would be
    those of an encoder long past.

    Deviations from those papers: symmetric over views, as the other methods here (an option);
    keys of the query's own utterance are no negatives; the queue begins empty, not with random
    vectors; by default the vectors are frames, not whole examples; no shuffling between devices,
    which the papers need for their batch normalisation only. More than two views: the mean over
    all pairs. Similarities are in float32.

    Args:
        encoder: lent; copied once as the momentum encoder.
        momentum: of the copies of encoder and projector (paper: 0.999).
        temperature: divides the similarities (paper: 0.2).
        queue: keys it holds (paper: 65536).
        projector: channels of every layer of the head; an empty list compares the latents (paper:
            as many as the latent's, then 128).
        symmetric: every view is a query for all others; else the first view alone, as in the paper.
        over: vectors are frames, or the means over frames (``utterance``).
        frames: frames of a crop that a step compares, evenly spread and others in every step; null
            for all. The similarities are views * batch * frames * queue numbers.
    """

    least_utterances = 2

    def __init__(
        self,
        encoder: Encoder,
        /,
        *,
        momentum: Fraction = 0.999,
        temperature: PositiveFloat = 0.2,
        queue: PositiveInt = 65536,
        projector: list[PositiveInt] = [128, 128],  # noqa: B006 - only read
        symmetric: bool = True,
        over: Literal["frame", "utterance"] = "frame",
        frames: PositiveInt | None = 8,
    ) -> None:
        super().__init__()
        sizes = [encoder.dim, *projector]
        self.projector = Mlp(sizes)
        self.teacher = Teacher(encoder)
        self.teacher_projector = Teacher(self.projector)
        self.queue = Queue(queue, sizes[-1])
        self.momentum = momentum
        self.temperature = temperature
        self.symmetric = symmetric
        self.over = over
        self.frame_level = over == "frame"
        self.frames = frames if self.frame_level else None

    def forward(self, encoder: Encoder, views: Views, progress: Progress) -> Outcome:  # noqa: ARG002
        """Compute the loss over the pairs of views; carry the keys."""
        asked = len(views.latent) if self.symmetric else 1
        skipped = 0 if self.symmetric else 1
        z = views.latent[:asked]
        noisy = views.noisy[skipped:]
        z_teacher = self.teacher(noisy.flatten(0, 1)).unflatten(0, noisy.shape[:2])
        rows, utterance = self._vectors(z, views, progress)
        rows_teacher, _ = self._vectors(z_teacher, views, progress)
        projected, keys = self.projector(rows), self.teacher_projector(rows_teacher)
        with torch.autocast(z.device.type, enabled=False):
            q, k = unit(projected), unit(keys)
            carry = ranks.gather(k, 1).flatten(0, 1), ranks.gather(utterance).repeat(len(k))
            negative, hardest, masked = self._compare(q, utterance, carry)
            positive = ((q / self.temperature)[:, None] * k).sum(-1)
            pairs = [(i, j) for i in range(len(q)) for j in range(len(k)) if i != j + skipped]
            losses = [
                torch.logaddexp(positive[i, j], negative[i]) - positive[i, j] for i, j in pairs
            ]
            hits = [positive[i, j] > hardest[i] for i, j in pairs]
            loss = torch.stack(losses).mean()
            accuracy = torch.stack(hits).to(q.dtype).mean()
        metrics = {
            "accuracy": accuracy,
            "masked": masked,
            "queue_filled": self.queue.filled.to(q.dtype).mean(),
        }
        return Outcome(loss, metrics, carry)

    def after_step(self, encoder: Encoder, carry: Keys | None, progress: Progress) -> None:  # noqa: ARG002
        """Let the copies follow; put the keys into the queue, or empty it where CL was not used."""
        self.teacher.follow(encoder, self.momentum)
        self.teacher_projector.follow(self.projector, self.momentum)
        if carry is None:
            self.queue.clear()
        else:
            self.queue.push(*carry)

    def _vectors(self, latent: Tensor, views: Views, progress: Progress) -> tuple[Tensor, Tensor]:
        chosen = spread_frames(latent, self.frames, progress.step)
        return vectors(chosen, over=self.over, utterance=views.utterance)

    def _compare(self, q: Tensor, utterance: Tensor, own: Keys) -> tuple[Tensor, Tensor, Tensor]:
        """Compare queries with the keys of the queue, or with the step's own while it is empty.

        Args:
            q: (views, rows, dim).
            utterance: (rows,).
            own: keys of this step, of all ranks.

        Returns:
            Over the negatives of each query, the log-sum-exp and the maximum of its similarities,
            (views, rows); and the share of the keys that are of the query's utterance.
        """
        filled = self.queue.filled
        keys = torch.cat((self.queue.vectors, own[0])).to(q.dtype)
        there = torch.cat((filled, ~filled.any().expand(len(own[0]))))
        same = there & (utterance[:, None] == torch.cat((self.queue.utterance, own[1])))
        similarity = (q / self.temperature) @ keys.T
        # Not -inf: a query without negatives would have no gradient but NaN.
        similarity = similarity.masked_fill_(same | ~there, torch.finfo(q.dtype).min)
        masked = same.sum() / (there.sum() * len(utterance))
        return similarity.logsumexp(-1), similarity.detach().amax(-1), masked
