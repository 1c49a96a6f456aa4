"""The demo corpus: speech shipped with the package, noise made in code."""

import csv
import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from sslse.api import Corpus, Recording, Samples
from sslse.errors import DataError

_HERE = Path(__file__).parent
_INDEX = _HERE / "speech" / "index.csv"
_NOISE_SOURCES = ("noise.py", "living.py", "things.py", "synthesis.py")
_NOISE_RATE = 16000


class Demo(Corpus):
    """Give what every command can be tried with, without a download.

    Speech is synthetic: 120 sentences of 24 voices at 16 kHz, no voice in both parts. Noise is
    generated whenever it is read: 20 kinds at 16 kHz, of each the last take in the test part.
    Results on it say that the code works, not how well a method enhances real speech.

    Args:
        content: ``speech`` or ``noise``.
    """

    def __init__(self, *, content: Literal["speech", "noise"]) -> None:
        self._content = content

    def recordings(self) -> Sequence[Recording]:
        """List all recordings, in the order of the index or of kinds and takes.

        Raises:
            DataError: the speech was not installed.
        """
        return _speech() if self._content == "speech" else _noise()

    def read(self, recording: Recording) -> tuple[Samples, int]:
        """Return mono samples (float32) and their rate in Hz.

        Raises:
            DataError: the file is unreadable.
        """
        if recording.source is not None:
            return super().read(recording)
        from sslse.corpora.demo.noise import make_noise

        kind, _, take = recording.key.rpartition("-")
        return make_noise(kind, int(take), _NOISE_RATE), _NOISE_RATE

    @property
    def version(self) -> str:
        """A hash of the noise generator's source text; empty for speech, which is files."""
        if self._content == "speech":
            return ""
        texts = "\x1f".join((_HERE / name).read_text("utf-8") for name in _NOISE_SOURCES)
        return hashlib.blake2b(texts.encode(), digest_size=16).hexdigest()


def _speech() -> list[Recording]:
    if not _INDEX.is_file():
        raise DataError(f"{_INDEX}: missing; the demo speech was not installed, reinstall sslse")
    with _INDEX.open(encoding="utf-8", newline="") as file:
        return [
            Recording(
                key=Path(row["file"]).stem,
                source=_INDEX.parent / row["file"],
                part="test" if row["split"] == "test" else "train",
                speaker=row["voice"],
            )
            for row in csv.DictReader(file)
        ]


def _noise() -> list[Recording]:
    from sslse.corpora.demo.noise import KINDS, TAKES

    return [
        Recording(f"{kind}-{take}", None, "test" if take == TAKES else "train", kind=kind)
        for kind in KINDS
        for take in range(1, TAKES + 1)
    ]
