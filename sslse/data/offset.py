"""DC offsets: a mean that is not zero is nothing one hears, but counts as power."""

from collections.abc import Sequence

import numpy as np

from sslse.api import Corpus, Recording, Samples
from sslse.data.door import read_recording
from sslse.data.silence import sounding


def offset_share(samples: Samples) -> float:
    """Return the mean's share of the power outside silent stretches, in [0, 1].

    Args:
        samples: (samples,) float32.
    """
    outside = sounding(samples)
    power = np.mean(np.square(samples, dtype=np.float64), where=outside) if outside.any() else 0.0
    return float(samples.mean(where=outside, dtype=np.float64) ** 2 / power) if power else 0.0


def without_offset(samples: Samples) -> Samples:
    """Subtract the mean; silent stretches have no part in it, and stay silent.

    Args:
        samples: (samples,) float32.
    """
    outside = sounding(samples)
    if not outside.any():
        return samples
    mean = samples.mean(where=outside, dtype=np.float64)
    return np.where(outside, samples - np.float32(mean), samples)


class WithoutOffset(Corpus):
    """A corpus whose recordings have a mean of zero.

    Args:
        corpus: that reads them.
    """

    def __init__(self, corpus: Corpus) -> None:
        self._corpus = corpus

    def recordings(self) -> Sequence[Recording]:
        """List those of the corpus."""
        return self._corpus.recordings()

    def read(self, recording: Recording) -> tuple[Samples, int]:
        """Return mono samples (float32) and their rate in Hz.

        Raises:
            DataError, ContractError: see `sslse.data.door.read_recording`.
        """
        samples, rate = read_recording(self._corpus, recording)
        return without_offset(samples), rate

    @property
    def version(self) -> str:
        """What the corpus is, and that its means are removed."""
        kind = type(self._corpus)
        return f"{kind.__module__}.{kind.__qualname__} {self._corpus.version} without offset"
