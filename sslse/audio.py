"""Audio files to samples and back, and from one sample rate to another."""

import contextlib
import importlib.metadata
import io
import math
import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import soundfile
import torch

from sslse.errors import DataError, DependencyError

Samples = npt.NDArray[np.float32]

AUDIO_ENDINGS = frozenset(
    f".{ending}"
    for ending in (
        *("wav", "w64", "rf64", "flac", "ogg", "oga", "opus", "mp3"),
        *("aif", "aiff", "aifc", "caf", "au", "snd"),
        *("sph", "nist", "wv1", "wv2"),  # NIST SPHERE
    )
)

LOWEST_RATE, HIGHEST_RATE = 1000, 768_000  # in Hz
LONGEST_SAMPLES = 2**29  # of one recording: 9 hours at 16 kHz, 2 GiB
VALUES_AT_ONCE = 2**22  # of all channels together
CANCELLED = 0.01  # of the channels' peak, that their mean has at least: -40 dB

_WRITABLE_ENDINGS = (".flac", ".wav")
_LARGEST_FILTER = 2**24
_LONGEST_SPHERE_HEADER_BYTES = 16384
_SHORTEN = re.compile(rb"^sample_coding\s+-s\d+\s+\S*shorten", re.MULTILINE | re.IGNORECASE)


def read_audio(path: Path) -> tuple[Samples, int]:
    """Read a file in any format soundfile knows, NIST SPHERE included, whatever its ending.

    Returns:
        Mono samples in about [-1, 1], (samples,) float32, the mean of all channels; and their rate
        in Hz.

    Raises:
        DataError: the file is missing, empty, unreadable, compressed by shorten, longer than
            `LONGEST_SAMPLES`, or holds samples that are not finite.
    """
    with opened(path) as file:
        return read_mono(file, file.frames), int(file.samplerate)


@contextlib.contextmanager
def opened(path: Path) -> Iterator[soundfile.SoundFile]:
    """Open a file in any format `read_audio` reads, to read only what is needed.

    A WAV whose header says 0 samples, as programs leave it that write into a pipe, is read to the
    file's end.

    Raises:
        DataError: the file is missing, empty or unreadable, when it is opened or while it is read.
    """
    _refuse_other_than_sound(path)
    try:
        with (
            _unfinished(path) or contextlib.nullcontext(system_path(path)) as content,
            _Forward(content) as file,
        ):
            if not LOWEST_RATE <= file.samplerate <= HIGHEST_RATE:
                raise DataError(
                    f"{path}: its header says {file.samplerate} Hz; possible: {LOWEST_RATE} to "
                    f"{HIGHEST_RATE} Hz"
                )
            yield file
    # TypeError: of headerless formats (.raw) soundfile demands what no file says.
    except (soundfile.SoundFileError, TypeError) as error:
        reason = getattr(error, "error_string", str(error)).rstrip(".")
        raise DataError(
            f"{path}: cannot be read as audio: {reason}; possible: whatever soundfile reads "
            "(WAV, FLAC, Ogg, MP3, AIFF, NIST SPHERE, ...)"
        ) from error


