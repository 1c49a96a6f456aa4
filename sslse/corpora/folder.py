"""Any tree of audio files as a corpus."""

import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from sslse.api import Corpus, Fraction, NonNegativeInt, OptionError, Recording
from sslse.corpora.paths import audio_below, audio_listed, file_of, is_file, some, user_path
from sslse.corpora.splits import held_out, part_size
from sslse.errors import DataError


class Folder(Corpus):
    """Read the audio files below a folder, split as given, by a pattern or by a seeded share.

    Found are files with one of the endings of `sslse.audio.AUDIO_ENDINGS`, in any case of letters;
    hidden files and folders are not. Links are followed: what lies in a folder is its owner's
    choice. Keys are paths relative to ``root``, with forward slashes and composed accents (NFC);
    every pattern is a regular expression searched in the key.

    Args:
        root: the folder.
        train: the training part: a folder below ``root``, or a text file (UTF-8, relative to
            ``root`` like all it names) with one path a line, where lines that begin with ``#``
            are comments. Goes together with ``test``.
        test: the test part, likewise. Speakers may be in both parts: the split is the user's.
        include: pattern of the files to use; the others are as if they were not there.
        test_pattern: pattern of the test part, in place of ``train`` and ``test``; all other files
            are the training part.
        test_share: share of the recordings that is the test part where nothing above names one; a
            hash of seed and path chooses.
        split_seed: of that choice.
        speaker: pattern whose first group, or whole match, is the speaker. A seeded share then
            never divides a speaker.
        kind: the same for the kind of noise; empty where it does not match.
        group: the same for what a seeded share never divides where there is no ``speaker``
            (pieces of one long recording, say); a file where it does not match stands alone.
    """

    def __init__(
        self,
        *,
        root: str,
        train: str | None = None,
        test: str | None = None,
        include: str | None = None,
        test_pattern: str | None = None,
        test_share: Fraction = 0.1,
        split_seed: NonNegativeInt = 0,
        speaker: str | None = None,
        kind: str | None = None,
        group: str | None = None,
    ) -> None:
        if (train is None) != (test is None):
            given, missing = ("test", "train") if train is None else ("train", "test")
            raise OptionError(
                f"is needed where {given!r} is given; possible: both or none", missing
            )
        if test_pattern is not None and test is not None:
            raise OptionError("does not go with 'train' and 'test'", "test_pattern")
        if group is not None and speaker is not None:
            raise OptionError("does not go with 'speaker', which groups already", "group")
        self._root = user_path(root, "root")
        self._train = train
        self._test = test
        self._include = _compiled(include, "include")
        self._test_pattern = _compiled(test_pattern, "test_pattern")
        self._test_share = test_share
        self._split_seed = split_seed
        self._speaker = _compiled(speaker, "speaker")
        self._kind = _compiled(kind, "kind")
        self._group = _compiled(group, "group")

    def recordings(self) -> Sequence[Recording]:
        """List all recordings by key; opens no audio file.

        Raises:
            DataError: a folder, a list or a listed file is missing or empty, a file is in both
                parts, a pattern leaves a part without files, or finds no speaker in a path.
        """
        if not self._root.is_dir():
            raise DataError(f"{self._root}: no such folder")
        if self._train is not None and self._test is not None:
            train, test = self._named(self._train), self._named(self._test)
            if both := sorted(train & test):
                raise DataError(f"{self._root}: in both train and test: {some(both)}")
            keys = train | test
            speaker_of = self._speakers(keys)
        else:
            keys = self._included(audio_below(self._root, self._root), self._root)
            speaker_of = self._speakers(keys)
            test = self._test_part(keys, speaker_of)
        return [
            Recording(
                key,
                file_of(self._root, key),
                "test" if key in test else "train",
                speaker=speaker_of.get(key, ""),
                kind=_found(self._kind, key),
            )
            for key in sorted(keys)
        ]

    def _test_part(self, keys: frozenset[str], speaker_of: Mapping[str, str]) -> frozenset[str]:
        """Choose the test part by the pattern, or by the seeded share."""
        if self._test_pattern is None:
            group_of = speaker_of or {key: _found(self._group, key) or key for key in keys}
            return held_out(group_of, part_size(len(keys), self._test_share), self._split_seed)
        test = frozenset(key for key in keys if self._test_pattern.search(key))
        if not test or test == keys:
            raise DataError(
                f"{self._root}: the test pattern {self._test_pattern.pattern!r} is found in "
                f"{'none' if not test else 'all'} of its {len(keys)} paths: {some(sorted(keys))}"
            )
        return test

    def _included(self, keys: frozenset[str], place: Path) -> frozenset[str]:
        """Leave out what the pattern does not find."""
        if self._include is None:
            return keys
        included = frozenset(key for key in keys if self._include.search(key))
        if not included:
            raise DataError(
                f"{place}: the include pattern {self._include.pattern!r} is found in none of "
                f"{len(keys)} paths: {some(sorted(keys))}"
            )
        return included

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
        if is_file(path):
            return self._included(audio_listed(path, self._root), path)
        if os.path.isdir(path):  # noqa: PTH112 - False where the system cannot hold the path
            return self._included(audio_below(path, self._root), path)
        raise DataError(f"{path}: neither a folder nor a list of files")


def _compiled(pattern: str | None, option: str) -> re.Pattern[str] | None:
    if pattern is None:
        return None
    try:
        return re.compile(pattern)
    except (re.error, OverflowError, RecursionError) as error:
        raise OptionError(f"{pattern!r} is not a regular expression: {error}", option) from error


def _found(pattern: re.Pattern[str] | None, key: str) -> str:
    match = pattern.search(key) if pattern else None
    if match is None:
        return ""
    return match[1] or "" if match.re.groups else match[0]
