"""An overloaded input."""

from torch import Generator, Tensor

from sslse.api import Augmentation, Fraction
from sslse.augmentations.draws import between, in_place_of_some
from sslse.augmentations.ranges import Decibels, ordered
from sslse.errors import OptionError


class Clipping(Augmentation):
    """Cut every sample beyond a drawn threshold down to it (hard clipping).

    Args:
        threshold_db: least and greatest threshold in dB below or at (0) the view's own peak.
        probability: share of the views that it applies to.

    Raises:
        OptionError: a threshold above the peak.
    """

    def __init__(
        self,
        *,
        threshold_db: Decibels = [-20.0, -6.0],  # noqa: B006
        probability: Fraction = 1.0,
    ) -> None:
        super().__init__()
        self._threshold_db = ordered(threshold_db, "threshold_db")
        if self._threshold_db[1] > 0:
            raise OptionError(
                f"{threshold_db}: above 0 dB, the peak, nothing is clipped", "threshold_db"
            )
        self._probability = probability

    def forward(self, views: Tensor, *, generator: Generator) -> Tensor:
        """Map (views, batch, samples) to the same shape."""
        threshold_db = between(self._threshold_db, (*views.shape[:2], 1), generator)
        threshold = views.abs().amax(-1, keepdim=True) * 10 ** (threshold_db / 20)
        changed = views.clamp(-threshold, threshold)
        return in_place_of_some(views, changed, self._probability, generator)
