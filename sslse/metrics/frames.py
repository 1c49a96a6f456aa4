"""Overlapping windowed frames."""

import numpy as np

from sslse.metrics.waves import Wave


def frames(wave: Wave, length: int, hop: int) -> Wave:
    """Cut a wave into frames under a Hann window; return (frames, length).

    The window has no zeros at its ends. What does not fill a frame at the end is left out.

    Raises:
        ValueError: there is no whole frame.
    """
    if len(wave) < length:
        raise ValueError(f"{len(wave)} samples are fewer than a frame, which has {length}")
    window = np.hanning(length + 2)[1:-1]
    cut = np.lib.stride_tricks.sliding_window_view(wave, length)[::hop]
    framed: Wave = cut * window
    return framed


def loizou_frames(wave: Wave, sample_rate: int) -> Wave:
    """Cut frames as ``composite.m`` does (Loizou 2013): 30 ms, 75 % overlap, without the last one.

    Raises:
        ValueError: there are fewer than two whole frames.
    """
    length = round(0.03 * sample_rate)
    framed = frames(wave, length, length // 4)[:-1]
    if not len(framed):
        raise ValueError(f"{len(wave)} samples are fewer than two frames of 30 ms")
    return framed


def least_share(values: Wave, share: float = 0.95) -> float:
    """Return the mean of the least values, a share of all: outliers do not count."""
    count = int(share * len(values) + 0.5)
    return float(np.sort(values)[:count].mean())
