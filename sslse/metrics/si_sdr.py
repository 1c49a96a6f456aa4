"""SI-SDR, and how far it is above that of the mixture, in double precision."""

import math
from typing import Any

import numpy as np

import sslse
from sslse.api import Metric, Samples
from sslse.metrics.waves import Wave, checked


def si_sdr(clean: Wave, estimate: Wave, *, zero_mean: bool) -> float:
    """Return the ratio in dB; infinite where the estimate is the clean wave, scaled."""
    s, s_hat = clean, estimate
    if zero_mean:
        s, s_hat = s - s.mean(), s_hat - s_hat.mean()
    target = (s_hat @ s) / (s @ s) * s
    wanted, unwanted = target @ target, (target - s_hat) @ (target - s_hat)
    with np.errstate(divide="ignore"):
        return float(10 * np.log10(wanted / unwanted))


class SiSdr(Metric):
    """Scale-invariant signal-to-distortion ratio (Le Roux et al. 2018, arXiv:1811.02508).

    It is::

        10 log10(|a s|^2 / |a s - s_hat|^2),  a = <s_hat, s> / |s|^2

    In dB, higher is better. The level of the estimate does not count.

    Args:
        zero_mean: remove both means first.
    """

    unit = "dB"

    def __init__(self, *, zero_mean: bool = True) -> None:
        self._zero_mean = zero_mean

    def score(
        self,
        clean: Samples,
        estimate: Samples,
        noisy: Samples,  # noqa: ARG002
        sample_rate: int,  # noqa: ARG002
    ) -> float:
        """Return the ratio in dB.

        Raises:
            ValueError: a wave is constant, empty or not finite.
        """
        return si_sdr(*checked(clean, estimate), zero_mean=self._zero_mean)

    def contract(self) -> dict[str, Any]:
        """Say what is behind the number."""
        return {"package": "sslse", "version": sslse.__version__, "zero_mean": self._zero_mean}


class SiSdrImprovement(SiSdr):
    """SI-SDR of the estimate less SI-SDR of the mixture it was made from, in dB.

    Higher is better; the mixture itself has 0.

    Args:
        zero_mean: remove all means first.
    """

    def score(self, clean: Samples, estimate: Samples, noisy: Samples, sample_rate: int) -> float:
        """Return the difference in dB.

        Raises:
            ValueError: a wave is constant, empty or not finite, or the mixture has no finite ratio.
        """
        before = si_sdr(*checked(clean, noisy, "noisy wave"), zero_mean=self._zero_mean)
        if not math.isfinite(before):
            raise ValueError(f"the noisy wave has an SI-SDR of {before} dB")
        return super().score(clean, estimate, noisy, sample_rate) - before
