"""Other people's talk."""

import torch
from torch import Generator, Tensor

from sslse.api import Augmentation, Bank, Fraction
from sslse.augmentations.draws import (
    between,
    different,
    in_place_of_some,
    uniform,
    whole_between,
)
from sslse.augmentations.ranges import Counts, Decibels, ordered
from sslse.data.mixing import mix_at_snr
from sslse.errors import OptionError


class Babble(Augmentation):
    """Add the sum of several talkers to every view, at a drawn SNR.

    A talker is a recording of the training speech, cut at a drawn place where the cut is not
    digitally silent; one shorter than the view is repeated. All have equal mean power within it.
    The recordings of a view are all different; the utterance itself is among them with a
    probability of talkers / recordings. The ratio of mean powers over the view is the drawn one; a
    silent view stays silent.

    Args:
        speech: recordings to draw from.
        talkers: least and greatest number of talkers in a view, drawn for each view.
        snr_db: least and greatest ratio of the view, as it comes in, to the talkers, in dB.
        probability: share of the views that it applies to.

    Raises:
        OptionError: there are fewer recordings than talkers.
    """

    def __init__(
        self,
        speech: Bank,
        /,
        *,
        talkers: Counts = [3, 8],  # noqa: B006
        snr_db: Decibels = [0.0, 20.0],  # noqa: B006
        probability: Fraction = 1.0,
    ) -> None:
        super().__init__()
        self._talkers = ordered(talkers, "talkers")
        if speech.count < self._talkers[1]:
            raise OptionError(
                f"{talkers}: the training part has {speech.count} recordings of speech", "talkers"
            )
        self._speech = speech
        self._snr_db = ordered(snr_db, "snr_db")
        self._probability = probability

    def forward(self, views: Tensor, *, generator: Generator) -> Tensor:
        """Map (views, batch, samples) to the same shape."""
        count, batch, samples = views.shape
        most = self._talkers[1]
        number = whole_between(self._talkers, (count, batch), generator)
        index = different(most, count * batch, self._speech.count, generator)
        index = index.view(most, count, batch)
        place = uniform(index.shape, generator)
        start = self._speech.starts(index, place, samples, loop=True)
        babble = torch.zeros_like(views)
        for rank in range(most):
            talker = self._speech.crops(index[rank], start[rank], samples, loop=True)
            power = talker.square().mean(-1).clamp_min(torch.finfo(talker.dtype).tiny)
            level = torch.where(rank < number, power.rsqrt(), 0.0)
            babble += talker * level.unsqueeze(-1)
        changed = mix_at_snr(views, babble, between(self._snr_db, (count, batch), generator))
        return in_place_of_some(views, changed, self._probability, generator)
