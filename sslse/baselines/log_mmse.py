"""The log-spectral amplitude estimator."""

from typing import Annotated, Any

import numpy as np
from annotated_types import Interval

import sslse
from sslse.api import Baseline, Samples
from sslse.baselines.exponential_integral import exponential_integral
from sslse.baselines.noise_power import noise_power
from sslse.baselines.stft import WINDOW_SECONDS, Powers, hop_of, istft, power_of, stft

LEAST_ARGUMENT = 1e-10
GREATEST_ARGUMENT = 700.0  # where exp(-x) is still a normal number


class LogMmse(Baseline):
    """Estimate log-magnitudes with the least squared error (Ephraim and Malah 1985).

    The classical single-channel estimator (doi:10.1109/TASSP.1985.1164550): every point is scaled
    by ``x / (1 + x) * exp(E1(v) / 2)``, ``v = x / (1 + x) * y``, where y is its power over that of
    the noise, ``E1`` the exponential integral and x the SNR of the speech alone, decision-directed:
    ``x = a * (SNR of the estimate before) + (1 - a) * max(y - 1, 0)``. The power of the noise is
    that of `sslse.baselines.noise_power` (Gerkmann and Hendriks 2012). Windows of 32 ms (root of
    Hann) overlap by half; the phase stays the noisy one.

    Args:
        decision: the weight a of the estimate before.
        least_snr_db: of x: lower lets less noise through, and more of it as musical tones (Cappe
            1994, doi:10.1109/89.279283).
    """

    def __init__(
        self,
        *,
        decision: Annotated[float, Interval(ge=0, lt=1)] = 0.98,
        least_snr_db: Annotated[float, Interval(ge=-60, le=0)] = -25.0,
    ) -> None:
        self._decision = decision
        self._least_snr_db = least_snr_db

    def estimate(self, noisy: Samples, clean: Samples, sample_rate: int) -> Samples:  # noqa: ARG002
        """Return the estimated wave; the clean one is not looked at."""
        spectra = stft(noisy, hop_of(sample_rate))
        powers = power_of(spectra)
        return istft(self._gains(powers / noise_power(powers)) * spectra, len(noisy))

    def _gains(self, ratios: Powers) -> Powers:
        """Return the gain of every point from its power relative to the noise."""
        least = 10 ** (self._least_snr_db / 10)
        before = np.maximum(ratios[0] - 1, 0)
        gains = np.empty_like(ratios)
        for number, ratio in enumerate(ratios):
            new = np.maximum(ratio - 1, 0)
            snr = np.maximum(self._decision * before + (1 - self._decision) * new, least)
            wiener = snr / (1 + snr)
            argument = np.clip(wiener * ratio, LEAST_ARGUMENT, GREATEST_ARGUMENT)
            gains[number] = wiener * np.exp(exponential_integral(argument) / 2)
            before = gains[number] ** 2 * ratio
        return gains

    def contract(self) -> dict[str, Any]:
        """Say what is behind the estimate."""
        return {
            "package": "sslse",
            "version": sslse.__version__,
            "decision": self._decision,
            "least_snr_db": self._least_snr_db,
            "window_seconds": WINDOW_SECONDS,
        }
