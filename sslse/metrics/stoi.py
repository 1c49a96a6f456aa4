"""STOI through the ``pystoi`` package."""

import importlib.metadata
import warnings
from typing import Any, ClassVar

from sslse.api import Metric, Samples


class Stoi(Metric):
    """Short-time objective intelligibility (Taal et al. 2011); up to 1, higher is better."""

    extended: ClassVar[bool] = False

    def score(self, clean: Samples, estimate: Samples, sample_rate: int) -> float:
        """Return the intelligibility.

        Raises:
            RuntimeWarning: less than about 0.4 s of speech.
        """
        from pystoi import stoi

        with warnings.catch_warnings():
            warnings.simplefilter("error", RuntimeWarning)
            return float(stoi(clean, estimate, sample_rate, extended=self.extended))

    def contract(self) -> dict[str, Any]:
        """Say what is behind the number."""
        version = importlib.metadata.version("pystoi")
        return {"package": "pystoi", "version": version, "extended": self.extended}


class Estoi(Stoi):
    """Extended STOI (Jensen and Taal 2016); up to 1, higher is better.

    The package adds noise of 1e-16 relative size, so repeated scores differ by as little.
    """

    extended = True
