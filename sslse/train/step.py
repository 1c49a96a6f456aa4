"""One training step's forward pass, the same for every method."""

from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from sslse import ranks
from sslse.api import (
    Decoder,
    Encoder,
    Losses,
    Objective,
    Outcome,
    Progress,
    Schedule,
    Views,
    Weights,
)
from sslse.device import lowers_precision
from sslse.losses import audible_crops, negative_si_sdr


@dataclass(frozen=True)
class Examples:
    """What a step trains on; see `sslse.api.Views`.

    Args:
        clean: (views, batch, samples).
        noisy: (views, batch, samples).
        utterance: (batch,).
        audible: scalar, see `sslse.losses.negative_si_sdr`; None counts these examples.
    """

    clean: Tensor
    noisy: Tensor
    utterance: Tensor
    audible: Tensor | None = None

    def head(self, count: int) -> "Examples":
        """Keep the first so many utterances."""
        return Examples(self.clean[:, :count], self.noisy[:, :count], self.utterance[:count])

    def own(self) -> "Examples":
        """Keep this rank's slice of the batch; all of it in one process."""
        if ranks.world() == 1:
            return self
        return Examples(
            ranks.own(self.clean, 1),
            ranks.own(self.noisy, 1),
            ranks.own(self.utterance),
            audible_crops(self.clean) / ranks.world(),
        )


@dataclass(frozen=True)
class StepOutput:
    """What a step's forward gives.

    Args:
        examples: what it was given.
        total: scalar to minimise; as losses and metrics the same on all ranks.
        losses: its terms, before weighting.
        latent: detached, (views, batch, dim, frames).
        estimate: detached, (views, batch, samples); None where SE has no weight.
        metrics: the objective's own, detached.
        carry: for `Objective.after_step`.
    """

    examples: Examples
    total: Tensor
    losses: Losses
    latent: Tensor
    estimate: Tensor | None
    metrics: dict[str, Tensor]
    carry: Any

    def gathered(self) -> "StepOutput":
        """Return it with the examples, latents and estimates of all ranks."""
        if ranks.world() == 1:
            return self
        examples = Examples(
            ranks.gather(self.examples.clean, 1),
            ranks.gather(self.examples.noisy, 1),
            ranks.gather(self.examples.utterance),
        )
        estimate = None if self.estimate is None else ranks.gather(self.estimate, 1)
        latent = ranks.gather(self.latent, 1)
        return replace(self, examples=examples, latent=latent, estimate=estimate)


class Step(nn.Module):
    """Encoder, decoder, objective and schedule, and how a step uses them.

    Args:
        encoder: shared by both losses; lent to the objective.
        decoder: rebuilds the clean wave from the latent.
        objective: the contrastive loss.
        schedule: weights of the two losses.
        zero_mean: see `sslse.losses.si_sdr`.
        precision: see `sslse.settings.Train`.
        accumulate: see `sslse.settings.Train`.
    """

    def __init__(
        self,
        encoder: Encoder,
        decoder: Decoder,
        objective: Objective,
        schedule: Schedule,
        *,
        zero_mean: bool = True,
        precision: str = "float32",
        accumulate: int = 1,
    ) -> None:
        super().__init__()
        self.encoder = encoder
        self.decoder = decoder
        self.objective = objective
        self.schedule = schedule
        self.zero_mean = zero_mean
        self.precision = precision
        self.accumulate = accumulate

    def forward(self, examples: Examples, weights: Weights, progress: Progress) -> StepOutput:
        """Encode once, compute the losses that have a weight, and add them.

        Args:
            examples: of this step.
            weights: of this step.
            progress: of this step.
        """
        device = examples.noisy.device
        lower = lowers_precision(self.precision, device)
        with torch.autocast(device.type, torch.bfloat16, enabled=lower):
            return self._losses(examples, weights, progress)

    def _losses(self, examples: Examples, weights: Weights, progress: Progress) -> StepOutput:
        clean, noisy = examples.clean, examples.noisy
        shape = noisy.shape[:2]
        waves = noisy.flatten(0, 1)
        latent = self._by_slices(self.encoder, waves).view(*shape, self.encoder.dim, -1)
        estimate = enhancement = None
        if weights.se:
            estimate = self._by_slices(self.decoder, latent.flatten(0, 1), waves).view_as(noisy)
            enhancement = negative_si_sdr(
                estimate, clean, zero_mean=self.zero_mean, audible=examples.audible
            )
            enhancement = ranks.mean(enhancement)
            estimate = estimate.detach()
        outcome = Outcome(None)
        if weights.cl:
            views = Views(clean, noisy, latent, examples.utterance)
            outcome = self.objective(self.encoder, views, progress)
        contrastive = None if outcome.loss is None else ranks.mean(outcome.loss)
        losses = Losses(contrastive, enhancement)
        total = self.schedule.combine(weights, losses, latent)
        metrics = _over_ranks(outcome.metrics)
        return StepOutput(
            examples, total, losses, latent.detach(), estimate, metrics, outcome.carry
        )

    def _by_slices(self, network: nn.Module, *inputs: Tensor) -> Tensor:
        """Map inputs in slices; what the backward pass needs of a slice is computed there again."""
        if self.accumulate == 1:
            mapped: Tensor = network(*inputs)
            return mapped
        slices = zip(*(one.chunk(self.accumulate) for one in inputs), strict=True)
        return torch.cat([checkpoint(network, *one, use_reentrant=False) for one in slices])


def _over_ranks(metrics: dict[str, Tensor]) -> dict[str, Tensor]:
    """Return the means over ranks, brought together at once."""
    if ranks.world() == 1 or not metrics:
        return metrics
    values = ranks.mean(torch.stack([value.detach().double() for value in metrics.values()]))
    return dict(zip(metrics, values.unbind(), strict=True))
