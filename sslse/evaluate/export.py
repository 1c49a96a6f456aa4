"""Test mixtures as audio files, for other tools: write them, and read them back."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
import soundfile

from sslse.api import Samples
from sslse.audio import opened, read_mono, system_path
from sslse.data.store import Store
from sslse.errors import DataError, RunError
from sslse.evaluate.manifest import FILE, Manifest
from sslse.evaluate.mixtures import AT_ONCE
from sslse.evaluate.verify import check_waves, verified_batches

CLEAN, NOISY = "clean", "noisy"
DIGITS = 4


def file_stem(number: int) -> str:
    """Return the name that the files of a row share, without ending."""
    return f"{number:0{DIGITS}}"


def export(manifest: Manifest, speech: Store, noise: Store, folder: Path) -> None:
    """Write ``clean/NNNN.wav``, ``noisy/NNNN.wav`` and, last, ``manifest.json``.

    The files are 32-bit float WAV: sample for sample what an evaluation uses.

    Args:
        manifest: of the mixtures.
        speech: utterances.
        noise: noises.
        folder: to write; new or empty.

    Raises:
        RunError: the folder holds something.
        DataError: samples are not those of the manifest.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise RunError(f"{folder}: exists already and is never overwritten; choose another folder")
    for name in (CLEAN, NOISY):
        (folder / name).mkdir(parents=True, exist_ok=True)
    for first, _, waves in verified_batches(manifest, speech, noise, AT_ONCE, FILE):
        for name, batch in zip((CLEAN, NOISY), waves, strict=True):
            for number, wave in enumerate(batch.cpu().numpy(), first):
                path = folder / name / f"{file_stem(number)}.wav"
                _write(path, wave, manifest.sample_rate)
    manifest.write(folder / FILE)


def _write(path: Path, wave: Samples, sample_rate: int) -> None:
    try:
        soundfile.write(system_path(path), wave, sample_rate, subtype="FLOAT")
    except soundfile.SoundFileError as error:
        raise DataError(f"{path}: cannot be written: {error}") from error


def read_exported(
    manifest: Manifest, folder: Path, size: int
) -> Iterator[tuple[int, Samples, Samples]]:
    """Yield where each batch begins, and its clean and noisy waves (mixtures, samples).

    Args:
        manifest: of the mixtures.
        folder: that `export` has written.
        size: mixtures in a batch.

    Raises:
        DataError: a file is missing, unreadable, or does not hold the manifest's samples.
    """
    for first in range(0, len(manifest.mixtures), size):
        numbers = range(first, min(first + size, len(manifest.mixtures)))
        clean, noisy = (
            np.stack([_exported(manifest, folder / name, number) for number in numbers])
            for name in (CLEAN, NOISY)
        )
        for number, target, mixed in zip(numbers, clean, noisy, strict=True):
            check_waves(number, manifest.mixtures[number], target, mixed, str(folder))
        yield first, clean, noisy


def _exported(manifest: Manifest, folder: Path, number: int) -> Samples:
    path = folder / f"{file_stem(number)}.wav"
    wave = read_estimate(path, manifest)
    if isinstance(wave, str):
        raise DataError(f"{path}: {wave}; export the mixtures again")
    return wave


def find_estimates(folder: Path, count: int) -> list[Path | str]:
    """Find what another tool made of each noisy file: the same name, whatever the ending.

    Args:
        folder: of the files.
        count: of the mixtures.

    Returns:
        A path for each row, or why there is none.

    Raises:
        DataError: the folder is missing, or holds not one file of such a name.
    """
    if not folder.is_dir():
        raise DataError(f"{folder}: is no folder; give that of the enhanced files")
    there: dict[str, list[Path]] = {}
    for path in sorted(folder.iterdir()):
        if path.is_file():
            there.setdefault(path.stem, []).append(path)
    found = [_only(there.get(file_stem(number), [])) for number in range(count)]
    if all(isinstance(one, str) for one in found):
        raise DataError(
            f"{folder}: holds no file named as those in {NOISY}/: {file_stem(0)}.wav to "
            f"{file_stem(count - 1)}.wav, or with another ending"
        )
    return found


def _only(paths: Sequence[Path]) -> Path | str:
    if not paths:
        return "the file is missing"
    endings = ", ".join(one.suffix for one in paths)
    return paths[0] if len(paths) == 1 else f"there are several files of the name ({endings})"


def read_estimate(path: Path, manifest: Manifest) -> Samples | str:
    """Read a wave as long as a mixture, or say why it cannot be used."""
    try:
        with opened(path) as file:
            if file.samplerate != manifest.sample_rate:
                return f"the file is of {file.samplerate} Hz, not {manifest.sample_rate}"
            if file.channels != 1:
                return f"the file has {file.channels} channels, not 1"
            wave = read_mono(file, manifest.samples + 1)
    except DataError as error:
        return str(error).removeprefix(f"{path}: ")
    if len(wave) != manifest.samples:
        more = "more than " if len(wave) > manifest.samples else "only "
        least = min(len(wave), manifest.samples)
        return f"the file has {more}{least} samples, not {manifest.samples}"
    return wave


def identity_of(paths: Iterable[Path | str]) -> list[list[str | int]]:
    """Return what tells that files are no longer those they were: sizes and times of change."""
    found: list[list[str | int]] = []
    for path in paths:
        if isinstance(path, str):
            found.append([path])
        else:
            status = path.stat()
            found.append([path.name, status.st_size, status.st_mtime_ns])
    return found
