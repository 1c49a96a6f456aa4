"""Enhance one sound: of a file into a file, or into a stream while it is read."""

import contextlib
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import soundfile

from sslse.audio import Samples, opened
from sslse.enhance.channels import ChannelGroups
from sslse.enhance.model import Model
from sslse.enhance.sound_files import SoundFormat, blocks, replacing
from sslse.errors import DataError

Write = Callable[[Samples], None]  # takes (channels, samples)
Watch = Callable[[float, float], None]  # seconds that are done, and of all that the header says


@dataclass(frozen=True)
class Enhanced:
    """What was done.

    Args:
        seconds: of sound.
        computing: seconds that the network took.
        missing: seconds that the header says beyond those that are there.
    """

    seconds: float
    computing: float
    missing: float = 0.0


def enhance_file(model: Model, source: Path, target: Path, watch: Watch | None = None) -> Enhanced:
    """Enhance a file into another one of the same format, rate, channels and length.

    Raises:
        DataError: the source cannot be read, or its format not written; nothing is left behind.
        OSError: the target cannot be written.
    """
    with _about(source), opened(source) as file:
        form = SoundFormat.of(file)
        with replacing(target, form, file.frames) as write:
            return _through_file(model, file, write, watch)


def enhance_file_into(
    model: Model, source: Path, write_as: Callable[[SoundFormat], Write], watch: Watch | None = None
) -> Enhanced:
    """Enhance a file into what is made for its format, a stream.

    Raises:
        DataError: the source cannot be read.
    """
    with _about(source), opened(source) as file:
        return _through_file(model, file, write_as(SoundFormat.of(file)), watch)


def through(
    model: Model,
    sound: Iterable[Samples],
    write: Write,
    *,
    sample_rate: int,
    channels: int,
    frames: int | None = None,
    watch: Callable[[float], None] = lambda _: None,
) -> Enhanced:
    """Enhance a sound block by block.

    Args:
        model: that enhances.
        sound: its blocks, (channels, samples) float32.
        write: takes the enhanced blocks.
        sample_rate: in Hz.
        channels: their number.
        frames: that come at most; None where that is not known.
        watch: is told how many seconds were taken, after each block.

    Raises:
        DataError: there is no sample, or one that comes or is given is not finite.
    """
    stream = ChannelGroups(model, sample_rate, channels, frames)
    taken, computing = 0, 0.0
    for block in sound:
        began = time.perf_counter()
        enhanced = stream.push(block)
        computing += time.perf_counter() - began
        taken += block.shape[-1]
        _write(enhanced, write)
        watch(taken / sample_rate)
    if not taken:
        raise DataError("holds no samples")
    began = time.perf_counter()
    enhanced = stream.finish()
    computing += time.perf_counter() - began
    _write(enhanced, write)
    return Enhanced(taken / sample_rate, computing)


def _through_file(
    model: Model, file: soundfile.SoundFile, write: Write, watch: Watch | None
) -> Enhanced:
    seconds = file.frames / file.samplerate

    def told(done: float) -> None:
        if watch is not None:
            watch(done, seconds)

    done = through(
        model,
        blocks(file),
        write,
        sample_rate=file.samplerate,
        channels=file.channels,
        frames=file.frames,
        watch=told,
    )
    return replace(done, missing=seconds - done.seconds)


def _write(enhanced: Samples, write: Write) -> None:
    if not np.isfinite(enhanced).all():
        raise DataError("is too loud for the model, whose result is not finite")
    if enhanced.size:
        write(enhanced)


@contextlib.contextmanager
def _about(source: Path) -> Iterator[None]:
    """Let an error begin with the file it is about."""
    try:
        yield
    except DataError as error:
        text = str(error)
        begun = text.startswith(f"{source}: ")
        raise (error if begun else DataError(f"{source}: {text}")) from error
