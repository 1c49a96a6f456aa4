"""100 nonspeech environmental sounds."""

import re
from collections.abc import Sequence
from pathlib import Path

from sslse.api import Corpus, NonNegativeInt, OptionError, PositiveInt, Recording, Samples
from sslse.corpora.paths import user_path
from sslse.corpora.splits import held_out, part_size
from sslse.errors import DataError

_PUBLISHED_FILES = 100
_FILE = re.compile(r"n0*([1-9][0-9]?|100)\.wav", re.IGNORECASE)
# As published, these are copies of another file, sample by sample.
_COPY_OF = {9: 7, 58: 56}
# The author's list of types, each with the number of its last file.
_LAST_OF_KIND = {
    "crowd": 17,
    "machine": 24,
    "alarm and siren": 43,
    "traffic and car": 46,
    "animal": 55,
    "water": 69,
    "wind": 78,
    "bell": 82,
    "cough": 85,
    "clap": 86,
    "snore": 87,
    "click": 88,
    "laugh": 90,
    "yawn": 92,
    "cry": 93,
    "shower": 94,
    "tooth brushing": 95,
    "footsteps": 97,
    "door moving": 98,
    "phone dialling": 100,
}


class Nonspeech(Corpus):
    """Read "100 nonspeech environmental sounds" (G. Hu): n1.wav to n100.wav, 20 types, 20 kHz.

    Which files are for testing is chosen by a hash of seed and name (the paper gives the numbers
    only, 75 and 25). n9 is a copy of n7 and n58 one of n56: both of such a pair are always in the
    same part.

    Copies exist whose samples are at 20 kHz while their headers say 16 kHz. Nothing in such a file
    tells it from an honest one, so nothing is guessed: say ``true_rate: 20000``.

    Args:
        root: the folder that holds the files, in any case of letters.
        split_seed: of the choice of test files.
        test_files: how many of the 100 are for testing (paper: 25); of an incomplete copy, the
            same share.
        true_rate: of all files, in Hz, whatever their headers say; None believes the headers.
    """

    def __init__(
        self,
        *,
        root: str,
        split_seed: NonNegativeInt = 0,
        test_files: PositiveInt = 25,
        true_rate: PositiveInt | None = None,
    ) -> None:
        if test_files >= _PUBLISHED_FILES:
            raise OptionError(
                f"{test_files} of {_PUBLISHED_FILES} files leave none for training; possible: "
                f"1 to {_PUBLISHED_FILES - 1}",
                "test_files",
            )
        self._root = user_path(root, "root")
        self._split_seed = split_seed
        self._test_share = test_files / _PUBLISHED_FILES
        self._true_rate = true_rate

    def recordings(self) -> Sequence[Recording]:
        """List the recordings by number; opens no file.

        Raises:
            DataError: the folder is missing or holds fewer than two different sounds.
        """
        files = self._files()
        original_of = {f"n{number}": f"n{_COPY_OF.get(number, number)}" for number in files}
        if len(set(original_of.values())) < 2:  # noqa: PLR2004 - two parts need two
            raise DataError(
                f"{self._root}: only {', '.join(original_of)}; at least two different sounds are "
                "needed, one for each part"
            )
        count = part_size(len(files), self._test_share)
        test = held_out(original_of, count, self._split_seed)
        return [
            Recording(key, source, "test" if key in test else "train", kind=_kind(number))
            for key, (number, source) in zip(original_of, files.items(), strict=True)
        ]

    def read(self, recording: Recording) -> tuple[Samples, int]:
        """Return mono samples (float32) and their rate in Hz.

        Raises:
            DataError: the file is unreadable.
        """
        samples, labelled_rate = super().read(recording)
        return samples, self._true_rate or labelled_rate

    @property
    def version(self) -> str:
        """The rate that overrides the files' own; empty if none does."""
        return f"true_rate={self._true_rate}" if self._true_rate else ""

    def _files(self) -> dict[int, Path]:
        if not self._root.is_dir():
            raise DataError(f"{self._root}: no such folder; root is the folder that holds n1.wav")
        matches = ((_FILE.fullmatch(path.name), path) for path in sorted(self._root.iterdir()))
        files = {int(match[1]): path for match, path in matches if match}
        if not files:
            raise DataError(f"{self._root}: no recording; looked for n1.wav to n100.wav")
        return dict(sorted(files.items()))


def _kind(number: int) -> str:
    return next(kind for kind, last in _LAST_OF_KIND.items() if number <= last)
