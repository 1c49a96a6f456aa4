"""Hold an exported model against the one it was made of."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from sslse.errors import ExportError
from sslse.export.subject import Subject

MOST = 1e-4  # of the peak
ROWS = (1, 3)
SECONDS = 4
SEED = 0

Waves = np.ndarray[Any, np.dtype[np.float32]]


def verify(subject: Subject, enhance: Callable[[Waves], Waves]) -> float:
    """Compare with what ``sslse enhance`` gives, over lengths and batches.

    Args:
        subject: the model.
        enhance: the exported one, (batch, samples) to the same.

    Returns:
        The largest difference, as a share of the peak.

    Raises:
        ExportError: it is more than `MOST`, or the exported one fails.
    """
    largest = 0.0
    for noisy in _waves(subject):
        rows, samples = noisy.shape
        at = f"{rows} x {samples} samples"
        expected = subject.model.enhance(noisy, subject.model.sample_rate)
        try:
            obtained = enhance(noisy)
        except Exception as error:
            message = " ".join(str(error).split())[:300]
            raise ExportError(f"the exported model fails on {at}: {message}") from error
        if obtained.shape != expected.shape:
            raise ExportError(f"the exported model gives {obtained.shape} for {at}")
        apart = np.abs(obtained - expected)
        place = np.unravel_index(np.argmax(apart), apart.shape)
        share = float(apart[place] / max(np.abs(expected).max(), np.finfo(np.float32).tiny))
        if not share <= MOST:  # also where it is no number
            raise ExportError(
                f"the exported model differs from 'sslse enhance' by {share:.1e} of the peak, at "
                f"row {place[0]}, sample {place[1]} of {at}; at most {MOST:.0e} is taken, so "
                "that nothing was written"
            )
        largest = max(largest, share)
    return largest


def _waves(subject: Subject) -> Iterator[Waves]:
    """Give noise of every kind of length: within a frame, beyond the reach, several seconds."""
    stride = subject.stride
    reach = subject.model.enhancer.reach
    beyond = 64 if reach is None else 2 * reach.before + reach.after
    several = SECONDS * subject.model.sample_rate
    lengths = {1, stride - 1, stride, 8 * stride + 1, 13 * stride + 5, beyond * stride + 3, several}
    random = np.random.default_rng(SEED)
    for samples in sorted(one for one in lengths if 0 < one <= several):
        for rows in ROWS:
            level = 10 ** random.uniform(-2, -0.5, (rows, 1))
            yield (level * random.standard_normal((rows, samples))).astype(np.float32)