def read_mono(file: soundfile.SoundFile, frames: int) -> Samples:
    """Read the mean of all channels from where an opened file stands.

    A header may claim any length: memory grows with the samples that are there.

    Args:
        file: as `opened` gives it.
        frames: how many to read; fewer where the file ends before.

    Returns:
        Samples in about [-1, 1], (samples,) float32.

    Raises:
        DataError: there is no sample, more than `LONGEST_SAMPLES`, or one that is not finite; or
            the channels cancel.
    """
    at_once = max(VALUES_AT_ONCE // file.channels, 1)
    pieces: list[Samples] = []
    missing = min(frames, LONGEST_SAMPLES + 1)
    loudest = 0.0
    while missing > 0:
        channels = file.read(min(at_once, missing), dtype="float32", always_2d=True)
        if not len(channels):
            break
        missing -= len(channels)
        loudest = max(loudest, float(np.abs(channels).max()))
        pieces.append(channels.mean(axis=1))
        if not np.isfinite(pieces[-1]).all():
            raise DataError(f"{file.name}: holds samples that are not finite")
    if not pieces:
        raise DataError(f"{file.name}: holds no samples")
    samples = pieces[0] if len(pieces) == 1 else np.concatenate(pieces)
    if len(samples) > LONGEST_SAMPLES:
        raise DataError(
            f"{file.name}: holds more than {LONGEST_SAMPLES} samples; list segments of it in a "
            "manifest"
        )
    refuse_cancelled(file.name, file.channels, loudest, float(np.abs(samples).max()))
    return samples


def refuse_cancelled(
    name: str | Path, channels: int, channel_peak: float, mean_peak: float
) -> None:
    """Refuse a recording whose channels leave next to nothing of each other in their mean.

    Args:
        name: of the file.
        channels: their number.
        channel_peak: largest absolute value in any of them.
        mean_peak: largest absolute value of their mean.

    Raises:
        DataError: they do.
    """
    if channels > 1 and mean_peak < CANCELLED * channel_peak:
        raise DataError(
            f"{name}: its {channels} channels cancel each other in their mean (one is the other "
            "with the sign turned); keep one of them in a file of its own"
        )


def write_audio(path: Path, samples: Samples, sample_rate: int) -> None:
    """Write mono samples as 16-bit PCM, in the format the ending names (.flac or .wav).

    Args:
        path: of the file; its folder must exist.
        samples: (samples,); never scaled, clipped to [-1, 1].
        sample_rate: in Hz.

    Raises:
        DataError: another ending, samples that are not finite, or a file that cannot be written.
    """
    if path.suffix.lower() not in _WRITABLE_ENDINGS:
        possible = ", ".join(_WRITABLE_ENDINGS)
        raise DataError(f"{path}: cannot write the ending {path.suffix!r}; possible: {possible}")
    if not np.isfinite(samples).all():
        raise DataError(f"{path}: not written: samples are not finite")
    try:
        clipped = np.clip(samples, -1.0, 1.0)
        soundfile.write(system_path(path), clipped, sample_rate, subtype="PCM_16")
    except soundfile.SoundFileError as error:
        reason = "its folder is missing" if not path.parent.is_dir() else str(error)
        raise DataError(f"{path}: cannot be written: {reason}") from error


def system_path(path: Path) -> Path | bytes:
    """Return a path for soundfile, which under an ASCII locale encodes no other name by itself."""
    return os.fsencode(path) if os.name == "posix" else path


def resample(samples: Samples, rate: int, target_rate: int) -> Samples:
    """Change the sample rate by a Kaiser-windowed sinc of 64 zero crossings a side.

    Args:
        samples: (samples,) float32.
        rate: theirs, in Hz.
        target_rate: the wanted one, in Hz.

    Returns:
        ceil(samples * target_rate / rate) samples; the very same array where the rates are equal.

    Raises:
        DataError: the ratio of the rates has no small terms (16001 to 16000, say), so that the
            filter would fill the memory; or the result is longer than `LONGEST_SAMPLES`.
        DependencyError: the rates differ and torchaudio cannot be imported.
    """
    if rate == target_rate:
        return samples
    common = math.gcd(rate, target_rate)
    if (rate // common) * (target_rate // common) > _LARGEST_FILTER:
        raise DataError(
            f"cannot be resampled from {rate} to {target_rate} Hz, whose ratio has no small terms; "
            "possible: common rates (8000, 11025, 16000, 22050, 32000, 44100, 48000, ...)"
        )
    if len(samples) * target_rate > LONGEST_SAMPLES * rate:
        raise DataError(
            f"would have more than {LONGEST_SAMPLES} samples at {target_rate} Hz; list segments of "
            "it in a manifest"
        )
    resampled: Samples = (
        _torchaudio()
        .functional.resample(
            torch.tensor(samples),
            rate,
            target_rate,
            lowpass_filter_width=64,
            rolloff=0.9475937167399596,
            resampling_method="sinc_interp_kaiser",
            beta=14.769656459379492,
        )
        .numpy()
    )
    return resampled


class _Forward(soundfile.SoundFile):  # type: ignore[misc]  # untyped
    """A file read from front to back: soundfile would seek after each read, inexactly in MP3."""

    @property
    def name(self) -> Any:
        """The file's path as text."""
        return os.fsdecode(self._name) if isinstance(self._name, bytes) else self._name

    def seekable(self) -> bool:
        return False


class _Unfinished(io.FileIO):
    """A WAV file as if its header said that the length of its samples is unknown."""

    def __init__(self, path: Path, place: int) -> None:
        super().__init__(path)
        self._place = place  # of the four bytes that say the length

    def readinto(self, buffer: Any) -> int:
        """Read on, putting the largest length, which stands for an unknown one, in place of 0."""
        first = self.tell()
        count = super().readinto(buffer) or 0
        begin, end = (min(max(one - first, 0), count) for one in (self._place, self._place + 4))
        memoryview(buffer).cast("B")[begin:end] = (end - begin) * b"\xff"
        return count

    def __str__(self) -> str:
        return str(self.name)


def _unfinished(path: Path) -> _Unfinished | None:
    """Open a WAV file whose header says 0 samples though there are some; None: it is none."""
    from sslse.wav_header import read_header

    with path.open("rb") as file:
        try:
            header = read_header(file)
        except DataError:
            return None
        samples = file.tell()
        file.seek(4)
        told = int.from_bytes(file.read(4), "little") + 8  # of the whole file
        file.seek(samples - 4)
        if any(file.read(4)) or not file.read(1):
            return None
        if told == path.stat().st_size:  # finished, and empty: what follows is no sound
            return None
    return _Unfinished(path, samples - 4) if header.length is None else None


def _refuse_other_than_sound(path: Path) -> None:
    """Refuse what soundfile would wait for, or give no reason for."""
    try:
        if not stat.S_ISREG(path.stat().st_mode) and not path.is_dir():
            raise DataError(f"{path}: is no ordinary file")
        with path.open("rb") as file:
            beginning = file.read(_LONGEST_SPHERE_HEADER_BYTES)
    except OSError as error:
        raise DataError(f"{path}: cannot be opened: {error.strerror}") from error
    if not beginning:
        raise DataError(f"{path}: is empty (0 bytes)")
    header = beginning.partition(b"end_head")[0]
    if header.startswith(b"NIST_1A") and _SHORTEN.search(header):
        raise DataError(
            f"{path}: NIST SPHERE compressed by shorten; decompress it first: 'sph2pipe -f wav "
            "in.wav out.wav' or 'w_decode -o pcm in.wav out.wav'"
        )


def _torchaudio() -> Any:
    """Import torchaudio, whose compiled part loads beside few releases of torch only."""
    try:
        import torchaudio.functional
    except (ImportError, OSError, RuntimeError, AttributeError) as error:
        raise DependencyError(
            f"torch {_version('torch')} and torchaudio {_version('torchaudio')} do not fit "
            f"together: {error}; a working pair: torch 2.14.1 with torchaudio 2.11.0; "
            "pip install 'torch>=2.11,<2.15' 'torchaudio==2.11.0'"
        ) from error
    return torchaudio


def _version(distribution: str) -> str:
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return "(not installed)"
