"""Measure one audio file, a piece at a time."""

import hashlib
import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from sslse.audio import VALUES_AT_ONCE, opened, refuse_cancelled
from sslse.data.recording import LEAST_SECONDS, SILENCE
from sslse.errors import DataError

FRAME_SECONDS = 0.02
FRAMES_AT_ONCE = 500
SILENT_FRAME_DB = -60.0
CLIPPED_RUN = 3
_FULL_SCALE = 32767 / 32768

_Channels = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of one file once it is read.

    Args:
        key: relative path.
        seconds: duration.
        rate: in Hz.
        channels: their number.
        level_db: RMS of the mean of all channels, in dB of full scale (a full-scale square wave
            has 0); minus infinity where it is digitally silent.
        peak: largest absolute value of that mean.
        offset: average of that mean over the samples that are not zero: a DC offset.
        offset_share: of the power, that the offset is, in [0, 1].
        silent_share: share of its frames of 20 ms whose level is below -60 dB.
        clipped: runs of three or more samples of a channel at full scale.
        digest: of the decoded samples: equal for the same samples, whatever name, format or rate.
    """

    key: str
    seconds: float
    rate: int
    channels: int
    level_db: float
    peak: float
    offset: float
    offset_share: float
    silent_share: float
    clipped: int
    digest: bytes

    @property
    def silent(self) -> bool:
        """Whether a run leaves it out as silent."""
        return self.peak < SILENCE

    @property
    def short(self) -> bool:
        """Whether a run leaves it out as too short."""
        return self.seconds < LEAST_SECONDS


def measure(path: Path, key: str) -> Facts:
    """Read a file to its end, holding ten seconds of it at a time.

    Raises:
        DataError: it is unreadable, empty, holds samples that are not finite, or its channels
            cancel.
    """
    with opened(path) as file:
        rate, channels = int(file.samplerate), int(file.channels)
        frame = max(round(FRAME_SECONDS * rate), 1)
        at_once = min(FRAMES_AT_ONCE, max(VALUES_AT_ONCE // (frame * channels), 1)) * frame
        tally = _Tally(frame, channels)
        while len(block := file.read(at_once, dtype="float32", always_2d=True)):
            if not np.isfinite(block).all():
                raise DataError(f"{path}: holds samples that are not finite")
            tally.add(block)
    if not tally.samples:
        raise DataError(f"{path}: holds no samples")
    refuse_cancelled(path, channels, tally.channel_peak, tally.peak)
    return Facts(
        key=key,
        seconds=tally.samples / rate,
        rate=rate,
        channels=channels,
        level_db=_decibels(tally.energy / tally.samples),
        peak=tally.peak,
        offset=tally.sum / max(tally.nonzero, 1),
        offset_share=tally.sum**2 / (tally.nonzero * tally.energy) if tally.energy else 0.0,
        silent_share=tally.silent_frames / tally.frames,
        clipped=tally.clipped,
        digest=tally.digest.digest(),
    )


class _Tally:
    """Sums over the pieces of a file; every piece but the last is a whole number of frames."""

    def __init__(self, frame: int, channels: int) -> None:
        self.samples = self.nonzero = self.frames = self.silent_frames = self.clipped = 0
        self.energy = self.sum = self.peak = self.channel_peak = 0.0
        self.digest = hashlib.blake2b(f"{channels}".encode(), digest_size=16)
        self._frame = frame
        self._before: _Channels = np.zeros((CLIPPED_RUN, channels), np.float32)

    def add(self, block: _Channels) -> None:
        """Count a piece in."""
        self.digest.update((block + np.float32(0)).astype("<f4").tobytes())  # -0 is 0
        mono = block.mean(axis=1).astype(np.float64)
        square = np.square(mono)
        self.samples += len(mono)
        self.energy += float(square.sum())
        self.sum += float(mono.sum())
        self.nonzero += int(np.count_nonzero(mono))
        self.peak = max(self.peak, float(np.abs(mono).max()))
        self.channel_peak = max(self.channel_peak, float(np.abs(block).max()))
        starts = np.arange(0, len(mono), self._frame)
        power = np.add.reduceat(square, starts) / np.diff(np.append(starts, len(mono)))
        self.frames += len(starts)
        self.silent_frames += int((power < 10 ** (SILENT_FRAME_DB / 10)).sum())
        self._count_clipped(block)

    def _count_clipped(self, block: _Channels) -> None:
        """Count the runs whose third sample is in this piece."""
        joined = np.concatenate([self._before, block])
        for full in (joined >= _FULL_SCALE, joined <= -_FULL_SCALE):
            self.clipped += int((full[3:] & full[2:-1] & full[1:-2] & ~full[:-3]).sum())
        self._before = joined[-CLIPPED_RUN:]


def _decibels(power: float) -> float:
    return 10 * math.log10(power) if power > 0 else -math.inf
