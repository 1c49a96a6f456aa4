"""Read a sound file in blocks, and write another one like it, whole or not at all."""

import contextlib
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile

from sslse.atomic import PARTIAL, sync_folder
from sslse.audio import Samples, system_path
from sslse.errors import DataError
from sslse.pcm import to_integers

VALUES_AT_ONCE = 2**22  # of all channels together
FRAMES_AT_ONCE = 2**17
FRAMES_A_WRITE = 2**15  # libvorbis takes its blocks from the stack
UNLIMITED = frozenset({"FLOAT", "DOUBLE"})  # that hold samples beyond [-1, 1]
BITS = {
    "PCM_S8": 8,
    "PCM_U8": 8,
    "PCM_16": 16,
    "PCM_24": 24,
    "PCM_32": 32,
    "ALAC_16": 16,
    "ALAC_20": 20,
    "ALAC_24": 24,
    "ALAC_32": 32,
}


@dataclass(frozen=True)
class SoundFormat:
    """All that two files have in common apart from their samples.

    Args:
        container: what soundfile calls the format: ``WAV``, ``FLAC``, ...
        subtype: the encoding of the samples: ``PCM_16``, ``VORBIS``, ...
        endian: ``FILE`` for the container's own, ``LITTLE`` or ``BIG``.
        sample_rate: in Hz.
        channels: their number.
    """

    container: str
    subtype: str
    endian: str
    sample_rate: int
    channels: int

    @classmethod
    def of(cls, file: soundfile.SoundFile) -> "SoundFormat":
        """Return that of an opened file."""
        return cls(file.format, file.subtype, file.endian, file.samplerate, file.channels)

    def __str__(self) -> str:
        channels = "1 channel" if self.channels == 1 else f"{self.channels} channels"
        return f"{self.container} {self.subtype} of {self.sample_rate} Hz with {channels}"


def blocks(file: soundfile.SoundFile) -> Iterator[Samples]:
    """Read all samples from where a file stands, (channels, samples) float32 a block.

    Args:
        file: as `sslse.audio.opened` gives it.

    Raises:
        DataError: a sample is not finite.
    """
    at_once = max(1, min(FRAMES_AT_ONCE, VALUES_AT_ONCE // file.channels))
    missing = file.frames
    while missing > 0:
        frames = file.read(min(at_once, missing), dtype="float32", always_2d=True)
        if not len(frames):
            break
        missing -= len(frames)
        if not np.isfinite(frames).all():
            raise DataError("holds samples that are not finite")
        yield frames.T


@contextlib.contextmanager
def replacing(target: Path, form: SoundFormat, frames: int) -> Iterator[Callable[[Samples], None]]:
    """Give a function that appends samples to a file, which is there in the end or not at all.

    Args:
        target: of the file; its folder is made.
        form: of the file.
        frames: what the header of its source says.

    Raises:
        DataError: soundfile cannot write this format, or the disk does not take it.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = partial_of(target)
    partial.unlink(missing_ok=True)  # of a process that was killed; never through a link
    partial.touch(exist_ok=False)
    try:
        with contextlib.closing(_Writer(partial, form)) as writer:
            yield writer.write
        writer.check(frames)
        with partial.open("rb") as file:
            os.fsync(file.fileno())
        partial.replace(target)
        sync_folder(target.parent)
    finally:
        partial.unlink(missing_ok=True)


def partial_of(target: Path) -> Path:
    """Return the name that a file has while it is written."""
    return target.with_name(f"{target.name}{PARTIAL}")


class _Writer:
    def __init__(self, path: Path, form: SoundFormat) -> None:
        self._path, self._form = path, form
        self._count = 0
        try:
            self._file = soundfile.SoundFile(
                system_path(path),
                "w",
                form.sample_rate,
                form.channels,
                form.subtype,
                form.endian,
                form.container,
            )
        except (soundfile.SoundFileError, ValueError, TypeError) as error:
            raise self._unwritable(_reason(error)) from error

    def write(self, samples: Samples) -> None:
        """Append (channels, samples)."""
        for first in range(0, samples.shape[-1], FRAMES_A_WRITE):
            some = samples[:, first : first + FRAMES_A_WRITE].T
            with self._writing():
                self._file.write(np.ascontiguousarray(self._values(some)))
            self._count += len(some)

    def _values(self, samples: Samples) -> npt.NDArray[np.float32] | npt.NDArray[np.int32]:
        """Return samples so that soundfile neither cuts them off nor lets them wrap round."""
        if bits := BITS.get(self._form.subtype):
            return to_integers(samples, bits) << np.int32(32 - bits)
        return samples if self._form.subtype in UNLIMITED else np.clip(samples, -1, 1)

    def close(self) -> None:
        """Write what is not written yet."""
        with self._writing():
            self._file.close()

    def check(self, frames: int) -> None:
        """Refuse a file that came out with another length than its samples or its source."""
        with self._writing():
            found = soundfile.info(system_path(self._path)).frames
        if found not in (self._count, frames):
            raise self._unwritable(f"{self._count} samples came out as {found}")

    @contextlib.contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            yield
        # soundfile asserts that all was written.
        except (soundfile.SoundFileError, AssertionError) as error:
            reason = _reason(error) or "not all was taken"
            raise DataError(
                f"{self._path} cannot be written: {reason}; is the disk full?"
            ) from error

    def _unwritable(self, reason: str) -> DataError:
        return DataError(
            f"cannot be written back as {self._form}: {reason}; convert it first, to WAV or FLAC "
            "for example"
        )


def _reason(error: Exception) -> str:
    return str(getattr(error, "error_string", error)).rstrip(".")
