"""Segmental SNR."""

from typing import Any

import numpy as np

import sslse
from sslse.api import Metric, Samples
from sslse.metrics.frames import loizou_frames
from sslse.metrics.waves import Wave, checked

LIMITS = (-10.0, 35.0)
_TINY = float(np.finfo(np.float64).eps)


def segmental_snr(clean: Wave, estimate: Wave, sample_rate: int) -> float:
    """Return the mean over frames of the SNR in dB, limited frame by frame.

    Raises:
        ValueError: there is no whole frame, or all are silent.
    """
    speech = loizou_frames(clean, sample_rate)
    error = loizou_frames(clean - estimate, sample_rate)
    heard = speech.any(-1)
    if not heard.any():
        raise ValueError("all whole frames of the clean wave are silent")
    energy, wrong = (np.square(one[heard]).sum(-1) for one in (speech, error))
    with np.errstate(divide="ignore"):
        ratios = 10 * np.log10(energy / (wrong + _TINY))
    return float(ratios.clip(*LIMITS).mean())


class SegmentalSnr(Metric):
    """Mean over frames of the SNR, each limited to [-10, 35] dB (Hansen and Pellom 1998).

    In dB, higher is better; a wrong level counts as noise. Frames of 30 ms under a Hann window,
    75 % overlap (Loizou 2013); frames in which the clean wave is digital silence are left out.
    """

    unit = "dB"
    range = LIMITS

    def score(
        self,
        clean: Samples,
        estimate: Samples,
        noisy: Samples,  # noqa: ARG002
        sample_rate: int,
    ) -> float:
        """Return the mean in dB.

        Raises:
            ValueError: a wave is constant, not finite or shorter than two frames.
        """
        return segmental_snr(*checked(clean, estimate), sample_rate)

    def contract(self) -> dict[str, Any]:
        """Say what is behind the number."""
        return {
            "package": "sslse",
            "version": sslse.__version__,
            "frame_ms": 30,
            "overlap": 0.75,
            "limits_db": list(LIMITS),
            "silent_frames": "left out",
        }
