"""PESQ through the ``pesq`` package."""

import importlib.metadata
from typing import Any, ClassVar, Literal

from sslse.api import Metric, Samples
from sslse.errors import OptionError

RATES: dict[str, tuple[int, ...]] = {"nb": (8000, 16000), "wb": (16000,)}


class _Pesq(Metric):
    mode: ClassVar[Literal["nb", "wb"]]

    def score(self, clean: Samples, estimate: Samples, sample_rate: int) -> float:
        """Return the mean opinion score that PESQ predicts.

        Raises:
            OptionError: the rate is not one PESQ knows.
            pesq.PesqError: the reference holds no speech or is shorter than 0.25 s.
        """
        from pesq import pesq

        if sample_rate not in RATES[self.mode]:
            possible = " or ".join(str(rate) for rate in RATES[self.mode])
            raise OptionError(f"PESQ {self.mode} needs {possible} Hz, not {sample_rate}")
        return float(pesq(sample_rate, clean, estimate, self.mode))

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

    Range 1 to 4.55, higher is better; the rate is 8 or 16 kHz. The paper's PESQ is read as this
    one: its noisy speech scores 1.34 to 2.30, the range of the narrow-band variant.
    """

    mode = "nb"


class PesqWb(_Pesq):
    """Perceptual evaluation of speech quality, wide band (ITU-T P.862.2).

    Range 1 to 4.64, higher is better; the rate is 16 kHz. The package is without Corrigendum 2
    (arXiv:2505.19760), whose scores can differ noticeably.
    """

    mode = "wb"
