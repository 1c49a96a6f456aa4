"""The SwAV objective."""

from typing import Literal

import torch
from einops import rearrange
from torch import Tensor, nn

from sslse import ranks
from sslse.api import (
    Context,
    Encoder,
    NonNegativeInt,
    Objective,
    OptionError,
    Outcome,
    PositiveFloat,
    PositiveInt,
    Progress,
    Views,
)
from sslse.nn import Mlp, Queue, sinkhorn, spread_frames, unit, vectors

Vectors = tuple[Tensor, Tensor]


class SwAV(Objective):
    """Predict the prototypes that another view of the same vector is assigned to.

    Caron et al. 2020, arXiv:2006.09882::

        L_cl = mean of ( l(s_1, sg(q_2)) + l(s_2, sg(q_1)) ) / 2
        l(s, q) = -sum over prototypes of q log softmax(s / temperature)
        s_v = u_v C,  u = projector(z) / |projector(z)|,  q_v = sinkhorn(s_v), C the unit prototypes

    over all vectors. Sinkhorn's assignments of a view use all prototypes equally over its vectors
    and, with a queue, over vectors of earlier steps too. More than two views: the mean over all
    ordered pairs. There are no negatives: crops of the same utterance are like any other.

    Deviations from that paper: no multi-crop, the views are the crops; by default the vectors are
    frames, not whole examples; fewer prototypes, for fewer examples; a queue counts as far as it
    is filled, not only when full, and is emptied in phases without CL. Assignments and
    similarities are in float32.

    Args:
        encoder: gives the width of the latent.
        context: number of views; refuses a batch that needs no assignment.
        prototypes: their number (paper: 3000); better fewer than a step's vectors and the queue.
        temperature: divides the scores in the prediction (paper: 0.1).
        epsilon: of Sinkhorn's assignments; the lower, the harder (paper: 0.05).
        iterations: of Sinkhorn (paper: 3).
        projector: channels of every layer of the head, hidden ones batch-normalised; an empty list
            compares the latents (paper: as many as the latent's, then 128).
        freeze_epochs: first epochs in which the prototypes are not trained (paper: 1).
        queue: earlier vectors of each view that Sinkhorn sees too; 0 for none (paper: 3840 for
            batches of 256).
        queue_start_epoch: from which the queue is used; it fills before (paper: 15).
        over: vectors are frames, or the means over frames (``utterance``).
        frames: frames of a crop that a step compares, evenly spread and others in every step; null
            for all. The scores are views * (batch * frames + queue) * prototypes numbers.
    """

    def __init__(
        self,
        encoder: Encoder,
        context: Context,
        /,
        *,
        prototypes: PositiveInt = 256,
        temperature: PositiveFloat = 0.1,
        epsilon: PositiveFloat = 0.05,
        iterations: PositiveInt = 3,
        projector: list[PositiveInt] = [128, 128],  # noqa: B006 - only read
        freeze_epochs: NonNegativeInt = 1,
        queue: NonNegativeInt = 0,
        queue_start_epoch: NonNegativeInt = 15,
        over: Literal["frame", "utterance"] = "frame",
        frames: PositiveInt | None = None,
    ) -> None:
        super().__init__()
        if over == "utterance" and context.batch_size < 2:  # noqa: PLR2004 - two to part
            raise OptionError("utterance needs a train.batch_size of 2 or more", "over")
        sizes = [encoder.dim, *projector]
        self.projector = Mlp(sizes, batch_norm=True)
        self.prototypes = nn.Parameter(unit(torch.randn(prototypes, sizes[-1])))
        self.queue = Queue(queue, context.views * sizes[-1]) if queue else None
        self.temperature = temperature
        self.epsilon = epsilon
        self.iterations = iterations
        self.freeze_epochs = freeze_epochs
        self.queue_start_epoch = queue_start_epoch
        self.over = over
        self.frame_level = over == "frame"
        self.least_utterances = 1 if self.frame_level else 2
        self.frames = frames if self.frame_level else None

    def forward(self, encoder: Encoder, views: Views, progress: Progress) -> Outcome:  # noqa: ARG002
        """Compute the loss over all ordered pairs of views; carry the vectors."""
        latent = spread_frames(views.latent, self.frames, progress.step)
        rows, utterance = vectors(latent, over=self.over, utterance=views.utterance)
        projected = self.projector(rows)
        frozen = progress.epoch < self.freeze_epochs
        prototypes = self.prototypes.detach() if frozen else self.prototypes
        with torch.autocast(latent.device.type, enabled=False):
            u = unit(projected)
            scores = u @ prototypes.T
            everyone = ranks.gather(scores.detach(), 1)
            codes = ranks.own(self._codes(everyone, progress), 1)
            others = (codes.sum(0) - codes) / (len(codes) - 1)
            predicted = (scores / self.temperature).log_softmax(-1)
            loss = -(others * predicted).sum(-1).mean()
        carry = None if self.queue is None else self._queued(u.detach(), utterance)
        metrics = {
            "prototype_use": _use(everyone),
            "undecided": _undecided(predicted.detach()),
        }
        return Outcome(loss, metrics, carry)

    def after_step(self, encoder: Encoder, carry: Vectors | None, progress: Progress) -> None:  # noqa: ARG002
        """Scale the prototypes to length 1; queue the vectors, or empty the queue without CL."""
        self.prototypes.copy_(unit(self.prototypes))
        if self.queue is None:
            return
        if carry is None:
            self.queue.clear()
        else:
            self.queue.push(*carry)

    def _queued(self, u: Tensor, utterance: Tensor) -> Vectors:
        """Return what the queue takes of this step: the vectors of all ranks."""
        rows = rearrange(ranks.gather(u, 1), "v n d -> n (v d)")
        return rows, ranks.gather(utterance)

    def _codes(self, scores: Tensor, progress: Progress) -> Tensor:
        """Assign the vectors of each view to prototypes.

        Args:
            scores: (views, rows, prototypes), without gradient.
            progress: of this step.
        """
        counted = None
        rows = scores.shape[1]
        if self.queue is not None and progress.epoch >= self.queue_start_epoch:
            kept, filled = self.queue.vectors.to(scores.dtype), self.queue.filled
            earlier = rearrange(kept, "n (v d) -> v n d", v=len(scores))
            scores = torch.cat([scores, earlier @ self.prototypes.detach().T], 1)
            counted = torch.cat([filled.new_ones(rows), filled])
        codes = sinkhorn(scores, iterations=self.iterations, epsilon=self.epsilon, counted=counted)
        return codes[:, :rows]


def _use(scores: Tensor) -> Tensor:
    """Return how many prototypes are nearest to some vector, as a share of what is possible.

    The number is the perplexity of the shares of the vectors. Sinkhorn's assignments could not
    tell: they use all prototypes even where all vectors are the same.

    Args:
        scores: (views, rows, prototypes).

    Returns:
        A scalar in (0, 1].
    """
    nearest = scores.argmax(-1).flatten()
    counts = scores.new_zeros(scores.shape[-1])
    counts.scatter_add_(0, nearest, torch.ones_like(nearest, dtype=counts.dtype))
    perplexity: Tensor = torch.special.entr(counts / len(nearest)).sum().exp()
    return perplexity / min(len(counts), len(nearest))


def _undecided(predicted: Tensor) -> Tensor:
    """Return the perplexity of the predictions as a share of the prototypes.

    Args:
        predicted: logarithms, (views, rows, prototypes).

    Returns:
        A scalar in (0, 1]; 1 where every prediction is uniform.
    """
    entropy = ranks.mean(-(predicted.exp() * predicted).sum(-1).mean())
    return entropy.exp() / predicted.shape[-1]
