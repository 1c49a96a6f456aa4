"""Which files are enhanced into which."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from sslse.audio import AUDIO_ENDINGS
from sslse.enhance.sound_files import partial_of
from sslse.errors import DataError

MOST_SHOWN = 10  # faults; the rest is counted


@dataclass(frozen=True)
class Job:
    """A file to enhance, and the one to write."""

    source: Path
    target: Path


@dataclass(frozen=True)
class Plan:
    """What is to be done.

    Args:
        jobs: in the order of the inputs, below a folder in that of the names.
        unusable: inputs that give no job, and why.
    """

    jobs: tuple[Job, ...]
    unusable: tuple[str, ...]


def plan(inputs: Sequence[Path], folder: Path, *, overwrite: bool = False) -> Plan:
    """Find the files of all inputs and where each is written.

    A file goes into ``folder`` under its name; the files below an input that is a folder go there
    under their paths relative to that input. A folder is searched for the endings of sound files,
    without following links to folders, and without ``folder`` itself where it lies inside.

    Args:
        inputs: files and folders.
        folder: to write into; it need not exist.
        overwrite: whether a target that exists is replaced.

    Raises:
        DataError: targets that are inputs, that exist, or of several inputs; all are listed.
    """
    jobs: dict[tuple[object, Path], Job] = {}
    unusable: list[str] = []
    for one in inputs:
        found = list(_jobs_of(one, folder, unusable))
        if not found:
            endings = ", ".join(sorted(AUDIO_ENDINGS))
            unusable.append(f"{shown(one)}: holds no sound file; searched for {endings}")
        for job in found:
            if _is_utf8(job.source):
                jobs.setdefault((_identity(job.source) or job.source, _absolute(job.target)), job)
            else:
                unusable.append(f"{shown(job.source)}: its name is not UTF-8; rename it")
    planned = tuple(jobs.values())
    faults = [*_faults_of_folder(folder), *_faults(planned, overwrite=overwrite)]
    if faults:
        more = [f"and {len(faults) - MOST_SHOWN} more"] if len(faults) > MOST_SHOWN else []
        raise DataError("\n".join(["nothing was enhanced:", *faults[:MOST_SHOWN], *more]))
    return Plan(planned, tuple(unusable))


def shown(path: Path) -> str:
    """Return a path as text that every terminal takes, on one line."""
    text = os.fsencode(path).decode("utf-8", "backslashreplace")
    return "".join(one if one.isprintable() else repr(one)[1:-1] for one in text)


def _jobs_of(one: Path, folder: Path, unusable: list[str]) -> Iterator[Job]:
    if not _is_folder(one):
        yield Job(one, folder / one.name)
        return
    for path in _sound_files(one, folder, unusable):
        yield Job(path, folder / path.relative_to(one))


def _sound_files(top: Path, without: Path, unusable: list[str]) -> Iterator[Path]:
    """Give the sound files below a folder, sorted; without another folder below it."""

    def refuse(error: OSError) -> None:
        unusable.append(f"{shown(Path(error.filename))}: {(error.strerror or '').lower()}")

    left_out = _identity(without)
    for here, folders, names in os.walk(top, onerror=refuse):
        folders.sort()
        if left_out is not None:
            folders[:] = [name for name in folders if _identity(Path(here, name)) != left_out]
        for name in sorted(names):
            if Path(name).suffix.lower() in AUDIO_ENDINGS:
                yield Path(here, name)


def _faults_of_folder(folder: Path) -> Iterator[str]:
    for one in (folder, *folder.parents):
        if _identity(one) is not None:
            if not _is_folder(one):
                yield f"{shown(one)}: is no folder to write into; give another one with -o"
            return


def _faults(jobs: Sequence[Job], *, overwrite: bool) -> Iterator[str]:
    """Say of each job what forbids it."""
    inputs = {_identity(job.source): job.source for job in jobs}
    inputs.pop(None, None)
    source_of: dict[Path, Path] = {}
    for job in jobs:
        target, partial = shown(job.target), partial_of(job.target)
        other = source_of.setdefault(_absolute(job.target), job.source)
        there = _identity(job.target)
        if other != job.source:
            yield (
                f"{target}: would be written from {shown(other)} and from {shown(job.source)}; "
                "enhance them into two folders"
            )
        elif there in inputs:
            yield f"{target}: is an input ({shown(inputs[there])}); give another folder with -o"
        elif _identity(partial) in inputs:
            yield f"{shown(partial)}: is an input, and written to; give another folder with -o"
        elif _is_folder(job.target):
            yield f"{target}: is a folder; give another folder with -o"
        elif there is not None and not overwrite:
            yield f"{target}: exists; --overwrite replaces it, -o takes another folder"


def _absolute(path: Path) -> Path:
    """Return the place of a file, whatever links its folders are."""
    return Path(os.path.realpath(path.parent), path.name)  # resolve() fails on long names


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:
        return False


def _identity(path: Path) -> tuple[int, int] | None:
    """Return what links to the same file have in common; None where there is none."""
    try:
        found = path.stat()
    except (OSError, ValueError):
        return None
    return found.st_dev, found.st_ino


def _is_utf8(path: Path) -> bool:
    try:
        os.fsencode(path).decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
