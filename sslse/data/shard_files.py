"""The files of a shard: its samples, and the index that makes them valid."""

import contextlib
import json
import os
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

import numpy as np
import numpy.typing as npt
import safetensors
import safetensors.numpy

from sslse.atomic import PARTIAL, sync_folder, write_whole
from sslse.data.recording import DIGEST_BYTES, Packed
from sslse.errors import DataError

MAGIC = "sslse shard 5"
ARRAYS = "places", "lengths", "scales", "digests", "silences", "offsets"


@dataclass(frozen=True)
class Shard:
    """What lies in a shard.

    Args:
        first: place in the corpus of the first recording it is about.
        end: place after the last one.
        places: in the corpus, of the recordings in it, int64 (recordings,).
        lengths: in samples, int64 (recordings,).
        scales: factors from int16, float32 (recordings,).
        digests: of the samples, uint8 (recordings, 16).
        silences: recording (counted in the shard), first sample and the one after the last of each
            stretch of digital silence, int64 (stretches, 3), in order.
        offsets: the mean's share of each recording's power, float32 (recordings,).
        unusable: place and reason of those left out.
    """

    first: int
    end: int
    places: npt.NDArray[np.int64]
    lengths: npt.NDArray[np.int64]
    scales: npt.NDArray[np.float32]
    digests: npt.NDArray[np.uint8]
    silences: npt.NDArray[np.int64]
    offsets: npt.NDArray[np.float32]
    unusable: list[tuple[int, str]]


def samples_file(folder: Path, number: int) -> Path:
    """Return where the samples of a shard lie."""
    return folder / f"{number:05}.int16"


def index_file(folder: Path, number: int) -> Path:
    """Return where the index of a shard lies."""
    return folder / f"{number:05}.safetensors"


def read_shard(folder: Path, number: int) -> Shard | None:
    """Return a shard's index; None where one of its files is missing or not as it was written."""
    try:
        with safetensors.safe_open(index_file(folder, number), framework="numpy") as file:
            about = json.loads((file.metadata() or {})["about"])
            arrays = {name: file.get_tensor(name) for name in ARRAYS}
        unusable = [(int(place), str(reason)) for place, reason in about["unusable"]]
        shard = Shard(int(about["first"]), int(about["end"]), unusable=unusable, **arrays)
        size = samples_file(folder, number).stat().st_size
        known = about["magic"] == MAGIC
    except (OSError, safetensors.SafetensorError, ValueError, KeyError, TypeError):
        return None
    return shard if known and _is_sound(shard, size) else None


def read_shards(folder: Path, count: int) -> list[Shard] | None:
    """Return the shards of a corpus of so many recordings; None where one is not whole."""
    shards: list[Shard] = []
    done = 0
    while done < count:
        shard = read_shard(folder, len(shards))
        if shard is None or shard.first != done:
            return None
        shards.append(shard)
        done = shard.end
    return shards


def write_index(folder: Path, number: int, shard: Shard) -> None:
    """Write a shard's index; its samples must be on the disk.

    Raises:
        OSError: it does not reach the disk.
    """
    about = {
        "magic": MAGIC,
        "first": shard.first,
        "end": shard.end,
        "unusable": shard.unusable,
    }
    arrays = {name: getattr(shard, name) for name in ARRAYS}
    # In one entry: the order of several is another one every time.
    content = safetensors.numpy.save(arrays, {"about": json.dumps(about)})
    write_whole(index_file(folder, number), content)


def _is_sound(shard: Shard, size: int) -> bool:
    """Tell whether an index fits itself and its samples, of so many bytes."""
    count = len(shard.places)
    arrays = (shard.lengths, shard.scales, shard.offsets, shard.digests)
    shapes = [one.shape for one in arrays]
    places = np.sort(np.concatenate([shard.places, [place for place, _ in shard.unusable]]))
    return (
        shapes == [*3 * [(count,)], (count, DIGEST_BYTES)]
        and shard.silences.dtype == np.int64
        and shard.silences.shape[1:] == (3,)
        and _are_within(shard.silences, shard.lengths)
        and shard.end > shard.first
        and np.array_equal(places, np.arange(shard.first, shard.end))
        and bool((np.diff(shard.places) > 0).all() and (shard.lengths > 0).all())
        and bool((np.isfinite(shard.scales) & (shard.scales > 0)).all())
        and 2 * int(shard.lengths.sum()) == size
    )


