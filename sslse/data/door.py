"""What a corpus gives, checked before anything is made of it."""

from collections.abc import Sequence
from numbers import Integral
from pathlib import Path
from typing import Any

import numpy as np

from sslse.api import Corpus, Recording, Samples
from sslse.audio import HIGHEST_RATE, LOWEST_RATE
from sslse.errors import ContractError
from sslse.wording import show_kind

PARTS = ("train", "test")


def list_recordings(corpus: Corpus) -> Sequence[Recording]:
    """Return the recordings of a corpus.

    Raises:
        DataError: the corpus is missing or unusable.
        ContractError: there is none, two have one key, or a field of one is not what it is to be.
    """
    recordings = list(corpus.recordings())
    keys: set[str] = set()
    for place, one in enumerate(recordings):
        if fault := _fault_of_recording(one):
            raise ContractError(f"recordings() gave {fault} (place {place})")
        if one.key in keys:
            raise ContractError(f"recordings() gave the key {one.key!r} twice; keys are unique")
        keys.add(one.key)
    if not recordings:
        raise ContractError("recordings() gave none")
    return recordings


def read_recording(corpus: Corpus, recording: Recording) -> tuple[Samples, int]:
    """Return the samples of a recording, (samples,) float32, and their rate in Hz.

    Raises:
        DataError: the recording is unusable; others may not be.
        ContractError: `Corpus.read` gave something else than that, as it would of any recording.
    """
    given: Any = corpus.read(recording)
    if not isinstance(given, tuple) or len(given) != 2:  # noqa: PLR2004 - samples, rate
        fault = f"{show_kind(given)}, not a tuple of samples and rate"
    else:
        fault = _fault_of_samples(given[0]) or _fault_of_rate(given[1])
    if fault:
        raise ContractError(f"read() of recording {recording.key!r} gave {fault}")
    samples, rate = given
    return np.asarray(samples, np.float32), int(rate)


def _fault_of_recording(one: Any) -> str:
    if not isinstance(one, Recording):
        return f"{show_kind(one)}, not an sslse.api.Recording"
    for name in ("key", "speaker", "kind"):
        if not isinstance(getattr(one, name), str):
            return f"a recording whose {name} is {getattr(one, name)!r}, not text"
    if not one.key:
        return "a recording without a key"
    if one.source is not None and not isinstance(one.source, Path):
        return f"a recording whose source is {one.source!r}, neither a pathlib.Path nor None"
    if one.part not in PARTS:
        return f"a recording whose part is {one.part!r}; possible: {', '.join(PARTS)}"
    return ""


def _fault_of_samples(samples: Any) -> str:
    if not isinstance(samples, np.ndarray):
        return f"{show_kind(samples)} as samples; possible: a numpy array (numpy.asarray)"
    if samples.dtype.kind != "f":
        return (
            f"samples of {samples.dtype}; possible: float32 in about [-1, 1] (int16 divided by "
            "32768)"
        )
    if samples.ndim != 1:
        mono = ""
        if samples.ndim == 2:  # noqa: PLR2004 - channels beside samples
            mono = f", such as the channels' mean: samples.mean({int(np.argmin(samples.shape))})"
        return f"samples of shape {samples.shape}; possible: one channel, (samples,){mono}"
    return ""


def _fault_of_rate(rate: Any) -> str:
    if not isinstance(rate, Integral) or isinstance(rate, bool):
        return f"the rate {rate!r}; possible: a whole number of Hz"
    if not LOWEST_RATE <= int(rate) <= HIGHEST_RATE:
        return f"the rate {rate} Hz; possible: {LOWEST_RATE} to {HIGHEST_RATE} Hz"
    return ""
