"""Recordings, and segments of recordings, that a table lists."""

from collections.abc import Sequence
from dataclasses import dataclass

from sslse.api import Corpus, Recording, Samples
from sslse.audio import opened, read_mono
from sslse.corpora.manifest_rows import Fault, Row, read_rows
from sslse.corpora.paths import file_of, is_file, some_lines, user_path
from sslse.errors import DataError

ROUNDED_SECONDS = 0.01  # a table may round a segment up to the file's end by so much


@dataclass(frozen=True)
class Segment(Recording):
    """A recording cut from a file.

    Args:
        start: in seconds from the file's beginning.
        seconds: how long it lasts; None: to the file's end.
    """

    start: float = 0.0
    seconds: float | None = None


class Manifest(Corpus):
    """Read what a table lists: one recording a row, with its part, speaker and kind.

    The table is CSV with a header line (.csv; cells are parted by commas, semicolons or tabs) or
    one JSON object a line (.jsonl), in UTF-8. Its columns are ``path`` (of the audio file:
    relative, with forward slashes) and ``split`` (``train`` or ``test``); and, where wanted,
    ``speaker``, ``kind`` (of noise), ``start`` and ``seconds``, which cut a segment from the file.
    What is empty is unknown, the file's beginning or its end. Segments in different parts must not
    overlap. A path that leaves ``root`` (``..``) is refused: what a table may reach is the recipe's
    to say. Links in the folder are followed.

    Keys are the paths, followed by ``#start+seconds`` of a segment; of a long file only the
    segment is read.

    Args:
        file: the table.
        root: the folder that paths are relative to; None means the table's own.
    """

    def __init__(self, *, file: str, root: str | None = None) -> None:
        self._file = user_path(file, "file")
        self._root = self._file.parent if root is None else user_path(root, "root")

    def recordings(self) -> Sequence[Recording]:
        """List all recordings by key; opens no audio file.

        Raises:
            DataError: the table is unreadable or empty, or rows are wrong: each with its line and
                column.
        """
        if not self._root.is_dir():
            raise DataError(f"{self._root}: no such folder; paths are relative to it")
        rows, faults = read_rows(self._file)
        faults += self._missing(rows)
        faults += _twice(rows) or _in_both_parts(rows)
        if faults:
            faults.sort(key=lambda fault: fault.line)
            raise DataError(some_lines([fault.describe(self._file) for fault in faults]))
        if not rows:
            raise DataError(f"{self._file}: lists no recording")
        return [
            Segment(
                key=row.key,
                source=file_of(self._root, row.path),
                part=row.split,
                speaker=row.speaker,
                kind=row.kind,
                start=row.start,
                seconds=row.seconds,
            )
            for row in sorted(rows, key=lambda row: row.key)
        ]

    def read(self, recording: Recording) -> tuple[Samples, int]:
        """Return mono samples (float32) and their rate in Hz.

        Raises:
            DataError: the file is unreadable or ends before the segment does.
        """
        if not isinstance(recording, Segment) or recording.source is None:
            return super().read(recording)
        if not recording.start and recording.seconds is None:
            return super().read(recording)
        with opened(recording.source) as file:
            rate = int(file.samplerate)
            start, count = _place(recording, file.frames, rate)
            file.seek(start)
            samples = read_mono(file, count)
        if len(samples) + ROUNDED_SECONDS * rate < count:  # the header claims more than is there
            raise _beyond(recording, (start + len(samples)) / rate)
        return samples, rate

    def _missing(self, rows: Sequence[Row]) -> list[Fault]:
        """Say which files are not there."""
        paths = {row.path for row in rows}
        there = {path: is_file(file_of(self._root, path)) for path in paths}
        return [
            Fault(row.line, "path", f"no file {self._root / row.path}{_slashes(row.path)}")
            for row in rows
            if not there[row.path]
        ]


def _place(segment: Segment, frames: int, rate: int) -> tuple[int, int]:
    """Return the first frame of a segment and how many they are, in a file of so many."""
    length = frames / rate
    seconds = length - segment.start if segment.seconds is None else segment.seconds
    if segment.start + seconds > length + ROUNDED_SECONDS or segment.start >= length:
        raise _beyond(segment, length)
    start = round(segment.start * rate)
    count = min(round(seconds * rate), frames - start)
    if count < 1:
        raise _beyond(segment, length)
    return start, count


def _beyond(segment: Segment, seconds: float) -> DataError:
    return DataError(
        f"{segment.source}: the segment {segment.key.rpartition('#')[2]} goes beyond the file's "
        f"{seconds:.3f} s"
    )


def _slashes(path: str) -> str:
    return "; folders are parted by forward slashes" if "\\" in path else ""


def _twice(rows: Sequence[Row]) -> list[Fault]:
    """Say which rows repeat another one."""
    first: dict[str, int] = {}
    return [
        Fault(row.line, "path", f"{row.key} is listed already (line {line})")
        for row in rows
        if (line := first.setdefault(row.key, row.line)) != row.line
    ]


def _in_both_parts(rows: Sequence[Row]) -> list[Fault]:
    """Say which segments share samples with one of the other part."""
    faults = []
    last: dict[tuple[str, str], Row] = {}
    for row in sorted(rows, key=lambda row: (row.path, row.start)):
        other = last.get((row.path, "train" if row.split == "test" else "test"))
        if other is not None and other.end > row.start:
            where = f"{other.key} ({other.split}, line {other.line})"
            faults.append(Fault(row.line, "split", f"{row.key} ({row.split}) overlaps {where}"))
        same = last.get((row.path, row.split))
        if same is None or row.end > same.end:
            last[row.path, row.split] = row
    return faults
