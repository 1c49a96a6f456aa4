"""TIMIT, as the LDC publishes it or re-packed."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal

from sslse.api import Corpus, Recording
from sslse.corpora.paths import user_path
from sslse.corpora.splits import held_out, part_size
from sslse.errors import DataError

# The paper trains on 4120 and tests on 500 sentences: together exactly TIMIT's TRAIN part.
_PAPER_TEST_SHARE = 500 / 4620
_PAPER_SEED = 0

_DIALECT = re.compile("DR[1-8]", re.IGNORECASE)
_SPEAKER = re.compile("[FM][A-Z]{3}[0-9]", re.IGNORECASE)
_UTTERANCE = re.compile(r"S[AIX][0-9]+(\.WAV){1,2}", re.IGNORECASE)
_WITHOUT_SA = re.compile(r"S[IX][0-9]+(\.WAV){1,2}", re.IGNORECASE)


class Timit(Corpus):
    """Read TIMIT (LDC93S1): 6300 sentences of 630 speakers, 16 kHz.

    Files are ``TRAIN/DR1/FCJF0/SA1.WAV`` in any case of letters, NIST SPHERE or RIFF. Where a
    re-packed copy holds ``SA1.WAV`` (SPHERE) and ``SA1.WAV.wav`` (RIFF) side by side, the latter
    is read. Keys are upper-case paths without ending, whatever the case on disk.

    Args:
        root: the folder that holds TRAIN (and TEST), or the one above it.
        split: ``paper`` divides TRAIN alone by sentence, 4120 for training and 500 for testing
            (reading: the paper gives the numbers, not which sentences; here a hash of the key
            chooses), so that speakers and the SA sentences occur in both parts; of an incomplete
            copy the same share is tested on. ``speaker`` is TIMIT's own TRAIN and TEST, without a
            common speaker.
        sa: include SA1 and SA2, the two sentences everyone speaks.
    """

    def __init__(
        self, *, root: str, split: Literal["paper", "speaker"] = "paper", sa: bool = True
    ) -> None:
        self._root = user_path(root, "root")
        self._split = split
        self._utterance = _UTTERANCE if sa else _WITHOUT_SA

    def recordings(self) -> Sequence[Recording]:
        """List all recordings by key; opens no file.

        Raises:
            DataError: the folder, the TRAIN or the TEST part is missing, or too little is in it.
        """
        above_parts = self._above_parts()
        train = self._files(above_parts, "TRAIN")
        if self._split == "speaker":
            test = self._files(above_parts, "TEST")
        else:
            if len(train) < 2:  # noqa: PLR2004 - two parts need two
                raise DataError(
                    f"{above_parts}: only one recording in the TRAIN part; split: paper divides "
                    "it, at least two are needed"
                )
            count = part_size(len(train), _PAPER_TEST_SHARE)
            chosen = held_out({key: key for key in train}, count, _PAPER_SEED)
            test = {key: train.pop(key) for key in sorted(chosen)}
        found = [_recording(key, source, "train") for key, source in train.items()]
        found += [_recording(key, source, "test") for key, source in test.items()]
        return sorted(found, key=lambda recording: recording.key)

    def _above_parts(self) -> Path:
        """Find the folder that holds TRAIN: the root or one folder in it."""
        if not self._root.is_dir():
            raise DataError(f"{self._root}: no such folder; root is the folder above TIMIT's TRAIN")
        if _holds_train(self._root):
            return self._root
        children = sorted(child for child in self._root.iterdir() if child.is_dir())
        found = [child for child in children if _holds_train(child)]
        if not found:
            raise DataError(
                f"{self._root}: no TRAIN part; looked for TRAIN/DR1 to TRAIN/DR8, in any case of "
                "letters, there and one folder below"
            )
        if len(found) > 1:
            raise DataError(
                f"{self._root}: several copies of TIMIT; root must be one of: "
                + ", ".join(str(child) for child in found)
            )
        return found[0]

    def _files(self, above_parts: Path, part: str) -> dict[str, Path]:
        levels = (re.compile(part, re.IGNORECASE), _DIALECT, _SPEAKER, self._utterance)
        if not any(_matching(above_parts, levels[:1])):
            raise DataError(f"{above_parts}: no {part} part below it; split: paper needs none")
        files = {_key(path, above_parts): path for path in _matching(above_parts, levels)}
        if not files:
            raise DataError(
                f"{above_parts}: no recording in the {part} part; looked for "
                f"{part}/DR1/SPEAKER/UTTERANCE.WAV, in any case of letters"
            )
        return files


def _holds_train(folder: Path) -> bool:
    return any(_matching(folder, (re.compile("TRAIN", re.IGNORECASE), _DIALECT)))


def _matching(folder: Path, levels: Sequence[re.Pattern[str]]) -> Iterator[Path]:
    """Yield what lies below a folder, one pattern for the names of each level."""
    pattern, *deeper = levels
    # Shorter names first: a later path of the same key wins, and that is SA1.WAV.wav.
    for child in sorted(folder.iterdir(), key=lambda path: (len(path.name), path.name)):
        if not pattern.fullmatch(child.name):
            continue
        if not deeper:
            yield child
        elif child.is_dir():
            yield from _matching(child, deeper)


def _key(path: Path, above_parts: Path) -> str:
    return path.relative_to(above_parts).as_posix().upper().replace(".WAV", "")


def _recording(key: str, source: Path, part: Literal["train", "test"]) -> Recording:
    return Recording(key, source, part, speaker=key.split("/")[2])
