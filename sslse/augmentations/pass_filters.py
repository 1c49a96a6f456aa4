"""Channels that let only some frequencies through."""

import math
from abc import ABC, abstractmethod
from typing import Annotated

from annotated_types import Ge, Le
from torch import Generator, Tensor

from sslse.api import Augmentation, Context, Fraction
from sslse.augmentations.draws import between_logs, in_place_of_some
from sslse.augmentations.ranges import PositiveRange, ordered
from sslse.augmentations.spectra import filter_zero_phase
from sslse.errors import OptionError

Order = Annotated[int, Ge(1), Le(12)]

_DIED_AWAY = 7.0  # nepers: 61 dB


class _OneSided(Augmentation, ABC):
    """A filter with one cutoff; see `LowPass` for its options."""

    def __init__(
        self, context: Context, cutoff_hz: list[float], order: int, probability: float
    ) -> None:
        super().__init__()
        self._sample_rate = context.sample_rate
        self._cutoff_hz = _cutoffs(cutoff_hz, "cutoff_hz", context)
        self._order = order
        self._ringing = _ringing(self._cutoff_hz[0], order, context)
        self._probability = probability

    def forward(self, views: Tensor, *, generator: Generator) -> Tensor:
        """Map (views, batch, samples) to the same shape."""
        cutoff = between_logs(self._cutoff_hz, (*views.shape[:2], 1), generator)
        changed = filter_zero_phase(
            views, lambda hz: self._gains(hz, cutoff), self._sample_rate, self._ringing
        )
        return in_place_of_some(views, changed, self._probability, generator)

    @abstractmethod
    def _gains(self, hz: Tensor, cutoff: Tensor) -> Tensor:
        """Return the magnitude at frequencies, for each cutoff."""


class LowPass(_OneSided):
    """Take away high frequencies, with a Butterworth filter's magnitude and zero phase.

    The views stay in time with each other. Before and after a view the filter meets silence.

    Args:
        context: tells the sample rate.
        cutoff_hz: least and greatest cutoff, where -3 dB are left; drawn evenly on a log scale.
        order: steepness: 6 dB an octave each.
        probability: share of the views that it applies to.

    Raises:
        OptionError: a cutoff is not below half the sample rate.
    """

    def __init__(
        self,
        context: Context,
        /,
        *,
        cutoff_hz: PositiveRange = [1000.0, 3500.0],  # noqa: B006
        order: Order = 4,
        probability: Fraction = 1.0,
    ) -> None:
        super().__init__(context, cutoff_hz, order, probability)

    def _gains(self, hz: Tensor, cutoff: Tensor) -> Tensor:
        return _butterworth(hz / cutoff, self._order)


class HighPass(_OneSided):
    """Take away low frequencies, with a Butterworth filter's magnitude and zero phase.

    The views stay in time with each other. Before and after a view the filter meets silence.

    Args:
        context: tells the sample rate.
        cutoff_hz: least and greatest cutoff, where -3 dB are left; drawn evenly on a log scale.
        order: steepness: 6 dB an octave each.
        probability: share of the views that it applies to.

    Raises:
        OptionError: a cutoff is not below half the sample rate.
    """

    def __init__(
        self,
        context: Context,
        /,
        *,
        cutoff_hz: PositiveRange = [50.0, 500.0],  # noqa: B006
        order: Order = 4,
        probability: Fraction = 1.0,
    ) -> None:
        super().__init__(context, cutoff_hz, order, probability)

    def _gains(self, hz: Tensor, cutoff: Tensor) -> Tensor:
        return _butterworth(cutoff / hz, self._order)


class BandPass(Augmentation):
    """Keep a band of frequencies, as a telephone does: a high-pass and a low-pass together.

    Both have a Butterworth filter's magnitude and zero phase, so the views stay in time with each
    other. Before and after a view the filter meets silence.

    Args:
        context: tells the sample rate.
        low_hz: least and greatest lower cutoff; drawn evenly on a log scale.
        high_hz: least and greatest upper cutoff; drawn evenly on a log scale.
        order: steepness on both sides: 6 dB an octave each.
        probability: share of the views that it applies to.

    Raises:
        OptionError: a cutoff is not below half the sample rate, or the ranges overlap.
    """

    def __init__(
        self,
        context: Context,
        /,
        *,
        low_hz: PositiveRange = [100.0, 400.0],  # noqa: B006
        high_hz: PositiveRange = [2000.0, 3800.0],  # noqa: B006
        order: Order = 4,
        probability: Fraction = 1.0,
    ) -> None:
        super().__init__()
        self._sample_rate = context.sample_rate
        self._low_hz = _cutoffs(low_hz, "low_hz", context)
        self._high_hz = _cutoffs(high_hz, "high_hz", context)
        if self._low_hz[1] >= self._high_hz[0]:
            raise OptionError(f"low_hz {low_hz} must lie below high_hz {high_hz}")
        self._order = order
        self._ringing = _ringing(self._low_hz[0], order, context)
        self._probability = probability

    def forward(self, views: Tensor, *, generator: Generator) -> Tensor:
        """Map (views, batch, samples) to the same shape."""
        shape = (*views.shape[:2], 1)
        low = between_logs(self._low_hz, shape, generator)
        high = between_logs(self._high_hz, shape, generator)

        def gains(hz: Tensor) -> Tensor:
            return _butterworth(low / hz, self._order) * _butterworth(hz / high, self._order)

        changed = filter_zero_phase(views, gains, self._sample_rate, self._ringing)
        return in_place_of_some(views, changed, self._probability, generator)


def _butterworth(ratio: Tensor, order: int) -> Tensor:
    """Return the magnitude at ratios of frequency and cutoff, or the inverse for a high-pass."""
    return (1 + ratio ** (2 * order)).rsqrt()


def _cutoffs(bounds: list[float], option: str, context: Context) -> tuple[float, float]:
    half = context.sample_rate / 2
    least, most = ordered(bounds, option)
    if most >= half:
        raise OptionError(f"{bounds}: must be below {half:g} Hz, half the sample rate", option)
    return least, most


def _ringing(cutoff_hz: float, order: int, context: Context) -> int:
    """Return the samples after which the slowest decay has died away, a crop at most."""
    decay = 2 * math.pi * cutoff_hz * math.sin(math.pi / (2 * order))
    return min(math.ceil(_DIED_AWAY / decay * context.sample_rate), context.crop)
