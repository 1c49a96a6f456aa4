"""Waves as callers have them: arrays or tensors, of any floating-point type, on any device."""

from typing import Any, TypeVar

import numpy as np
import torch
from torch import Tensor

from sslse.api import Samples
from sslse.errors import DataError

MOST_CHANNELS, LEAST_SAMPLES = 32, 1000  # of what is taken for (samples, channels)

Wave = TypeVar("Wave", np.ndarray[Any, Any], Tensor)


def to_samples(wave: np.ndarray[Any, Any] | Tensor) -> Samples:
    """Return the samples as a float32 array of the same shape.

    Args:
        wave: (..., samples).

    Raises:
        DataError: neither array nor tensor, no floating point, a single number, or samples that are
            not finite.
    """
    if not isinstance(wave, np.ndarray | Tensor):
        raise DataError(f"takes a numpy array or a torch tensor, not {type(wave).__name__}")
    if isinstance(wave, Tensor):
        floating = wave.is_floating_point()
    else:
        floating = np.issubdtype(wave.dtype, np.floating)
    if not floating:
        raise DataError(
            "takes floating-point samples in about [-1, 1], not "
            f"{str(wave.dtype).removeprefix('torch.')}; divide 16-bit samples by 32768"
        )
    if wave.ndim == 0:
        raise DataError("takes waves (..., samples), not a single number")
    with np.errstate(over="ignore"):  # beyond float32 is refused below
        samples: Samples = (
            wave.detach().to("cpu", torch.float32).numpy()
            if isinstance(wave, Tensor)
            else np.ascontiguousarray(wave, np.float32)
        )
    if not np.isfinite(samples).all():
        raise DataError("holds samples that are not finite")
    return samples


def _refuse_channels_last(shape: tuple[int, ...]) -> None:
    """Refuse (samples, channels), as soundfile reads it: each frame would be taken for a wave."""
    if len(shape) > 1 and 0 < shape[-1] <= MOST_CHANNELS and shape[-2] >= LEAST_SAMPLES:
        raise DataError(
            f"a wave of shape {shape} looks like (samples, channels), but samples come last: "
            "(channels, samples); give wave.T (of more axes: wave.swapaxes(-1, -2))"
        )


def to_rows(wave: np.ndarray[Any, Any] | Tensor) -> Samples:
    """Return waves (..., samples) as (rows, samples); see `to_samples`.

    Raises:
        DataError: also of what is rather (samples, channels).
    """
    samples = to_samples(wave)
    _refuse_channels_last(samples.shape)
    return samples.reshape(int(np.prod(samples.shape[:-1])), samples.shape[-1])


def as_given(samples: Samples, wave: Wave) -> Wave:
    """Give samples the kind, precision and device of a wave."""
    if isinstance(wave, Tensor):
        return torch.from_numpy(samples).to(wave)
    array: Wave = samples.astype(wave.dtype, copy=False)
    return array
