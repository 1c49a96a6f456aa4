"""PESQ through the ``pesq`` package."""

import importlib.metadata
import math
from typing import Any, ClassVar, Literal

from sslse.api import Metric, Samples
from sslse.errors import OptionError
from sslse.metrics.waves import checked

Mode = Literal["nb", "wb"]
NARROW, WIDE = 8000, 16000
RATES: dict[Mode, tuple[int, ...]] = {"nb": (NARROW, WIDE), "wb": (WIDE,)}


def measure_pesq(clean: Samples, estimate: Samples, sample_rate: int, mode: Mode) -> float:
    """Return the mean opinion score that PESQ predicts (MOS-LQO).

    Raises:
        OptionError: PESQ does not know the rate.
        ValueError: the package meets NaN, one wave being softer by hundreds of dB.
        pesq.PesqError: the clean wave holds no speech or is shorter than 0.25 s.
    """
    from pesq import pesq

    # The package would print its usage as well.
    if sample_rate not in RATES[mode]:
        possible = " or ".join(map(str, RATES[mode]))
        raise OptionError(f"PESQ {mode} needs {possible} Hz, not {sample_rate}")
    try:
        return float(pesq(sample_rate, clean, estimate, mode))
    except ValueError as error:
        raise ValueError(f"one wave is too soft beside the other for PESQ: {error}") from error


def raw_narrow_band(mos: float) -> float:
    """Return the raw P.862 score of a narrow-band MOS-LQO: P.862.1's mapping, turned round."""
    return (4.6607 - math.log(4 / (mos - 0.999) - 1)) / 1.4945


class _Pesq(Metric):
    mode: ClassVar[Mode]

    def score(
        self,
        clean: Samples,
        estimate: Samples,
        noisy: Samples,  # noqa: ARG002
        sample_rate: int,
    ) -> float:
        """Return the mean opinion score that PESQ predicts.

        Raises:
            OptionError: the rate is not one of `rates`.
            ValueError: a wave is constant, empty or not finite.
            pesq.PesqError: the clean wave holds no speech or is shorter than 0.25 s.
        """
        checked(clean, estimate)
        return measure_pesq(clean, estimate, sample_rate, self.mode)

    def contract(self) -> dict[str, Any]:
        """Say what is behind the number."""
        return {
            "package": "pesq",
            "version": importlib.metadata.version("pesq"),
            "mode": self.mode,
            "standard": {"nb": "ITU-T P.862.1", "wb": "ITU-T P.862.2"}[self.mode],
            "corrigendum_2": False,
        }


class PesqNb(_Pesq):
    """Perceptual evaluation of speech quality, narrow band (ITU-T P.862.1).

    Up to 4.549, higher is better; the rate is 8 or 16 kHz. The paper's PESQ is read as this one:
    its noisy speech scores 1.34 to 2.30, the range of the narrow-band variant.
    """

    mode = "nb"
    range = (0.999, 4.549)
    rates = RATES["nb"]


class PesqWb(_Pesq):
    """Perceptual evaluation of speech quality, wide band (ITU-T P.862.2).

    Up to 4.644, higher is better; the rate is 16 kHz. The package is without Corrigendum 2
    (arXiv:2505.19760), whose scores can differ noticeably.
    """

    mode = "wb"
    range = (0.999, 4.644)
    rates = RATES["wb"]
