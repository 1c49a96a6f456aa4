"""Many channels, a few at a time."""

import numpy as np

from sslse.audio import Samples
from sslse.enhance.model import Model
from sslse.enhance.pieces import PIECE_SECONDS
from sslse.enhance.stream import Stream

AT_ONCE = 4  # that go through the network together: its memory grows with them
MOST_AT_ONCE = 256  # where they are short


class ChannelGroups:
    """A stream of any number of channels whose memory for the network is that of a few.

    Args:
        model: enhances each channel for itself.
        sample_rate: of the sound, in Hz.
        channels: of the sound.
        frames: that come at most; None where that is not known.
    """

    def __init__(
        self, model: Model, sample_rate: int, channels: int, frames: int | None = None
    ) -> None:
        size = AT_ONCE
        if frames is not None:
            pieces = round(PIECE_SECONDS * sample_rate / max(1, frames))  # that take one's memory
            size = min(MOST_AT_ONCE, max(AT_ONCE, AT_ONCE * pieces))
        self._groups = [slice(one, one + size) for one in range(0, channels, size)]
        self._streams: list[Stream] = [
            model.stream(sample_rate, len(range(channels)[group])) for group in self._groups
        ]

    def push(self, wave: Samples) -> Samples:
        """Take the next samples (channels, samples); give what is enhanced by now."""
        parts = zip(self._streams, self._groups, strict=True)
        return np.concatenate([one.push(wave[group]) for one, group in parts])

    def finish(self) -> Samples:
        """Give what is left."""
        return np.concatenate([one.finish() for one in self._streams])
