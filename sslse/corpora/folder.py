"""Any tree of audio files as a corpus."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from sslse.api import Corpus, Fraction, NonNegativeInt, OptionError, Recording
from sslse.corpora.paths import audio_below, audio_listed, some
from sslse.corpora.splits import held_out, part_size
from sslse.errors import DataError


class Folder(Corpus):
    """Read every audio file below a folder, split as given or by a seeded share.

    Found are files with one of the endings of `sslse.audio.AUDIO_ENDINGS`, in any case of letters;
    hidden files and folders are not. Keys are paths relative to ``root``, with forward slashes.

    Args:
        root: the folder.
        train: the training part: a folder below ``root``, or a text file (UTF-8, relative to
            ``root`` like all it names) with one path a line, where lines that begin with ``#``
            are comments. Goes together with ``test``.
        test: the test part, likewise. Speakers may be in both parts: the split is the user's.
        test_share: share of the recordings that is the test part where ``train`` and ``test`` are
            not given; a hash of seed and path chooses.
        split_seed: of that choice.
        speaker: regular expression searched in the relative path; its first group, or the whole
            match, is the speaker. A seeded share then never divides a speaker.
        kind: the same for the kind of noise; empty where it does not match.
    """

    def __init__(
        self,
        *,
        root: str,
        train: str | None = None,
        test: str | None = None,
        test_share: Fraction = 0.1,
        split_seed: NonNegativeInt = 0,
        speaker: str | None = None,
        kind: str | None = None,
    ) -> None:
        if (train is None) != (test is None):
            given, missing = ("test", "train") if train is None else ("train", "test")
            raise OptionError(
                f"is needed where {given!r} is given; possible: both or none", missing
            )
        self._root = Path(root).expanduser()
        self._train = train
        self._test = test
        self._test_share = test_share
        self._split_seed = split_seed
        self._speaker = _compiled(speaker, "speaker")
        self._kind = _compiled(kind, "kind")

    def recordings(self) -> Sequence[Recording]:
        """List all recordings by key; opens no audio file.

        Raises:
            DataError: a folder, a list or a listed file is missing or empty, a file is in both
                parts, or the pattern finds no speaker in a path.
        """
        if not self._root.is_dir():
            raise DataError(f"{self._root}: no such folder")
        if self._train is None or self._test is None:
            keys = audio_below(self._root, self._root)
            speaker_of = self._speakers(keys)
            count = part_size(len(keys), self._test_share)
            test = held_out(speaker_of or {key: key for key in keys}, count, self._split_seed)
        else:
            train, test = self._named(self._train), self._named(self._test)
            if both := sorted(train & test):
                raise DataError(f"{self._root}: in both train and test: {some(both)}")
            keys = train | test
            speaker_of = self._speakers(keys)
        return [
            Recording(
                key,
                self._root / key,
                "test" if key in test else "train",
                speaker=speaker_of.get(key, ""),
                kind=_found(self._kind, key),
            )
            for key in sorted(keys)
        ]

    def _speakers(self, keys: frozenset[str]) -> Mapping[str, str]:
        """Map every key to its speaker; empty without a pattern."""
        if self._speaker is None:
            return {}
        speaker_of = {key: _found(self._speaker, key) for key in keys}
        if unknown := sorted(key for key, speaker in speaker_of.items() if not speaker):
            raise DataError(
                f"{self._root}: the speaker pattern {self._speaker.pattern!r} finds no speaker in: "
                f"{some(unknown)}"
            )
        return speaker_of

    def _named(self, name: str) -> frozenset[str]:
        """Return the keys of a part: of a folder or of a list."""
        path = self._root / name
        if path.is_file():
            return audio_listed(path, self._root)
        if path.is_dir():
            return audio_below(path, self._root)
        raise DataError(f"{path}: neither a folder nor a list of files")


def _compiled(pattern: str | None, option: str) -> re.Pattern[str] | None:
    if pattern is None:
        return None
    try:
        return re.compile(pattern)
    except re.error as error:
        raise OptionError(f"{pattern!r} is not a regular expression: {error}", option) from error


def _found(pattern: re.Pattern[str] | None, key: str) -> str:
    match = pattern.search(key) if pattern else None
    if match is None:
        return ""
    return match[1] or "" if match.re.groups else match[0]
