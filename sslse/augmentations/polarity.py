"""The other sign."""

from torch import Generator, Tensor

from sslse.api import Augmentation, Fraction
from sslse.augmentations.draws import Draw, in_place_of_some


class Polarity(Augmentation):
    """Turn views upside down, and their clean targets with them.

    With ``draw: view`` two views of an utterance can have opposite signs; a latent that is alike
    for both cannot tell the decoder which.

    Args:
        draw: ``view``: drawn for each view. ``utterance``: for all views of an utterance together.
        probability: share of the views, or utterances, that are turned.
    """

    applies_to = "both"

    def __init__(self, *, draw: Draw = "utterance", probability: Fraction = 0.5) -> None:
        super().__init__()
        self._draw: Draw = draw
        self._probability = probability

    def forward(self, views: Tensor, *, generator: Generator) -> Tensor:
        """Map (views, batch, samples) to the same shape."""
        return in_place_of_some(views, -views, self._probability, generator, draw=self._draw)
