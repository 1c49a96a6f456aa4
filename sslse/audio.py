"""Audio files to samples and back, and from one sample rate to another."""

import importlib.metadata
import re
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

_WRITABLE_ENDINGS = (".flac", ".wav")
_LONGEST_SPHERE_HEADER_BYTES = 16384
_SHORTEN = re.compile(rb"^sample_coding\s+-s\d+\s+\S*shorten", re.MULTILINE | re.IGNORECASE)


def read_audio(path: Path) -> tuple[Samples, int]:
    """Read a file in any format soundfile knows, NIST SPHERE included, whatever its ending.

    Returns:
        Mono samples in about [-1, 1], (samples,) float32, the mean of all channels; and their rate
        in Hz.

    Raises:
        DataError: the file is missing, empty, unreadable, compressed by shorten, or holds samples
            that are not finite.
    """
    _refuse_empty_and_shorten(path)
    try:
        channels, sample_rate = soundfile.read(path, dtype="float32", always_2d=True)
    # TypeError: of headerless formats (.raw) soundfile demands what no file says.
    except (soundfile.SoundFileError, TypeError) as error:
        reason = getattr(error, "error_string", str(error)).rstrip(".")
        raise DataError(
            f"{path}: cannot be read as audio: {reason}; possible: whatever soundfile reads "
            "(WAV, FLAC, Ogg, MP3, AIFF, NIST SPHERE, ...)"
        ) from error
    samples: Samples = channels.mean(axis=1)
    if not samples.size:
        raise DataError(f"{path}: holds no samples")
    if not np.isfinite(samples).all():
        raise DataError(f"{path}: holds samples that are not finite")
    return samples, int(sample_rate)


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
        soundfile.write(path, np.clip(samples, -1.0, 1.0), sample_rate, subtype="PCM_16")
    except soundfile.SoundFileError as error:
        reason = "its folder is missing" if not path.parent.is_dir() else str(error)
        raise DataError(f"{path}: cannot be written: {reason}") from error


def resample(samples: Samples, rate: int, target_rate: int) -> Samples:
    """Change the sample rate by a Kaiser-windowed sinc of 64 zero crossings a side.

    Args:
        samples: (samples,) float32.
        rate: theirs, in Hz.
        target_rate: the wanted one, in Hz.

    Returns:
        ceil(samples * target_rate / rate) samples; the very same array where the rates are equal.

    Raises:
        DependencyError: the rates differ and torchaudio cannot be imported.
    """
    if rate == target_rate:
        return samples
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


def _refuse_empty_and_shorten(path: Path) -> None:
    try:
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
