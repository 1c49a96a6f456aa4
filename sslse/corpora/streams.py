"""Audio files opened for reading in pieces."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import soundfile

from sslse.audio import read_audio
from sslse.errors import DataError


@contextlib.contextmanager
def opened(path: Path) -> Iterator[soundfile.SoundFile]:
    """Open a file in any format `sslse.audio.read_audio` reads, to read only what is needed.

    Raises:
        DataError: the file is missing, empty or unreadable, when it is opened or while it is read.
    """
    try:
        with soundfile.SoundFile(path) as file:
            yield file
    # TypeError: of headerless formats (.raw) soundfile demands what no file says.
    except (soundfile.SoundFileError, TypeError) as error:
        read_audio(path)  # refuses it with the reason
        raise DataError(f"{path}: cannot be read as audio: {error}") from error
