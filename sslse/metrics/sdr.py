"""SDR of BSS Eval."""

from typing import Any

import numpy as np

import sslse
from sslse.api import Metric, PositiveInt, Samples
from sslse.metrics.waves import Wave, checked


class Sdr(Metric):
    """Signal-to-distortion ratio of BSS Eval (Vincent et al. 2006, doi:10.1109/TSA.2005.858005).

    It is::

        10 log10(|h * s|^2 / |h * s - s_hat|^2)

    where the filter ``h``, which may distort the clean wave for free, is the one that comes
    nearest to the estimate. In dB, higher is better. Neither level nor a short delay counts.

    Args:
        taps: length of the filter.
    """

    unit = "dB"

    def __init__(self, *, taps: PositiveInt = 512) -> None:
        self._taps = taps

    def score(
        self,
        clean: Samples,
        estimate: Samples,
        noisy: Samples,  # noqa: ARG002
        sample_rate: int,  # noqa: ARG002
    ) -> float:
        """Return the ratio in dB.

        Raises:
            ValueError: a wave is constant, empty or not finite, or has fewer samples than the
                filter.
        """
        s, s_hat = checked(clean, estimate)
        if len(s) < self._taps:
            raise ValueError(f"{len(s)} samples are fewer than the filter's {self._taps}")
        length = len(s) + self._taps - 1
        target = nearest(s, s_hat, self._taps)
        unwanted = np.pad(s_hat, (0, length - len(s))) - target
        with np.errstate(divide="ignore"):
            return float(10 * np.log10((target @ target) / (unwanted @ unwanted)))

    def contract(self) -> dict[str, Any]:
        """Say what is behind the number."""
        return {
            "package": "sslse",
            "version": sslse.__version__,
            "definition": "BSS Eval 3, one source",
            "taps": self._taps,
            "zero_mean": False,
        }


def nearest(s: Wave, s_hat: Wave, taps: int) -> Wave:
    """Return the filtered clean wave that is nearest to the estimate, (samples + taps - 1,)."""
    length = len(s) + taps - 1
    size = 1 << (length - 1).bit_length()
    spectrum = np.fft.rfft(s, size)
    lags = np.fft.irfft(np.abs(spectrum) ** 2, size)[:taps]
    wanted = np.fft.irfft(np.fft.rfft(s_hat, size) * spectrum.conj(), size)[:taps]
    place = np.arange(taps)
    correlations = lags[np.abs(place[:, None] - place)]
    found = np.fft.irfft(np.fft.rfft(_solve(correlations, wanted), size) * spectrum, size)
    target: Wave = found[:length]
    return target


def _solve(correlations: Wave, wanted: Wave) -> Wave:
    """Solve for the filter; the shortest of all solutions where there are several."""
    solution: Any
    try:
        np.linalg.cholesky(correlations)
        solution = np.linalg.solve(correlations, wanted)
    except np.linalg.LinAlgError:
        solution = np.linalg.lstsq(correlations, wanted, rcond=None)[0]
    return np.asarray(solution, np.float64)
