"""Weighted spectral slope distance, a part of the composite measures."""

from functools import lru_cache

import numpy as np

from sslse.metrics.frames import least_share, loizou_frames
from sslse.metrics.waves import Wave

# Critical bands in Hz (Pellom and Hansen, in Loizou 2013): the first is centred at 50 Hz, each
# other one lies the bandwidth of the one before above it.
FIRST_CENTRE = 50.0
BANDWIDTHS = (
    *(70.0, 70.0, 70.0, 70.0, 70.0, 70.0, 70.0, 77.3724, 86.0056, 95.3398, 105.411, 116.256),
    *(127.914, 140.423, 153.823, 168.154, 183.457, 199.776, 217.153, 235.631, 255.255, 276.072),
    *(298.126, 321.465, 346.136),
)
LEAST_POWER = 1e-10
GLOBAL_PEAK, LOCAL_PEAK = 20.0, 1.0  # dB, how fast a band counts less away from the peaks


def wss(clean: Wave, estimate: Wave, sample_rate: int) -> float:
    """Return the weighted spectral slope distance (Klatt 1982): 0 or more, lower is better.

    Squared differences of the slopes between neighbours of 25 critical bands, in dB, weighted
    towards spectral peaks; mean over the least 95 % of the frames. The bands end at 3.8 kHz.
    Frames in which the clean wave is digital silence are left out.

    Raises:
        ValueError: there is no whole frame, or all are silent.
    """
    speech = loizou_frames(clean, sample_rate)
    heard = speech.any(-1)
    if not heard.any():
        raise ValueError("all whole frames of the clean wave are silent")
    own = _levels(speech[heard], sample_rate)
    theirs = _levels(loizou_frames(estimate, sample_rate)[heard], sample_rate)
    weights = (_weights(own) + _weights(theirs)) / 2
    distance = weights * np.square(np.diff(own) - np.diff(theirs))
    return least_share(distance.sum(-1) / weights.sum(-1))


def _levels(framed: Wave, sample_rate: int) -> Wave:
    """Return the levels in dB of the bands, (frames, bands)."""
    size = 1 << (2 * framed.shape[-1] - 1).bit_length()
    power = np.abs(np.fft.rfft(framed, size)[:, : size // 2]) ** 2
    energy = power @ band_filters(sample_rate, size).T
    levels: Wave = 10 * np.log10(np.maximum(energy, LEAST_POWER))
    return levels


@lru_cache(maxsize=4)
def band_filters(sample_rate: int, size: int) -> Wave:
    """Return Gaussian filters (bands, size / 2) over the bins of a transform of a size.

    They are centred at whole bins, weigh each band the same, and are cut off at -30 dB as
    ``composite.m`` writes it: at exp(-30 / (2 * 2.303)).
    """
    width = np.array(BANDWIDTHS)
    centre = FIRST_CENTRE + np.concatenate([[0.0], np.cumsum(width[:-1])])
    per_bin = sample_rate / size
    place = np.arange(size // 2) - np.floor(centre / per_bin)[:, None]
    filters = width[0] / width[:, None] * np.exp(-11 * (place / (width / per_bin)[:, None]) ** 2)
    return np.where(filters > np.exp(-30 / (2 * 2.303)), filters, 0.0)


def _weights(levels: Wave) -> Wave:
    """Return Klatt's weights of all bands but the last, (frames, bands - 1)."""
    lower = levels[:, :-1]
    to_loudest = GLOBAL_PEAK / (GLOBAL_PEAK + levels.max(-1, keepdims=True) - lower)
    to_peak = LOCAL_PEAK / (LOCAL_PEAK + _peaks(levels) - lower)
    weights: Wave = to_loudest * to_peak
    return weights


def _peaks(levels: Wave) -> Wave:
    """Return the level at the nearest peak of each band, (frames, bands - 1).

    Where the slope above a band rises, the search goes up, and takes, as ``composite.m`` does, the
    band before the peak; else it goes down to the peak itself.
    """
    rises = np.diff(levels) > 0
    count = rises.shape[-1]
    place = np.empty(rises.shape, int)
    above, below = np.full(len(levels), count), np.full(len(levels), 0)
    for band in reversed(range(count)):
        above = np.where(rises[:, band], above, band)
        place[:, band] = above - 1
    for band in range(count):
        below = np.where(rises[:, band], band + 1, below)
        place[:, band] = np.where(rises[:, band], place[:, band], below)
    return np.take_along_axis(levels, place, axis=-1)
