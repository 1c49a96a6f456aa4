"""The ideal ratio mask."""

from typing import Any

import numpy as np

import sslse
from sslse.api import Baseline, PositiveFloat, Samples
from sslse.baselines.stft import WINDOW_SECONDS, hop_of, istft, power_of, stft


class RatioMask(Baseline):
    """Scale every time-frequency point of the noisy wave by its share of speech: the ideal mask.

    ``(|S|^2 / (|S|^2 + |N|^2)) ** exponent`` with the spectra of speech and noise, in windows of
    32 ms (root of Hann) that overlap by half; the phase stays the noisy one. An oracle: it shows
    about what the best estimate of magnitudes could reach (Wang, Narayanan and Wang 2014,
    doi:10.1109/TASLP.2014.2352935).

    Args:
        exponent: 0.5 is the ideal ratio mask of the paper; 1 is the Wiener filter of known powers,
            which has the higher SI-SDR.
    """

    oracle = True

    def __init__(self, *, exponent: PositiveFloat = 0.5) -> None:
        self._exponent = exponent

    def estimate(self, noisy: Samples, clean: Samples, sample_rate: int) -> Samples:
        """Return the masked wave."""
        hop = hop_of(sample_rate)
        mixed, speech = stft(noisy, hop), stft(clean, hop)
        wanted, unwanted = power_of(speech), power_of(mixed - speech)
        total = wanted + unwanted
        share = np.divide(wanted, total, out=np.ones_like(total), where=total > 0)
        return istft(share**self._exponent * mixed, len(noisy))

    def contract(self) -> dict[str, Any]:
        """Say what is behind the estimate."""
        return {
            "package": "sslse",
            "version": sslse.__version__,
            "exponent": self._exponent,
            "window_seconds": WINDOW_SECONDS,
        }
