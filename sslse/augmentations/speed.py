"""Faster and slower speech."""

import math
from fractions import Fraction as Ratio
from typing import Annotated

import torch
from annotated_types import Interval, MinLen
from torch import Generator, Tensor
from torch.nn.functional import pad

from sslse.api import Augmentation, Fraction
from sslse.augmentations.draws import Draw, in_place_of_some, shape_of_draws, uniform
from sslse.errors import OptionError

Factor = Annotated[float, Interval(ge=0.5, le=2)]

_LARGEST_DENOMINATOR = 100
_CROSSINGS = 24  # of the sinc, on each side
_ROLLOFF = 0.95
_KAISER_BETA = 9.0


class Speed(Augmentation):
    """Play views faster or slower, and their clean targets with them: pitch and tempo change.

    Speed perturbation (Ko et al., Interspeech 2015), by band-limited interpolation with a
    Kaiser-windowed sinc. The beginning stays where it is; a slower view loses its end, a faster
    one ends in silence.

    Args:
        factors: speeds to draw from, 1.1 is 10 % faster; each a fraction with a denominator of 100
            at most (0.95, 1.1).
        draw: ``utterance``: all views of an utterance have the same speed. ``view``: each has its
            own, so that they are out of time with each other.
        probability: share of the utterances, or views, that it applies to.

    Raises:
        OptionError: a factor is no such fraction.
    """

    applies_to = "both"

    def __init__(
        self,
        *,
        factors: Annotated[list[Factor], MinLen(1)] = [0.9, 1.0, 1.1],  # noqa: B006
        draw: Draw = "utterance",
        probability: Fraction = 1.0,
    ) -> None:
        super().__init__()
        self._ratios = [_ratio(factor) for factor in factors]
        self._draw: Draw = draw
        self.aligned = draw == "utterance"
        self._probability = probability
        for place, ratio in enumerate(self._ratios):
            self.register_buffer(f"_kernel_{place}", _kernel(ratio), persistent=False)

    def forward(self, views: Tensor, *, generator: Generator) -> Tensor:
        """Map (views, batch, samples) to the same shape."""
        drawn = uniform(shape_of_draws(views, self._draw), generator) * len(self._ratios)
        choice = drawn.long().unsqueeze(-1)
        changed = views
        for place, ratio in enumerate(self._ratios):
            if ratio != 1:
                played = _play(views, ratio, self.get_buffer(f"_kernel_{place}"))
                changed = torch.where(choice == place, played, changed)
        return in_place_of_some(views, changed, self._probability, generator, draw=self._draw)


def _ratio(factor: float) -> Ratio:
    ratio = Ratio(factor).limit_denominator(_LARGEST_DENOMINATOR)
    if not math.isclose(ratio, factor, rel_tol=1e-9):
        raise OptionError(
            f"{factor:g} is no fraction with a denominator of {_LARGEST_DENOMINATOR} at most",
            "factors",
        )
    return ratio


def _reach(ratio: Ratio) -> int:
    """Return how many samples an interpolated one depends on, on each side."""
    return math.ceil(_CROSSINGS * max(float(ratio), 1.0) / _ROLLOFF)


def _kernel(ratio: Ratio) -> Tensor:
    """Return the weights of neighbouring samples, (taps, denominator): one column a phase."""
    step, phases = ratio.numerator, ratio.denominator
    bandwidth = _ROLLOFF / max(float(ratio), 1.0)
    reach = _reach(ratio)
    taps = torch.arange(-reach, step + reach, dtype=torch.float64).unsqueeze(-1)
    distance = (taps - torch.arange(phases) * step / phases) * bandwidth
    inside = (1 - (distance / _CROSSINGS).square()).clamp_min(0)
    window = torch.special.i0(_KAISER_BETA * inside.sqrt()) / torch.special.i0(
        torch.tensor(_KAISER_BETA, dtype=torch.float64)
    )
    window = torch.where(inside > 0, window, 0.0)
    return (bandwidth * torch.sinc(distance) * window).float()


def _play(waves: Tensor, ratio: Ratio, kernel: Tensor) -> Tensor:
    """Read waves (..., samples) at every ratio-th sample; past their end there is silence."""
    samples = waves.shape[-1]
    taps, phases = kernel.shape
    frames = -(-samples // phases)
    before = _reach(ratio)
    needed = (frames - 1) * ratio.numerator + taps
    padded = pad(waves, (before, max(needed - before - samples, 0)))
    read = padded.unfold(-1, taps, ratio.numerator)[..., :frames, :] @ kernel
    return read.flatten(-2)[..., :samples]
