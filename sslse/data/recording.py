"""One recording, read, resampled and brought to int16."""

import hashlib
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sslse.api import Corpus, Recording, Samples
from sslse.audio import resample
from sslse.data.door import read_recording
from sslse.data.offset import offset_share
from sslse.data.silence import silent_stretches
from sslse.errors import DataError

FULL_SCALE = 32768
LEAST_SECONDS = 0.1
SILENCE = 1e-4
DIGEST_BYTES = 16

Int16 = npt.NDArray[np.int16]


@dataclass(frozen=True)
class Packed:
    """A recording as it lies in a shard.

    Args:
        samples: little-endian int16 (samples,).
        scale: factor to the recording's own level.
        digest: of the samples.
        silences: stretches of digital silence (`sslse.data.silence.silent_stretches`).
        offset: the mean's share of the power outside them, in [0, 1].
    """

    samples: Int16
    scale: float
    digest: bytes
    silences: npt.NDArray[np.int64]
    offset: float


def pack_recording(corpus: Corpus, recording: Recording, sample_rate: int) -> Packed | str:
    """Return a recording at a sample rate, or the reason why it cannot be trained on.

    Raises:
        ContractError: the corpus gives something else than samples and rate.
    """
    try:
        samples = _usable(corpus, recording, sample_rate)
    except DataError as error:
        return str(error).removeprefix(f"{recording.source}: ")
    scale = _scale(samples)
    packed = np.rint(samples / scale).clip(-FULL_SCALE, FULL_SCALE - 1).astype("<i2")
    digest = hashlib.blake2b(packed, digest_size=DIGEST_BYTES).digest()
    return Packed(packed, scale, digest, silent_stretches(packed), offset_share(samples))


def _usable(corpus: Corpus, recording: Recording, sample_rate: int) -> Samples:
    """Read and resample one recording; refuse what cannot be trained on."""
    samples, rate = read_recording(corpus, recording)
    if not len(samples):
        raise DataError("holds no samples")
    if not np.isfinite(samples).all():
        raise DataError("holds NaN or infinite samples")
    if len(samples) < LEAST_SECONDS * rate:
        seconds = len(samples) / rate
        raise DataError(f"lasts {seconds:.3f} s; at least {LEAST_SECONDS} s are needed")
    if np.abs(samples).max() < SILENCE:
        raise DataError("is silent")
    return resample(samples, rate, sample_rate)


def _scale(samples: Samples) -> float:
    """Return the factor from int16: 1/32768 where that is exact, else what fills the range."""
    whole = samples * FULL_SCALE
    exact = np.array_equal(whole, np.rint(whole))
    if exact and whole.min() >= -FULL_SCALE and whole.max() < FULL_SCALE:
        return 1 / FULL_SCALE
    return float(np.abs(samples).max()) / (FULL_SCALE - 1)
