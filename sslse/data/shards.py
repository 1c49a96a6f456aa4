"""Packed samples in shards: files that are read where they lie, or an array in memory."""

import contextlib
import os
import threading
import weakref
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt
import torch

from sslse.data.recording import Int16
from sslse.errors import DataError

BYTES = 2
LOADED_AT_ONCE = 2**25

Places = npt.NDArray[np.int64]


class Source(Protocol):
    """Samples of one shard."""

    count: int

    def expect(self, start: int, count: int) -> None:
        """Begin to read in the background, where the system can."""

    def read(self, start: int, out: Int16) -> None:
        """Copy samples from a place on."""


class InMemory:
    """A shard that is an array.

    Args:
        samples: int16 (samples,).
    """

    def __init__(self, samples: Int16) -> None:
        self._samples = samples
        self.count = len(samples)

    def expect(self, start: int, count: int) -> None:
        """Do nothing: the samples are there."""

    def read(self, start: int, out: Int16) -> None:
        """Copy samples from a place on."""
        out[:] = self._samples[start : start + len(out)]


class OnDisk:
    """A shard that is a file of int16; only what is asked for is read.

    It is read, not mapped: resident memory does not grow with what was read, and a file that is
    cut short while in use gives an error, where a mapped one would end the process.

    Args:
        path: of the file.

    Raises:
        DataError: the file cannot be opened.
    """

    def __init__(self, path: Path) -> None:
        try:
            self._file = path.open("rb", buffering=0)
        except OSError as error:
            raise DataError(f"{path}: cannot be opened: {error.strerror}") from error
        weakref.finalize(self, self._file.close)
        self._path = path
        self._turn = threading.Lock()
        self.count = os.fstat(self._file.fileno()).st_size // BYTES
        self._advises = hasattr(os, "posix_fadvise")
        if self._advises:
            self._advise(0, 0, os.POSIX_FADV_RANDOM)

    def expect(self, start: int, count: int) -> None:
        """Begin to read in the background, where the system can."""
        if self._advises:
            self._advise(start, count, os.POSIX_FADV_WILLNEED)

    def read(self, start: int, out: Int16) -> None:
        """Copy samples from a place on.

        Raises:
            DataError: the file ends before, or cannot be read.
        """
        missing = out.data.cast("B")
        try:
            with self._turn:
                self._file.seek(BYTES * start)
                while len(missing) and (count := self._file.readinto(missing)):
                    missing = missing[count:]
        except OSError as error:
            raise DataError(f"{self._path}: cannot be read: {error.strerror}") from error
        if len(missing):
            raise DataError(
                f"{self._path}: has become shorter while in use; start again (--resume), and it "
                "is packed again"
            )

    def _advise(self, start: int, count: int, what: int) -> None:
        with contextlib.suppress(OSError):  # a file system without it
            os.posix_fadvise(self._file.fileno(), BYTES * start, BYTES * count, what)


class Shards:
    """Shards one after the other, as one row of samples; a recording lies in one of them.

    Args:
        sources: in order.
        on_disk: whether crops are read from files.
    """

    def __init__(self, sources: Sequence[Source], *, on_disk: bool) -> None:
        self._sources = list(sources)
        self._ends = np.cumsum([one.count for one in sources], dtype=np.int64)
        self._starts = self._ends - [one.count for one in sources]
        self.on_disk = on_disk
        self.count = sum(one.count for one in sources)

    @property
    def bytes(self) -> int:
        """Size of all samples."""
        return BYTES * self.count

    def cut(
        self, starts: Places, lengths: Places, first: Places, out: Int16, *, loop: bool
    ) -> None:
        """Copy a crop of each recording.

        Args:
            starts: of the recordings, (crops,).
            lengths: of the recordings, (crops,).
            first: sample of each crop, counted from its recording's beginning, (crops,).
            out: takes the crops (crops, samples), followed by silence where a recording ends.
            loop: let the recording's beginning follow instead.
        """
        samples = out.shape[-1]
        shards = np.searchsorted(self._ends, starts, side="right")
        begins = (starts - self._starts[shards]).tolist()
        sources = [self._sources[shard] for shard in shards.tolist()]
        crops = list(zip(sources, begins, lengths.tolist(), first.tolist(), strict=True))
        if self.on_disk:
            for source, begin, length, offset in crops:
                source.expect(begin + offset % length, min(samples, length - offset % length))
        for row, (source, begin, length, offset) in zip(out, crops, strict=True):
            at = offset % length if loop else offset
            done = 0
            while done < samples and at < length:
                count = min(samples - done, length - at)
                source.read(begin + at, row[done : done + count])
                done += count
                at = 0 if loop else length
            row[done:] = 0

    def load(self, device: torch.device) -> torch.Tensor:
        """Copy all samples to a device, a piece at a time; return int16 (samples,)."""
        loaded = torch.empty(self.count, dtype=torch.int16, device=device)
        piece = torch.empty(min(LOADED_AT_ONCE, self.count), dtype=torch.int16)
        for source, start in zip(self._sources, self._starts.tolist(), strict=True):
            for first in range(0, source.count, LOADED_AT_ONCE):
                part = piece[: min(LOADED_AT_ONCE, source.count - first)]
                source.read(first, part.numpy())
                loaded[start + first : start + first + len(part)] = part
        return loaded
