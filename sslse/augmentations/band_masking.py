"""Gaps in frequency."""

import math

import torch
from torch import Generator, Tensor

from sslse.api import Augmentation, Context, Fraction
from sslse.augmentations.draws import between, in_place_of_some, uniform, whole_between
from sslse.augmentations.ranges import Counts, PositiveRange, ordered
from sslse.augmentations.spectra import filter_zero_phase
from sslse.errors import OptionError

_EDGE_HZ = 100.0
_RINGING_SECONDS = 4 / _EDGE_HZ


class BandMasking(Augmentation):
    """Take bands of frequencies out of a view, with zero phase.

    Frequency masking of SpecAugment (Park et al. 2019, arXiv:1904.08779), on waves: a band is
    placed evenly on the mel scale, 2595 log10(1 + Hz / 700), and taken out wholly; on both sides
    the gain rises to 1 within 100 Hz, as a raised cosine. Bands may overlap.

    Args:
        context: tells the sample rate.
        bands: least and greatest number of bands in a view.
        width_mel: least and greatest width of a band in mel.
        probability: share of the views that it applies to.

    Raises:
        OptionError: a band would be wider than half the sample rate.
    """

    def __init__(
        self,
        context: Context,
        /,
        *,
        bands: Counts = [1, 2],  # noqa: B006
        width_mel: PositiveRange = [50.0, 400.0],  # noqa: B006
        probability: Fraction = 1.0,
    ) -> None:
        super().__init__()
        self._sample_rate = context.sample_rate
        self._bands = ordered(bands, "bands")
        self._width_mel = ordered(width_mel, "width_mel")
        self._top_mel = 2595 * math.log10(1 + context.sample_rate / 2 / 700)
        if self._width_mel[1] > self._top_mel:
            raise OptionError(
                f"{width_mel}: half the sample rate is {self._top_mel:.0f} mel", "width_mel"
            )
        self._probability = probability

    def forward(self, views: Tensor, *, generator: Generator) -> Tensor:
        """Map (views, batch, samples) to the same shape."""
        most = self._bands[1]
        number = whole_between(self._bands, (*views.shape[:2], 1), generator)
        shape = (most, *views.shape[:2], 1)
        width = between(self._width_mel, shape, generator)
        lower = uniform(shape, generator).float() * (self._top_mel - width)
        low, high = _hertz(lower), _hertz(lower + width)

        def gains(hz: Tensor) -> Tensor:
            passed = torch.ones((), device=hz.device)
            for rank in range(most):
                away = torch.maximum(low[rank] - hz, hz - high[rank]).div_(_EDGE_HZ).clamp_(0, 1)
                rise = away.mul_(math.pi).cos_().mul_(-0.5).add_(0.5)
                passed = passed * torch.where(rank < number, rise, 1.0)
            return passed

        ringing = math.ceil(_RINGING_SECONDS * self._sample_rate)
        changed = filter_zero_phase(views, gains, self._sample_rate, ringing)
        return in_place_of_some(views, changed, self._probability, generator)


def _hertz(mel: Tensor) -> Tensor:
    return 700 * (10 ** (mel / 2595) - 1)
