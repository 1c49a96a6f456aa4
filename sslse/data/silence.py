"""Digital silence in recordings, and the places where a crop has sound."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

LEAST_SILENCE = 1024  # samples: no crop of a training is shorter


def silent_stretches(samples: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
    """Find the stretches of at least `LEAST_SILENCE` samples that are all zero.

    Args:
        samples: (samples,).

    Returns:
        First sample and the one after the last, (stretches, 2), in order.
    """
    zero = np.zeros(len(samples) + 2, np.int8)
    zero[1:-1] = samples == 0
    stretches = np.flatnonzero(np.diff(zero)).astype(np.int64).reshape(-1, 2)
    return stretches[stretches[:, 1] - stretches[:, 0] >= LEAST_SILENCE]


def sounding(samples: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
    """Say of each sample whether it lies outside all silent stretches, (samples,)."""
    outside = np.ones(len(samples), np.bool_)
    for first, end in silent_stretches(samples).tolist():
        outside[first:end] = False
    return outside


@dataclass(frozen=True)
class SoundingPlaces:
    """Where crops of one length may begin so that each holds a sample that is not zero.

    All places of all recordings are numbered through, those of silent crops left out; a stretch of
    silence is passed over by looking up how many were left out before a number. Nothing is read
    from the device.

    Args:
        count: places of each recording, int64 (recordings,).
        first: number of each recording's first place, int64 (recordings,).
        before: places left out in the recordings before each, int64 (recordings,).
        ends: number of the first place after each stretch of silent crops, int64 (stretches,).
        left_out: places left out up to each stretch, 0 before the first, int64 (stretches + 1,).
    """

    count: Tensor
    first: Tensor
    before: Tensor
    ends: Tensor
    left_out: Tensor

    @classmethod
    def of(
        cls, lengths: Tensor, silences: Tensor, samples: int, *, loop: bool, device: torch.device
    ) -> "SoundingPlaces":
        """Work them out.

        Args:
            lengths: of the recordings, int64 (recordings,).
            silences: recording, first sample and the one after the last of each silent stretch,
                int64 (stretches, 3), in order.
            samples: length of a crop.
            loop: whether a crop may begin anywhere in a recording that is shorter.
            device: to look up on.
        """
        short = lengths if loop else torch.ones_like(lengths)
        room = torch.where(lengths >= samples, lengths - samples + 1, short)
        row, begin, end = silences.unbind(-1)
        silent = end - begin - samples + 1  # places whose crop lies within the stretch
        row, begin, silent = (one[silent > 0] for one in (row, begin, silent))
        left_out = torch.cat([silent.new_zeros(1), silent.cumsum(0)])
        in_row = torch.zeros_like(lengths).index_add_(0, row, silent)
        count, before = room - in_row, in_row.cumsum(0) - in_row
        first = count.cumsum(0) - count
        ends = first[row] + begin - (left_out[:-1] - before[row])
        return cls(*(one.to(device) for one in (count, first, before, ends, left_out)))

    def starts(self, index: Tensor, share: Tensor) -> Tensor:
        """Map shares in [0, 1) evenly to the places of recordings.

        Args:
            index: of the recordings, int64 (...).
            share: float64 (...).

        Returns:
            First samples of crops, int64 (...).
        """
        place = (share * self.count[index]).long()
        number = (self.first[index] + place).contiguous()
        stretch = torch.searchsorted(self.ends, number, right=True)
        return place + self.left_out[stretch] - self.before[index]
