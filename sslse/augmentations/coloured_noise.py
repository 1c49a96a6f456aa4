"""Noise made on the spot."""

import torch
from torch import Generator, Tensor

from sslse.api import Augmentation, Context, Fraction
from sslse.augmentations.draws import between, in_place_of_some
from sslse.augmentations.ranges import Decibels, Exponents, ordered
from sslse.augmentations.spectra import fast_length, frequencies_of
from sslse.data.mixing import mix_at_snr

_FLAT_BELOW_HZ = 20.0


class ColouredNoise(Augmentation):
    """Add Gaussian noise whose power falls as a drawn power of the frequency, at a drawn SNR.

    Power density goes with 1 / f^exponent: 0 is white, 1 pink, 2 brown (red), -1 blue, -2 violet.
    Below 20 Hz it is flat. The ratio of mean powers over the view is the drawn one; a silent view
    stays silent.

    Args:
        context: tells the sample rate.
        exponent: least and greatest exponent; drawn evenly.
        snr_db: least and greatest ratio of the view, as it comes in, to the noise, in dB.
        probability: share of the views that it applies to.
    """

    def __init__(
        self,
        context: Context,
        /,
        *,
        exponent: Exponents = [0.0, 2.0],  # noqa: B006
        snr_db: Decibels = [5.0, 30.0],  # noqa: B006
        probability: Fraction = 1.0,
    ) -> None:
        super().__init__()
        self._sample_rate = context.sample_rate
        self._exponent = ordered(exponent, "exponent")
        self._snr_db = ordered(snr_db, "snr_db")
        self._probability = probability

    def forward(self, views: Tensor, *, generator: Generator) -> Tensor:
        """Map (views, batch, samples) to the same shape."""
        shape, samples = views.shape[:2], views.shape[-1]
        length = fast_length(samples)
        exponent = between(self._exponent, (*shape, 1), generator)
        hz = frequencies_of(length, self._sample_rate, views.device).clamp_min(_FLAT_BELOW_HZ)
        bins = torch.randn(
            (*shape, len(hz)), generator=generator, device=views.device, dtype=torch.complex64
        )
        bins *= (hz / _FLAT_BELOW_HZ) ** (-exponent / 2)
        noise = torch.fft.irfft(bins, length)[..., :samples]
        changed = mix_at_snr(views, noise, between(self._snr_db, shape, generator))
        return in_place_of_some(views, changed, self._probability, generator)
