"""Write a corpus into shards; what a killed packing has finished is kept."""

import contextlib
import math
import shutil
import statistics
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from pathlib import Path

from sslse.api import Corpus, Recording
from sslse.data.door import read_recording
from sslse.data.packing_lock import alone_in
from sslse.data.reading import read_in_order
from sslse.data.recording import Packed
from sslse.data.shard_files import Shard, ShardWriter, read_shard, read_shards, remove_partials
from sslse.data.shards import BYTES
from sslse.errors import DataError

SHARD_SAMPLES = 2**31  # 4 GiB, 37 hours at 16 kHz; the last recording may go beyond
SAY_SECONDS = 15.0
FEW = 256
TRIED = 16

Say = Callable[[str], None]


class Packer:
    """Packs a corpus into a folder.

    Args:
        corpus: what to pack.
        recordings: all of it.
        sample_rate: in Hz.
        folder: takes the shards.
        label: what to call the corpus in messages.
        say: takes lines about progress.
    """

    def __init__(
        self,
        corpus: Corpus,
        recordings: Sequence[Recording],
        sample_rate: int,
        folder: Path,
        *,
        label: str,
        say: Say,
    ) -> None:
        self._corpus = corpus
        self._recordings = recordings
        self._sample_rate = sample_rate
        self._folder = folder
        self._label = label
        self._say = say

    def pack(self, processes: int) -> list[Shard]:
        """Write the shards that are not there whole; return all.

        Memory is that of a few recordings for each process, whatever the size of the corpus. The
        files do not depend on how many processes read.

        Raises:
            DataError: the folder cannot be written, or its disk is too small.
        """
        with contextlib.ExitStack() as stack:
            try:
                self._folder.mkdir(parents=True, exist_ok=True)
                alone = stack.enter_context(alone_in(self._folder, self._tell_waiting))
            except OSError as error:
                raise DataError(
                    f"{self._folder}: cannot be written: {error.strerror}; name another folder in "
                    f"data.cache or SSLSE_CACHE. {self._label} has to be packed, since "
                    f"{self._folder.parent} holds no whole packing of these very files (paths, "
                    "sizes, times of change) at this rate"
                ) from error
            shards = read_shards(self._folder, len(self._recordings))
            if shards is not None:  # packed by whom this one has waited for
                return shards
            if alone:
                remove_partials(self._folder)
            return self._pack(processes)

    def _tell_waiting(self) -> None:
        self._say(f"{self._label}: another process packs it into {self._folder}; waiting")

    def _pack(self, processes: int) -> list[Shard]:
        shards: list[Shard] = []
        done, count = 0, len(self._recordings)
        with contextlib.ExitStack() as stack:
            stream: Iterator[Packed | str] = iter(())
            next_read = -1
            while done < count:
                shard = read_shard(self._folder, len(shards))
                if shard is None or shard.first != done:
                    if next_read != done:
                        self._announce(done)
                        stream = stack.enter_context(
                            contextlib.closing(self._read(done, processes))
                        )
                    shard = self._write(len(shards), done, stream)
                    next_read = shard.end
                shards.append(shard)
                done = shard.end
        return shards

    def _announce(self, done: int) -> None:
        """Say what is packed, if it fits on the disk.

        Raises:
            DataError: it does not.
        """
        count = len(self._recordings)
        kept = f", {done} of them are packed already" if done else ""
        self._say(f"{self._label}: packing {count} recordings into {self._folder}{kept}")
        least, likely = self._space(self._recordings[done:])
        free = shutil.disk_usage(self._folder).free
        if least > free:
            raise DataError(
                f"{self._folder}: {self._label} needs about {likely / 1e9:.1f} GB, but only "
                f"{free / 1e9:.1f} GB are free; make room, or name another folder in data.cache or "
                "SSLSE_CACHE"
            )
        if likely > free:
            self._say(
                f"{self._label}: it may need {likely / 1e9:.1f} GB, and {free / 1e9:.1f} GB are "
                "free; where that is not enough, what is packed is kept"
            )

    def _space(self, recordings: Sequence[Recording]) -> tuple[float, float]:
        """Estimate the bytes of packed recordings from a few: at least, and most likely."""
        if len(recordings) <= FEW:
            return 0, 0
        sizes = []
        for one in recordings[:: len(recordings) // TRIED]:
            try:
                samples, rate = read_recording(self._corpus, one)
            except DataError:
                sizes.append(0.0)
            else:
                sizes.append(BYTES * len(samples) * self._sample_rate / rate)
        mean = statistics.mean(sizes)
        doubt = 2 * statistics.stdev(sizes) / math.sqrt(len(sizes))
        return len(recordings) * (mean - doubt), len(recordings) * mean

    def _read(self, done: int, processes: int) -> Generator[Packed | str]:
        """Give the recordings from a place on, and say how far they are."""
        rest = self._recordings[done:]
        began = said = time.monotonic()
        hours = 0.0
        stream = read_in_order(self._corpus, rest, self._sample_rate, processes=processes)
        with contextlib.closing(stream):
            for place, one in enumerate(stream, start=1):
                yield one
                hours += 0 if isinstance(one, str) else len(one.samples) / self._sample_rate / 3600
                now = time.monotonic()
                if now - said >= SAY_SECONDS:
                    minutes = (now - began) / 60
                    left = minutes / place * (len(rest) - place)
                    self._say(
                        f"{self._label}: {done + place} of {done + len(rest)} recordings packed, "
                        f"{hours / minutes:.1f} hours a minute, about {left:.0f} minutes left"
                    )
                    said = now

    def _write(self, number: int, done: int, stream: Iterator[Packed | str]) -> Shard:
        with ShardWriter(self._folder, number, done) as writer:
            for one in stream:
                writer.add(one)
                if writer.samples >= SHARD_SAMPLES:
                    break
            return writer.close()
