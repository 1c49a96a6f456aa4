"""One training step's forward pass, the same for every method."""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

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
from sslse.losses import negative_si_sdr


@dataclass(frozen=True)
class Examples:
    """What a step trains on; see `sslse.api.Views`.

    Args:
        clean: (views, batch, samples).
        noisy: (views, batch, samples).
        utterance: (batch,).
    """

    clean: Tensor
    noisy: Tensor
    utterance: Tensor

    def head(self, count: int) -> "Examples":
        """Keep the first so many utterances."""
        return Examples(self.clean[:, :count], self.noisy[:, :count], self.utterance[:count])


@dataclass(frozen=True)
class StepOutput:
    """What a step's forward gives.

    Args:
        examples: what it was given.
        total: scalar to minimise.
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


class Step(nn.Module):
    """Encoder, decoder, objective and schedule, and how a step uses them.

    Args:
        encoder: shared by both losses; lent to the objective.
        decoder: rebuilds the clean wave from the latent.
        objective: the contrastive loss.
        schedule: weights of the two losses.
        zero_mean: see `sslse.losses.si_sdr`.
        precision: see `sslse.settings.Train`.
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
    ) -> None:
        super().__init__()
        self.encoder = encoder
        self.decoder = decoder
        self.objective = objective
        self.schedule = schedule
        self.zero_mean = zero_mean
        self.precision = precision

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
        latent = self.encoder(waves).unflatten(0, shape)
        estimate = enhancement = None
        if weights.se:
            estimate = self.decoder(latent.flatten(0, 1), waves).unflatten(0, shape)
            enhancement = negative_si_sdr(estimate, clean, zero_mean=self.zero_mean)
            estimate = estimate.detach()
        outcome = Outcome(None)
        if weights.cl:
            views = Views(clean, noisy, latent, examples.utterance)
            outcome = self.objective(self.encoder, views, progress)
        losses = Losses(outcome.loss, enhancement)
        total = self.schedule.combine(weights, losses, latent)
        return StepOutput(
            examples, total, losses, latent.detach(), estimate, outcome.metrics, outcome.carry
        )
