"""Another level."""

from torch import Generator, Tensor

from sslse.api import Augmentation, Fraction
from sslse.augmentations.draws import Draw, between, in_place_of_some, shape_of_draws
from sslse.augmentations.ranges import Decibels, ordered


class Gain(Augmentation):
    """Make views louder or softer, and their clean targets by the same factor.

    Nothing is clipped.

    Args:
        gain_db: least and greatest change of level in dB; drawn evenly.
        draw: ``view``: each view has its own. ``utterance``: the views of an utterance share one.
        probability: share of the views, or utterances, that it applies to.
    """

    applies_to = "both"

    def __init__(
        self,
        *,
        gain_db: Decibels = [-10.0, 10.0],  # noqa: B006
        draw: Draw = "view",
        probability: Fraction = 1.0,
    ) -> None:
        super().__init__()
        self._gain_db = ordered(gain_db, "gain_db")
        self._draw: Draw = draw
        self._probability = probability

    def forward(self, views: Tensor, *, generator: Generator) -> Tensor:
        """Map (views, batch, samples) to the same shape."""
        gain_db = between(self._gain_db, shape_of_draws(views, self._draw), generator)
        changed = views * (10 ** (gain_db / 20)).unsqueeze(-1)
        return in_place_of_some(views, changed, self._probability, generator, draw=self._draw)
