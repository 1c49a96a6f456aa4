"""Composite measures: ratings predicted from PESQ, LLR, WSS and segmental SNR."""

import importlib.metadata
import math
from dataclasses import asdict, astuple, dataclass
from functools import lru_cache
from typing import Any, ClassVar

import numpy as np

import sslse
from sslse.api import Metric, Samples
from sslse.metrics.llr import llr
from sslse.metrics.pesq import WIDE, Mode, measure_pesq, raw_narrow_band
from sslse.metrics.segmental_snr import segmental_snr
from sslse.metrics.waves import checked
from sslse.metrics.wss import wss

LIMITS = (1.0, 5.0)


@dataclass(frozen=True)
class Parts:
    """What a composite measure adds up; as coefficients, 0 where a part does not count."""

    constant: float = 1.0
    pesq: float = 0.0
    llr: float = 0.0
    wss: float = 0.0
    segmental_snr: float = 0.0


@lru_cache(maxsize=1)
def _measure(clean: bytes, estimate: bytes, dtype: str, sample_rate: int) -> Parts:
    """Measure two waves, given as bytes, once for all three ratings."""
    given = np.frombuffer(clean, dtype), np.frombuffer(estimate, dtype)
    waves = given[0].astype(np.float64), given[1].astype(np.float64)
    mode: Mode = "wb" if sample_rate == WIDE else "nb"
    pesq = measure_pesq(*given, sample_rate, mode)
    return Parts(
        pesq=pesq if mode == "wb" else raw_narrow_band(pesq),
        llr=llr(*waves, sample_rate),
        wss=wss(*waves, sample_rate),
        segmental_snr=segmental_snr(*waves, sample_rate),
    )


class _Composite(Metric):
    range = LIMITS
    rates = (8000, 16000)
    coefficients: ClassVar[Parts]

    def score(
        self,
        clean: Samples,
        estimate: Samples,
        noisy: Samples,  # noqa: ARG002
        sample_rate: int,
    ) -> float:
        """Return the predicted rating.

        Raises:
            OptionError: the rate is not one of `rates`.
            ValueError: a wave is constant, not finite or shorter than two frames.
            pesq.PesqError: the clean wave holds no speech or is shorter than 0.25 s.
        """
        checked(clean, estimate)
        dtype = np.result_type(clean, estimate)
        waves = (np.asarray(one, dtype).tobytes() for one in (clean, estimate))
        parts = _measure(*waves, dtype.str, sample_rate)
        terms = zip(astuple(self.coefficients), astuple(parts), strict=True)
        least, greatest = self.range
        return min(max(math.fsum(weight * part for weight, part in terms), least), greatest)

    def contract(self) -> dict[str, Any]:
        """Say what is behind the number."""
        return {
            "package": "sslse",
            "version": sslse.__version__,
            "definition": "composite.m (Loizou 2013)",
            "coefficients": asdict(self.coefficients),
            "pesq_package": f"pesq {importlib.metadata.version('pesq')}",
            "pesq": {"16000": "wb, P.862.2", "8000": "nb, P.862 (raw, from P.862.1)"},
            "silent_frames": "left out",
        }


class Csig(_Composite):
    """Predicted rating of the speech's distortion (Hu and Loizou 2008).

    doi:10.1109/TASL.2007.911054. From 1, very distorted, to 5, not distorted::

        3.093 - 1.029 LLR + 0.603 PESQ - 0.009 WSS

    limited to [1, 5]. The rate is 16 kHz, with wide-band PESQ, or 8 kHz, with raw narrow-band PESQ.
    """

    coefficients = Parts(3.093, pesq=0.603, llr=-1.029, wss=-0.009)


class Cbak(_Composite):
    """Predicted rating of the background (Hu and Loizou 2008).

    doi:10.1109/TASL.2007.911054. From 1, very intrusive, to 5, not noticeable::

        1.634 + 0.478 PESQ - 0.007 WSS + 0.063 segmental SNR

    limited to [1, 5]. The rate is 16 kHz, with wide-band PESQ, or 8 kHz, with raw narrow-band PESQ.
    """

    coefficients = Parts(1.634, pesq=0.478, wss=-0.007, segmental_snr=0.063)


class Covl(_Composite):
    """Predicted rating of overall quality (Hu and Loizou 2008).

    doi:10.1109/TASL.2007.911054. From 1, bad, to 5, excellent::

        1.594 + 0.805 PESQ - 0.512 LLR - 0.007 WSS

    limited to [1, 5]. The rate is 16 kHz, with wide-band PESQ, or 8 kHz, with raw narrow-band PESQ.
    """

    coefficients = Parts(1.594, pesq=0.805, llr=-0.512, wss=-0.007)
