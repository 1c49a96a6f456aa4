"""The contracts: the only module of sslse that a plugin must know.

Shapes, once for the project: a **wave** is ``(batch, samples)`` float32 in about [-1, 1]; a
**latent** is ``(batch, dim, frames)``; a **view** is one noisy version of an utterance.

Four rules let one trainer serve every method:

1. the encoder is lent: use it in `Objective.forward`, never store it on ``self``;
2. what trains is a parameter, what persists is a buffer;
3. `Objective.forward` reads, `Objective.after_step` writes;
4. time comes from `Progress`, randomness from a passed `torch.Generator`.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Literal

import torch
from torch import Generator, Tensor, nn

from sslse.audio import Samples, read_audio
from sslse.errors import OptionError
from sslse.hooks import hookimpl
from sslse.options import (
    Fraction,
    NonNegativeFloat,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
)

__all__ = [
    "Augmentation",
    "Bank",
    "Baseline",
    "Context",
    "Corpus",
    "Decoder",
    "Encoder",
    "Fraction",
    "Logger",
    "Losses",
    "Metric",
    "NonNegativeFloat",
    "NonNegativeInt",
    "Objective",
    "OptionError",
    "Outcome",
    "PositiveFloat",
    "PositiveInt",
    "Predictor",
    "Progress",
    "Reach",
    "Recording",
    "Samples",
    "Schedule",
    "Views",
    "Weights",
    "hookimpl",
]


@dataclass(frozen=True)
class Progress:
    """The only clock: passed to whoever needs the time, stored by nobody.

    Args:
        step: optimizer steps taken before this one, counted from 0.
        steps: optimizer steps of the whole run.
        steps_per_epoch: optimizer steps in one epoch.
    """

    step: int
    steps: int
    steps_per_epoch: int

    @property
    def epoch(self) -> int:
        """The epoch this step belongs to, counted from 0."""
        return self.step // self.steps_per_epoch

    @property
    def fraction(self) -> float:
        """The share of the run that is over, in [0, 1]."""
        return self.step / self.steps


@dataclass(frozen=True)
class Context:
    """Facts of the run that a component may ask for as ``context``.

    Args:
        sample_rate: in Hz.
        views: noisy views per utterance.
        batch_size: utterances per step at most; a corpus with fewer crops gives fewer.
        crop: samples per training example.
    """

    sample_rate: int
    views: int
    batch_size: int
    crop: int


@dataclass(frozen=True)
class Views:
    """Two or more noisy views of the same utterances.

    Args:
        clean: (views, batch, samples), the target of each view; the same in all of them unless an
            augmentation that maps targets too draws for each view.
        noisy: (views, batch, samples).
        latent: (views, batch, dim, frames), from the online encoder, with gradient: encoded once,
            used by both losses.
        utterance: (batch,) int64, which utterance each crop is of; crops with the same number are
            no negatives of each other.
    """

    clean: Tensor
    noisy: Tensor
    latent: Tensor
    utterance: Tensor


@dataclass(frozen=True)
class Outcome:
    """What an objective gives back.

    Args:
        loss: scalar to minimise; None where there is no contrastive loss.
        metrics: detached scalars to log.
        carry: whatever `Objective.after_step` of the same step needs.
    """

    loss: Tensor | None
    metrics: dict[str, Tensor] = field(default_factory=dict)
    carry: Any = None


@dataclass(frozen=True)
class Weights:
    """Weights of the contrastive loss (CL) and the enhancement loss (SE).

    0.0 means that the loss is not even computed.
    """

    cl: float
    se: float


@dataclass(frozen=True)
class Losses:
    """The two losses of a step; None where a weight is 0 or the objective has no loss."""

    cl: Tensor | None
    se: Tensor | None

    def detach(self) -> "Losses":
        """Return them without gradient."""
        return Losses(*(None if one is None else one.detach() for one in (self.cl, self.se)))


@dataclass(frozen=True)
class Reach:
    """What a frame depends on: so many frames before its own, and so many after it."""

    before: int
    after: int

    def __add__(self, other: "Reach") -> "Reach":
        """Return the reach of one network after another."""
        return Reach(self.before + other.before, self.after + other.after)

    def __or__(self, other: "Reach") -> "Reach":
        """Return the reach of two networks side by side."""
        return Reach(max(self.before, other.before), max(self.after, other.after))


class Encoder(nn.Module, ABC):
    """Wave to latent.

    Attributes:
        dim: channels of the latent.
        stride: samples per frame; a wave's length must be a multiple of it.
        reach: the frames of the wave that a frame of the latent depends on; None: all. Long waves
            are enhanced in pieces, which fit together exactly where encoder and decoder have one.
        causal: whether `forward` takes a `sslse.nn.Memory` after its other arguments, by which the
            pieces of a stream give what the whole gives; ``reach.after`` is 0 then.
    """

    dim: int
    stride: int
    reach: Reach | None = None
    causal: bool = False

    @abstractmethod
    def forward(self, wave: Tensor) -> Tensor:
        """Map waves (batch, samples) to latents (batch, dim, samples // stride)."""


class Predictor(nn.Module, ABC):
    """Latent to latent of the same shape."""

    @abstractmethod
    def forward(self, latent: Tensor) -> Tensor:
        """Map latents (batch, dim, frames) to latents of the same shape."""


class Decoder(nn.Module, ABC):
    """Latent to wave.

    Attributes:
        reach: the frames of latent and noisy wave that a frame of the wave depends on; None: all.
        causal: as that of `Encoder`.
    """

    reach: Reach | None = None
    causal: bool = False

    @abstractmethod
    def forward(self, latent: Tensor, noisy: Tensor) -> Tensor:
        """Map latents (batch, dim, frames) and the noisy waves (batch, samples) to waves."""


class Objective(nn.Module, ABC):
    """A contrastive loss; shipped and third-party methods alike are subclasses.

    The constructor asks for wiring by positional-only names (``encoder``, ``predictor``,
    ``context``) and for options by keyword-only parameters.

    Attributes:
        frame_level: whether it compares the views frame by frame, so that they must be in time
            with each other; one that compares whole utterances sets it to False.
        least_utterances: how many utterances the training part must have: 2 where an utterance is
            told from the others (negatives), or statistics are taken over utterances.
    """

    frame_level: bool = True
    least_utterances: int = 1

    @abstractmethod
    def forward(self, encoder: Encoder, views: Views, progress: Progress) -> Outcome:
        """Compute the loss; change no state."""

    def after_step(self, encoder: Encoder, carry: Any, progress: Progress) -> None:
        """Update what follows the encoder (EMA, queue), after every optimizer step.

        Args:
            encoder: the online encoder, already stepped.
            carry: `Outcome.carry` of this step; None where the schedule gave CL weight 0.
            progress: of the step just taken.
        """


class Schedule(nn.Module, ABC):
    """Weights of the two losses over time."""

    @abstractmethod
    def weights(self, progress: Progress) -> Weights:
        """Return the weights at a time; pure."""

    def combine(self, weights: Weights, losses: Losses, latent: Tensor) -> Tensor:  # noqa: ARG002
        """Add the weighted losses; override only to adapt the weights to the losses.

        Args:
            weights: of this step.
            losses: with gradient.
            latent: `Views.latent`, which both losses were computed from.
        """
        terms = [
            weight * loss
            for weight, loss in ((weights.cl, losses.cl), (weights.se, losses.se))
            if loss is not None
        ]
        if not terms:
            raise OptionError(
                "nothing to train on: SE has no weight, and there is no contrastive loss"
            )
        return sum(terms[1:], start=terms[0])

    def after_step(self, losses: Losses, progress: Progress) -> None:
        """Update adaptive state from detached losses, after the optimizer step."""

    def metrics(self) -> dict[str, Tensor]:
        """Return detached scalars to log: what the schedule has adapted.

        ``cl`` and ``se`` are the weights it uses where they are not those of `weights`.
        """
        return {}


class Augmentation(nn.Module, ABC):
    """Waves to changed waves, batched on the device.

    It keeps no state: neither parameters nor persistent buffers.

    Attributes:
        applies_to: ``noisy``: the views alone. ``both``: the clean targets are mapped too, in a
            second call whose generator gives the same draws; what is drawn must then depend on
            the shape alone, not on the samples.
        aligned: whether the views of an utterance stay in time with each other.
    """

    applies_to: Literal["noisy", "both"] = "noisy"
    aligned: bool = True

    @abstractmethod
    def forward(self, views: Tensor, *, generator: Generator) -> Tensor:
        """Map (views, batch, samples) to the same shape; every draw comes from the generator."""


@dataclass(frozen=True)
class Recording:
    """One audio file of a corpus, not yet read.

    Args:
        key: unique within the corpus and stable across machines (a relative path).
        source: where the samples are: a file, or None where `Corpus.read` makes them.
        part: ``train`` or ``test``.
        speaker: who speaks; empty if unknown or noise.
        kind: of noise; empty if unknown or speech.
    """

    key: str
    source: Path | None
    part: Literal["train", "test"]
    speaker: str = ""
    kind: str = ""


class Corpus(ABC):
    """A collection of recordings, each in the train or the test part."""

    @abstractmethod
    def recordings(self) -> Sequence[Recording]:
        """List all recordings, in an order that is the same on every machine.

        Raises:
            DataError: the folder is missing or holds no recording.
        """

    def read(self, recording: Recording) -> tuple[Samples, int]:
        """Return mono samples, (samples,) float32 in about [-1, 1], and their rate in Hz.

        Raises:
            DataError: the file is unreadable.
        """
        if recording.source is None:
            raise NotImplementedError(f"{type(self).__name__} must override read()")
        return read_audio(recording.source)

    @property
    def version(self) -> str:
        """Text that changes whenever `read` gives other samples for the same recordings."""
        return ""


class Bank(ABC):
    """Recordings packed for random access on a device; what ``noise`` wiring gives.

    Attributes:
        count: number of recordings.
    """

    count: int

    @abstractmethod
    def crops(self, index: Tensor, start: Tensor, samples: int, *, loop: bool = False) -> Tensor:
        """Return float32 crops (..., samples) of recordings ``index`` (...) from ``start`` (...).

        Past a recording's end there is silence, or its beginning again with ``loop``.
        """

    @abstractmethod
    def lengths_of(self, index: Tensor) -> Tensor:
        """Return the lengths in samples of the recordings ``index`` (...)."""

    def starts(self, index: Tensor, share: Tensor, samples: int, *, loop: bool = False) -> Tensor:
        """Return where crops of recordings ``index`` (...) begin, for `crops`, int64 (...).

        Every place is alike likely at which the crop lies within the recording, or, of a shorter
        one, begins in it (``loop``) or at its beginning; digitally silent crops are left out where
        the bank knows of them.

        Args:
            index: of the recordings, int64 (...).
            share: drawn evenly from [0, 1), float64 (...).
            samples: length of the crops.
            loop: as for `crops`.
        """
        lengths = self.lengths_of(index)
        short = lengths if loop else torch.ones_like(lengths)
        room = torch.where(lengths >= samples, lengths - samples + 1, short)
        return (share * room).long()


class Metric(ABC):
    """A measure of an estimate; waves are one-dimensional float arrays of the same length.

    They are copies, and stay as they are: a metric that writes to them has no score.

    Attributes:
        better: which direction is better.
        unit: for tables; empty if it has none.
        range: the least and the greatest value there can be, ``math.inf`` allowed.
        rates: sample rates in Hz that it works at; None means any.
    """

    better: ClassVar[Literal["higher", "lower"]] = "higher"
    unit: ClassVar[str] = ""
    range: ClassVar[tuple[float, float]] = (-math.inf, math.inf)
    rates: ClassVar[tuple[int, ...] | None] = None

    @abstractmethod
    def score(self, clean: Samples, estimate: Samples, noisy: Samples, sample_rate: int) -> float:
        """Return the score; raise any exception where there is none, it will be counted.

        Args:
            clean: what the estimate should be; a metric without reference does not look at it.
            estimate: the wave to score.
            noisy: the mixture that the estimate was made from; only metrics of improvement look
                at it.
            sample_rate: in Hz, one of `rates`.
        """

    @abstractmethod
    def contract(self) -> dict[str, Any]:
        """Say what is behind the number, in what JSON can hold: package, version, mode."""


class Baseline(ABC):
    """An estimator to compare a model with; waves are one-dimensional float arrays.

    It runs on the CPU, in a process of its own, and draws nothing: the same waves give the same
    estimate, whatever it estimated before.

    Attributes:
        oracle: whether it looks at the clean wave, which nothing that is of use can.
    """

    oracle: ClassVar[bool] = False

    @abstractmethod
    def estimate(self, noisy: Samples, clean: Samples, sample_rate: int) -> Samples:
        """Return an estimate of the clean wave, as long as it.

        Raise any exception where there is none, it will be counted.

        Args:
            noisy: the mixture.
            clean: the wave in it; for an `oracle` only.
            sample_rate: in Hz.
        """

    @abstractmethod
    def contract(self) -> dict[str, Any]:
        """Say what is behind the estimate, in what JSON can hold: package, version, settings."""


class Logger(ABC):
    """Takes the figures of a run to wherever they are looked at.

    ``metrics.jsonl`` and ``scores.jsonl`` are written without it. The constructor gets the options
    and does nothing else: ``sslse check`` calls it too. Rank 0 alone calls the methods, all but
    `log` optional, between two steps: what they do, training waits for. What one of them raises is
    said once and stops no run.
    """

    def start(  # noqa: B027 - optional
        self, folder: Path, recipe: dict[str, Any], step: int
    ) -> None:
        """Begin, or go on with, the log of a run.

        Args:
            folder: the run directory; what the logger writes belongs into a folder of its own
                there.
            recipe: plain values, every default filled in.
            step: optimizer steps that were taken before. A run that was killed comes back to its
                last saved state: lines of later steps come again.
        """

    @abstractmethod
    def log(self, line: dict[str, Any]) -> None:
        """Take a line of ``metrics.jsonl``: ``step``, ``epoch``, and numbers by name."""

    def scores(self, line: dict[str, Any]) -> None:  # noqa: B027 - optional
        """Take a line of ``scores.jsonl``, whose step may lie before that of the last line.

        ``score/<metric>`` is a number, or None where no mixture has that score.
        """

    def finish(  # noqa: B027 - optional
        self, summary: dict[str, Any] | None, status: Literal["finished", "stopped", "failed"]
    ) -> None:
        """End the log.

        Args:
            summary: what ``evaluation.json`` holds; None where the run did not come so far.
            status: ``stopped``: by a signal. A killed run comes to no end at all.
        """
