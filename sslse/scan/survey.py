"""What a folder of audio files holds, summed up."""

import statistics
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sslse.corpora.notes import OFFSET_SHARE
from sslse.corpora.paths import audio_below, file_of
from sslse.data.packing import Unusable
from sslse.errors import DataError
from sslse.scan.measure import Facts, measure


@dataclass
class Survey:
    """Counts and distributions over the files of a folder; no samples are kept.

    Attributes:
        folder: what was looked through.
        found: number of files, unreadable ones among them.
        seconds: of every readable file, in the order of the keys.
        level_db: of every file that is not silent.
        rates: number of files by rate in Hz.
        channels: number of files by number of channels.
        silent: keys of files that a run leaves out as silent.
        digitally_silent: how many of them are zero throughout.
        short: keys of files that a run leaves out as too short.
        silent_seconds: of all frames below -60 dB.
        clipped: runs at full scale, by key.
        offsets: means of the files whose mean is more than a tenth of their power, by key.
        unreadable: files that cannot be read, and why.
        copies: keys of files with the same samples as an earlier one, by that one's key.
        usable: keys of what is left: readable, neither silent nor too short, nor a copy.
    """

    folder: Path
    found: int = 0
    seconds: list[float] = field(default_factory=list)
    level_db: list[float] = field(default_factory=list)
    rates: Counter[int] = field(default_factory=Counter)
    channels: Counter[int] = field(default_factory=Counter)
    silent: list[str] = field(default_factory=list)
    digitally_silent: int = 0
    short: list[str] = field(default_factory=list)
    silent_seconds: float = 0.0
    clipped: dict[str, int] = field(default_factory=dict)
    offsets: dict[str, float] = field(default_factory=dict)
    unreadable: list[Unusable] = field(default_factory=list)
    copies: dict[str, list[str]] = field(default_factory=dict)
    usable: list[str] = field(default_factory=list)
    _first: dict[bytes, str] = field(default_factory=dict)

    def add(self, facts: Facts) -> None:
        """Count a readable file in."""
        self.seconds.append(facts.seconds)
        self.rates[facts.rate] += 1
        self.channels[facts.channels] += 1
        self.silent_seconds += facts.silent_share * facts.seconds
        if facts.clipped:
            self.clipped[facts.key] = facts.clipped
        if facts.silent:
            self.silent.append(facts.key)
            self.digitally_silent += facts.peak == 0
        else:
            self.level_db.append(facts.level_db)
        if facts.short:
            self.short.append(facts.key)
        if facts.silent or facts.short:
            return
        if facts.offset_share > OFFSET_SHARE:
            self.offsets[facts.key] = facts.offset
        original = self._first.setdefault(facts.digest, facts.key)
        if original == facts.key:
            self.usable.append(facts.key)
        else:
            self.copies.setdefault(original, []).append(facts.key)

    @property
    def total_seconds(self) -> float:
        """Duration of all readable files together."""
        return sum(self.seconds)

    @property
    def lengths(self) -> tuple[float, float, float]:
        """Shortest, median and longest, in seconds; there must be a readable file."""
        return min(self.seconds), statistics.median(self.seconds), max(self.seconds)

    @property
    def levels(self) -> tuple[float, float, float] | None:
        """Lowest, median and highest level in dB; None where everything is silent."""
        if not self.level_db:
            return None
        return min(self.level_db), statistics.median(self.level_db), max(self.level_db)

    @property
    def copied(self) -> int:
        """Number of files that are copies of another one."""
        return sum(len(keys) for keys in self.copies.values())


def find(folder: Path) -> list[str]:
    """Return the keys of all audio files below a folder in their order, hidden ones excepted.

    Raises:
        DataError: there is no such folder, or no audio file in it.
    """
    if not folder.is_dir():
        raise DataError(f"{folder}: no such folder")
    return sorted(audio_below(folder, folder))


def scan(
    folder: Path, keys: Sequence[str], progress: Callable[[int], None] = lambda _: None
) -> Survey:
    """Measure audio files; what cannot be read is noted, and the rest goes on.

    Memory holds a piece of one file at a time, and a few numbers of every file.

    Args:
        folder: what the keys are relative to.
        keys: of the files.
        progress: called after every file with how many are done.
    """
    survey = Survey(folder, found=len(keys))
    for done, key in enumerate(keys, start=1):
        path = file_of(folder, key)
        try:
            survey.add(measure(path, key))
        except DataError as error:
            survey.unreadable.append(Unusable(key, str(error).removeprefix(f"{path}: ")))
        progress(done)
    return survey


def shares(counts: Mapping[int, int]) -> list[tuple[int, int]]:
    """Order values by how often they occur, the most frequent first."""
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))
