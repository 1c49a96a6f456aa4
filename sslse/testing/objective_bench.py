"""An objective beside a small encoder, driven as the trainer drives it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn

from sslse.api import Encoder, Objective, Outcome, Progress, Views
from sslse.seeds import seeded
from sslse.testing.construct import construct, make_context
from sslse.testing.stand_ins import SmallEncoder, SmallPredictor, noise, tones

STEPS = 60
CROP = 2048
Step = Callable[[], None]


def at(step: int) -> Progress:
    """Return the clock at a step of a short run."""
    return Progress(step=step, steps=STEPS, steps_per_epoch=10)


@dataclass
class ObjectiveBench:
    """An objective, the encoder it is lent, and views of a batch.

    Args:
        encoder: small, trainable.
        objective: in training mode.
        views: without latents.
    """

    encoder: Encoder
    objective: Objective
    views: Views

    def encoded(self) -> Views:
        """Return the views with the latents of the encoder as it is now."""
        noisy = self.views.noisy
        latent = self.encoder(noisy.flatten(0, 1)).unflatten(0, noisy.shape[:2])
        return replace(self.views, latent=latent)

    def outcome(self, step: int = 0, views: Views | None = None, seed: int = 0) -> Outcome:
        """Compute the loss as the trainer does, its generator seeded for the step."""
        views = views or self.encoded()
        with seeded(seed, "step", step):
            outcome: Outcome = self.objective(self.encoder, views, at(step))
        return outcome

    def loss(self, views: Views | None = None, seed: int = 0) -> Tensor:
        """Compute the loss of an objective that has one."""
        loss = self.outcome(views=views, seed=seed).loss
        if loss is None:
            raise ValueError("forward gave no loss where it gave one before")
        return loss

    def after(self, carry: Any, step: int = 0) -> None:
        """Let the objective write."""
        with torch.no_grad():
            self.objective.after_step(self.encoder, carry, at(step))

    def trained(self) -> list[nn.Parameter]:
        """Return everything an optimizer would train."""
        both = dict.fromkeys([*self.encoder.parameters(), *self.objective.parameters()])
        return [one for one in both if one.requires_grad]

    def train(
        self, optimizer: torch.optim.Optimizer | None = None, *, first: int = 0, steps: int = 1
    ) -> list[float]:
        """Take steps as the trainer does and return their losses.

        Args:
            optimizer: plain gradient descent where there is none.
            first: step to begin with.
            steps: how many.
        """
        optimizer = optimizer or torch.optim.SGD(self.trained(), lr=0.01)
        losses = []
        for step in range(first, first + steps):
            outcome = self.outcome(step)
            optimizer.zero_grad(set_to_none=True)
            if outcome.loss is not None:
                outcome.loss.backward()  # type: ignore[no-untyped-call]
                losses.append(outcome.loss.item())
            optimizer.step()
            self.after(outcome.carry, step)
        return losses


@dataclass(frozen=True)
class ObjectiveCase:
    """An objective to check; see `sslse.testing.check_objective` for the arguments."""

    target: Callable[..., Any]
    options: Mapping[str, Any]
    symmetric: bool
    learns: bool
    draws: bool

    def bench(
        self,
        *,
        views: int = 2,
        batch: int = 4,
        announced: int | None = None,
        utterance: list[int] | None = None,
        seed: int = 0,
    ) -> ObjectiveBench:
        """Construct the objective and everything it is used with.

        Args:
            views: of every crop.
            batch: crops.
            announced: the context's batch size, where it is another.
            utterance: of every crop; each its own unless said.
            seed: of the weights.

        Raises:
            OptionError: the objective refuses its options or the context.
        """
        with seeded(0, "stand-ins"):
            encoder = SmallEncoder()
            predictor = SmallPredictor(encoder.dim)
        context = make_context(views, announced or batch, CROP)
        parts = {"context": context, "encoder": encoder, "predictor": predictor}
        objective = construct(self.target, self.options, parts, seed)
        numbers = list(range(batch)) if utterance is None else utterance
        sounds = {number: tones(batch, CROP, number) for number in numbers}
        clean = torch.stack([sounds[number][place] for place, number in enumerate(numbers)])
        noisy = clean + noise(views, *clean.shape)
        plain = Views(clean.expand_as(noisy), noisy, noisy, torch.tensor(numbers))
        return ObjectiveBench(encoder, objective, plain)