def _are_within(silences: npt.NDArray[np.int64], lengths: npt.NDArray[np.int64]) -> bool:
    """Tell whether stretches lie in recordings, one after the other."""
    row, first, end = silences.T
    if not ((row >= 0) & (row < len(lengths)) & (first >= 0) & (first < end)).all():
        return False
    follows = (np.diff(row) > 0) | ((np.diff(row) == 0) & (first[1:] > end[:-1]))
    return bool((end <= lengths[row]).all() and follows.all())


class ShardWriter:
    """Writes a shard recording by recording; its files appear whole, in `close`, or not at all.

    Args:
        folder: of the packed corpus.
        number: of the shard.
        first: place in the corpus of the first recording it is about.

    Raises:
        DataError: what is written does not reach the disk.
    """

    def __init__(self, folder: Path, number: int, first: int) -> None:
        self._folder = folder
        self._number = number
        self._first = self._place = first
        self._kept: list[tuple[int, int, float, bytes, float]] = []
        self._silences = [np.zeros((0, 3), np.int64)]
        self._unusable: list[tuple[int, str]] = []
        self.samples = 0
        # Where the file system has no locks, another process may write the same shard.
        name = f"{number:05}.{socket.gethostname()}.{os.getpid()}{PARTIAL}"
        self._partial = folder / name
        with _told(folder):
            self._file = self._partial.open("wb")

    def __enter__(self) -> "ShardWriter":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        with contextlib.suppress(OSError):
            self._file.close()
            self._partial.unlink(missing_ok=True)

    def add(self, one: Packed | str) -> None:
        """Write the next recording, or note why it is left out."""
        if isinstance(one, str):
            self._unusable.append((self._place, one))
        else:
            with _told(self._folder):
                self._file.write(one.samples.data)
            rows = np.insert(one.silences, 0, len(self._kept), axis=1)
            self._silences.append(rows)
            about = self._place, len(one.samples), one.scale, one.digest, one.offset
            self._kept.append(about)
            self.samples += len(one.samples)
        self._place += 1

    def close(self) -> Shard:
        """Put samples and index in their places."""
        columns = zip(*self._kept, strict=True) if self._kept else 5 * [()]
        places, lengths, scales, digests, offsets = columns
        shard = Shard(
            self._first,
            self._place,
            np.array(places, np.int64),
            np.array(lengths, np.int64),
            np.array(scales, np.float32),
            np.frombuffer(b"".join(digests), np.uint8).reshape(-1, DIGEST_BYTES),
            np.concatenate(self._silences),
            np.array(offsets, np.float32),
            self._unusable,
        )
        with _told(self._folder):
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
            self._partial.replace(samples_file(self._folder, self._number))
            sync_folder(self._folder)
            write_index(self._folder, self._number, shard)
        return shard


def remove_partials(folder: Path) -> None:
    """Remove what killed processes left; only for who holds the folder's lock."""
    for path in folder.glob(f"*{PARTIAL}"):
        with contextlib.suppress(OSError):
            path.unlink()


@contextlib.contextmanager
def _told(folder: Path) -> Iterator[None]:
    """Say what to do where the disk refuses.

    Raises:
        DataError: in place of an `OSError`.
    """
    try:
        yield
    except OSError as error:
        raise DataError(
            f"{folder}: cannot be written: {error.strerror}; whole shards are kept. Make room, or "
            "name another folder in data.cache or SSLSE_CACHE, and start again: packing goes on "
            "from there"
        ) from error
