"""Log-spectral distance."""

import math
from typing import Any

import numpy as np

import sslse
from sslse.api import Metric, PositiveFloat, Samples
from sslse.metrics.frames import frames
from sslse.metrics.waves import checked

FRAME_SECONDS = 0.032


class Lsd(Metric):
    """Log-spectral distance (Gray and Markel 1976, doi:10.1109/TASSP.1976.1162849).

    It is::

        mean over frames of sqrt( mean over bins of (10 log10(P / P_hat))^2 )

    In dB, lower is better; a wrong level counts, the phase does not. Frames of 32 ms under a Hann
    window, half overlapping; the powers ``P`` and ``P_hat`` carry the same floor (Cohen 2005,
    doi:10.1109/TSA.2005.851940).

    Args:
        range_db: the floor lies so far below the greatest power of the clean wave.
    """

    better = "lower"
    unit = "dB"
    range = (0.0, math.inf)

    def __init__(self, *, range_db: PositiveFloat = 50.0) -> None:
        self._range_db = range_db

    def score(
        self,
        clean: Samples,
        estimate: Samples,
        noisy: Samples,  # noqa: ARG002
        sample_rate: int,
    ) -> float:
        """Return the distance in dB.

        Raises:
            ValueError: a wave is constant, not finite or shorter than a frame.
        """
        length = round(FRAME_SECONDS * sample_rate)
        power, other = (
            np.abs(np.fft.rfft(frames(wave, length, length // 2))) ** 2
            for wave in checked(clean, estimate)
        )
        floor = power.max() * 10 ** (-self._range_db / 10)
        if not floor > 0:
            raise ValueError("the clean wave is too soft")
        distance = 10 * np.log10(np.maximum(power, floor) / np.maximum(other, floor))
        return float(np.sqrt(np.square(distance).mean(-1)).mean())

    def contract(self) -> dict[str, Any]:
        """Say what is behind the number."""
        return {
            "package": "sslse",
            "version": sslse.__version__,
            "frame_ms": 32,
            "overlap": 0.5,
            "range_db": self._range_db,
        }
