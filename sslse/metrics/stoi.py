"""STOI through the ``pystoi`` package."""

import importlib.metadata
import warnings
from typing import Any, ClassVar

import numpy as np

from sslse.api import Metric, Samples
from sslse.metrics.waves import checked


class Stoi(Metric):
    """Short-time objective intelligibility (Taal et al. 2011); up to 1, higher is better."""

    range = (-1.0, 1.0)
    extended: ClassVar[bool] = False

    def score(
        self,
        clean: Samples,
        estimate: Samples,
        noisy: Samples,  # noqa: ARG002
        sample_rate: int,
    ) -> float:
        """Return the intelligibility.

        Raises:
            ValueError: a wave is constant, empty, not finite or shorter than a frame.
            RuntimeWarning: less than about 0.4 s of speech.
        """
        from pystoi import stoi

        checked(clean, estimate)
        with warnings.catch_warnings():
            warnings.simplefilter("error", RuntimeWarning)
            try:
                return float(stoi(clean, estimate, sample_rate, extended=self.extended))
            except np.exceptions.AxisError as error:
                raise ValueError("there is less than a frame of speech") from error

    def contract(self) -> dict[str, Any]:
        """Say what is behind the number."""
        version = importlib.metadata.version("pystoi")
        return {"package": "pystoi", "version": version, "extended": self.extended}


class Estoi(Stoi):
    """Extended STOI (Jensen and Taal 2016); up to 1, higher is better.

    The package adds noise of 1e-16 relative size, so repeated scores differ by as little.
    """

    extended = True
