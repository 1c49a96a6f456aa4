"""Weights that move evenly from one value to another."""

import math
from typing import Literal

from sslse.api import Fraction, NonNegativeFloat, OptionError, Progress, Schedule, Weights
from sslse.schedules.fixed import mixed


class Ramp(Schedule):
    """Move both weights from one value to another, step by step.

    The ramp lies between two shares of the run, so that it fits any number of epochs. Before it
    the first weights hold, after it the last ones; the run's last step is at share 1. While a
    weight is exactly 0, its loss is not computed.

    Args:
        cl_from: weight of the contrastive loss before the ramp.
        cl_to: and after it.
        se_from: weight of the enhancement loss before the ramp.
        se_to: and after it.
        start: share of the run at which the ramp begins.
        end: share of the run at which it is over.
        shape: ``linear``, or ``cosine``: slow at both ends.
    """

    def __init__(
        self,
        *,
        cl_from: NonNegativeFloat = 1.0,
        cl_to: NonNegativeFloat = 0.1,
        se_from: NonNegativeFloat = 0.1,
        se_to: NonNegativeFloat = 1.0,
        start: Fraction = 0.0,
        end: Fraction = 1.0,
        shape: Literal["linear", "cosine"] = "linear",
    ) -> None:
        super().__init__()
        if end <= start:
            raise OptionError(f"must be greater than start ({start:g})", "end")
        self._from = mixed(cl_from, se_from, "se_from")
        self._to = mixed(cl_to, se_to, "se_to")
        self._start, self._end = start, end
        self._shape = shape

    def weights(self, progress: Progress) -> Weights:
        """Return the weights of this step."""
        share = progress.step / max(1, progress.steps - 1)
        if share <= self._start:
            return self._from
        if share >= self._end:
            return self._to
        done = (share - self._start) / (self._end - self._start)
        if self._shape == "cosine":
            done = (1 - math.cos(math.pi * done)) / 2
        return Weights(
            (1 - done) * self._from.cl + done * self._to.cl,
            (1 - done) * self._from.se + done * self._to.se,
        )
