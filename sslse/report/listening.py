"""Mixtures to hear and to see: the waves of ``examples/`` with their spectrograms."""

import base64
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import soundfile
from annotated_types import Gt
from pydantic import TypeAdapter

from sslse.api import Samples
from sslse.audio import read_audio
from sslse.errors import DataError, RunError
from sslse.evaluate.examples import FOLDER, INDEX, WAVES
from sslse.report.reading import read_object, readable
from sslse.report.spectrogram import draw_spectrograms

MOST_BYTES = 4_500_000  # of the sounds and pictures of a page
MIXTURE = ("speech", "speech_start", "noise", "noise_start", "snr_db")
_TICKS = 4
_STEPS = (0.1, 0.2, 0.25, 0.5, 1.0, 2.0, 2.5, 5.0)


@dataclass(frozen=True)
class Row:
    """An entry of ``examples.json``."""

    why: str
    speech: str
    noise: str
    snr_db: float
    speech_start: int
    noise_start: int
    speaker: str
    noise_kind: str
    scores: dict[str, dict[str, float | None]]
    files: dict[str, str]
    factor: Annotated[float, Gt(0)] = 1.0

    @property
    def mixture(self) -> tuple[str, ...]:
        """What is mixed, as text: equal in all runs on the same mixtures."""
        return tuple(str(getattr(self, name)) for name in MIXTURE)


@dataclass(frozen=True)
class Tick:
    """A number on an axis and where it stands, in per cent of its length."""

    label: str
    place: float


@dataclass(frozen=True)
class Part:
    """A file with one wave of a mixture.

    Args:
        name: of the wave.
        path: of the file.
        factor: that its level was multiplied by.
    """

    name: str
    path: Path
    factor: float


@dataclass(frozen=True)
class Source:
    """One wave of a mixture: audio and spectrogram as data URIs."""

    name: str
    audio: str
    picture: str


@dataclass(frozen=True)
class Example:
    """A mixture to hear.

    Args:
        row: what it is.
        sources: its waves, in the order of the keys 1, 2, 3...
        seconds: their length.
        time: axis of the spectrograms, in s.
        frequency: axis of the spectrograms, in kHz.
    """

    row: Row
    sources: Sequence[Source]
    seconds: float
    time: Sequence[Tick]
    frequency: Sequence[Tick]

    @property
    def bytes(self) -> int:
        """What its sounds and pictures take on the page."""
        return sum(len(one.audio) + len(one.picture) for one in self.sources)


def read_examples(folder: Path) -> list[Row]:
    """Return what ``examples/`` of a run directory holds; nothing where there is none.

    Raises:
        RunError: it is damaged.
    """
    path = folder / FOLDER / INDEX
    if not path.is_file():
        return []
    with readable(path):
        rows = TypeAdapter(list[Row]).validate_python(read_object(path)["rows"])
        for row in rows:
            for name in WAVES:
                if Path(row.files[name]).name != row.files[name]:
                    raise ValueError(f"{row.files[name]!r} is no file of this folder")
    return rows


def make_examples(folder: Path) -> tuple[list[Example], int]:
    """Return the mixtures of a run to hear, and how many there was no room for.

    Raises:
        RunError: ``examples/`` is damaged.
    """
    rows = read_examples(folder)
    made = []
    room = MOST_BYTES
    for row in rows:
        parts = [Part(name, folder / FOLDER / row.files[name], row.factor) for name in WAVES]
        example = make_example(row, parts)
        room -= example.bytes
        if room < 0:
            break
        made.append(example)
    return made, len(rows) - len(made)


def make_example(row: Row, parts: Sequence[Part]) -> Example:
    """Read the waves of a mixture and draw them.

    Args:
        row: what it is.
        parts: its waves; they are brought to the level of the first, and further down where one
            would be clipped.

    Raises:
        RunError: a file is missing or damaged, or the waves differ in length.
    """
    waves, kinds = [], set()
    try:
        for part in parts:
            samples, rate = read_audio(part.path)
            waves.append(samples * np.float32(parts[0].factor / part.factor))
            kinds.add((rate, len(samples)))
    except DataError as error:
        raise RunError(str(error)) from error
    if len(kinds) > 1:
        raise RunError(f"{parts[0].path}: is damaged: the waves of its mixture differ in length")
    ((rate, count),) = kinds
    peak = max(float(np.abs(one).max()) for one in waves)
    waves = [one / np.float32(max(peak, 1.0)) for one in waves]
    sources = [
        Source(part.name, _uri("audio/flac", _flac(wave, rate)), _uri("image/png", picture))
        for part, wave, picture in zip(parts, waves, draw_spectrograms(waves, rate), strict=True)
    ]
    seconds = count / rate
    return Example(row, sources, seconds, list(_ticks(seconds)), list(_ticks(rate / 2000)))


def _ticks(length: float) -> Iterator[Tick]:
    step = next((one for one in _STEPS if length / one <= _TICKS + 0.5), length / _TICKS)
    for number in range(int(length / step + 1e-9) + 1):
        yield Tick(f"{number * step:g}", 100 * number * step / length)


def _flac(wave: Samples, sample_rate: int) -> bytes:
    file = io.BytesIO()
    soundfile.write(file, wave, sample_rate, format="FLAC", subtype="PCM_16")
    return file.getvalue()


def _uri(kind: str, content: bytes) -> str:
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"
