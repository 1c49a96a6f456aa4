"""SI-SDR in double precision."""

from typing import Any

import numpy as np

import sslse
from sslse.api import Metric, Samples


class SiSdr(Metric):
    """Scale-invariant signal-to-distortion ratio (Le Roux et al. 2018, arXiv:1811.02508).

    In dB, higher is better.

    Args:
        zero_mean: remove both means first.
    """

    unit = "dB"

    def __init__(self, *, zero_mean: bool = True) -> None:
        self._zero_mean = zero_mean

    def score(self, clean: Samples, estimate: Samples, sample_rate: int) -> float:  # noqa: ARG002
        """Return the ratio in dB.

        Raises:
            ValueError: clean or estimate is constant.
        """
        s, s_hat = clean.astype(np.float64), estimate.astype(np.float64)
        if self._zero_mean:
            s, s_hat = s - s.mean(), s_hat - s_hat.mean()
        if not s.any():
            raise ValueError("the clean wave is constant")
        if not s_hat.any():
            raise ValueError("the estimate is constant")
        target = (s_hat @ s) / (s @ s) * s
        wanted, unwanted = target @ target, (target - s_hat) @ (target - s_hat)
        with np.errstate(divide="ignore"):
            return float(10 * np.log10(wanted / unwanted))

    def contract(self) -> dict[str, Any]:
        """Say what is behind the number."""
        return {"package": "sslse", "version": sslse.__version__, "zero_mean": self._zero_mean}
