"""Sound from a stream of bytes into another one, as it comes."""

import contextlib
import io
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from sslse.audio import HIGHEST_RATE, LOWEST_RATE, Samples
from sslse.enhance.job import Enhanced, enhance_file_into, through
from sslse.enhance.model import Model
from sslse.enhance.sound_files import BITS, SoundFormat
from sslse.errors import DataError
from sslse.pcm import ENCODINGS, Encoding
from sslse.wav_header import MOST_CHANNELS, UNKNOWN, WavHeader, make_header, read_header

BYTES_AT_ONCE = 2**16
FEW_CHANNELS = 16  # of more, a tenth of a second is gathered at least
LEAST_SECONDS = 0.1
FLOATING = {"FLOAT": "f32le", "DOUBLE": "f64le"}


def parse_raw(text: str) -> WavHeader:
    """Return the format of raw samples from ``ENCODING,RATE,CHANNELS``, as in ``s16le,16000,1``.

    Raises:
        DataError: the text says something else.
    """
    name, _, rest = text.partition(",")
    rate, _, channels = rest.partition(",")
    if name not in ENCODINGS:
        raise DataError(f"no encoding named {name!r}; possible: {', '.join(ENCODINGS)}")
    if not (rate.isdecimal() and LOWEST_RATE <= int(rate) <= HIGHEST_RATE):
        raise DataError(f"{rate!r} is no sample rate from {LOWEST_RATE} to {HIGHEST_RATE} Hz")
    if not (channels.isdecimal() and 1 <= int(channels) <= MOST_CHANNELS):
        raise DataError(f"{channels!r} is no number of channels from 1 to {MOST_CHANNELS}")
    return WavHeader(ENCODINGS[name], int(rate), int(channels), b"")


def enhance_pipe(
    model: Model, source: BinaryIO, target: BinaryIO, raw: WavHeader | None = None
) -> Enhanced:
    """Enhance what comes, a WAV or raw samples, and give the same, each chunk when it is ready.

    Args:
        model: that enhances.
        source: to read from; never sought.
        target: to write into.
        raw: the format of raw samples; None for WAV.

    Raises:
        DataError: the source is no such stream.
        BrokenPipeError: nobody reads the target any more.
    """
    form = read_header(source) if raw is None else raw
    sink = _Sink(target, form, header=raw is None)
    chunks = _chunks(source, form)
    sound = (form.encoding.decode(chunk, form.channels) for chunk in chunks)
    frame = form.channels * form.encoding.size
    done = through(
        model,
        sound,
        sink.write,
        sample_rate=form.sample_rate,
        channels=form.channels,
        frames=None if form.length is None else form.length // frame,
    )
    sink.finish()
    return done


def enhance_file_to_pipe(
    model: Model,
    source: Path,
    target: BinaryIO,
    watch: Callable[[float, float], None] | None = None,
) -> Enhanced:
    """Enhance a file into a WAV stream, of the file's encoding or else 16 bits.

    Raises:
        DataError: the file cannot be read.
        BrokenPipeError: nobody reads the target any more.
    """
    sinks: list[_Sink] = []

    def write_as(form: SoundFormat) -> Callable[[Samples], None]:
        header = make_header(_encoding_like(form), form.sample_rate, form.channels)
        sinks.append(_Sink(target, header, header=True))
        return sinks[0].write

    done = enhance_file_into(model, source, write_as, watch)
    sinks[0].finish()
    return done


def _encoding_like(form: SoundFormat) -> Encoding:
    if form.subtype in FLOATING:
        return ENCODINGS[FLOATING[form.subtype]]
    bits = BITS.get(form.subtype, 16)
    return ENCODINGS["u8" if bits == 8 else f"s{-(-bits // 8) * 8}le"]  # noqa: PLR2004


def _chunks(source: BinaryIO, form: WavHeader) -> Iterator[bytes]:
    """Give whole frames as soon as they are there; what is left of one at the end is dropped."""
    frame = form.channels * form.encoding.size
    few = form.channels <= FEW_CHANNELS
    least = frame if few else frame * max(1, round(LEAST_SECONDS * form.sample_rate))
    read = getattr(source, "read1", source.read)
    held = bytearray()
    missing = form.length
    while missing is None or missing > 0:
        some = read(BYTES_AT_ONCE if missing is None else min(missing, BYTES_AT_ONCE))
        if missing is not None:
            missing -= len(some)
        held += some
        if len(held) >= least or not some:
            whole = len(held) - len(held) % frame
            if whole:
                yield bytes(held[:whole])
            del held[:whole]
        if not some:
            return
    if whole := len(held) - len(held) % frame:
        yield bytes(held[:whole])
    while read(BYTES_AT_ONCE):  # chunks after the samples: whoever writes them is not interrupted
        pass


class _Sink:
    """Writes samples behind a header; says their length in it in the end where it can seek."""

    def __init__(self, target: BinaryIO, form: WavHeader, *, header: bool) -> None:
        self._target, self._form, self._header = target, form, header
        self._written = 0
        self._begun = False

    def write(self, samples: Samples) -> None:
        """Write (channels, samples), at once."""
        self._begin()
        content = self._form.encoding.encode(samples)
        self._target.write(content)
        self._target.flush()
        self._written += len(content)

    def finish(self) -> None:
        """Correct the header."""
        if not self._header or self._written + 2**16 > UNKNOWN or not _rewritable(self._target):
            return
        if self._written % 2:
            self._target.write(b"\0")
        end = self._target.tell()
        header = self._form.written(self._written)
        self._target.seek(end - self._written - self._written % 2 - len(header))
        self._target.write(header)
        self._target.seek(end)
        self._target.flush()

    def _begin(self) -> None:
        if self._header and not self._begun:
            self._target.write(self._form.written())
        self._begun = True


def _rewritable(stream: BinaryIO) -> bool:
    """Tell whether a stream is a file that can be written at any place."""
    with contextlib.suppress(OSError, AttributeError, io.UnsupportedOperation):
        if not stream.seekable():
            return False
        import fcntl

        return not fcntl.fcntl(stream.fileno(), fcntl.F_GETFL) & os.O_APPEND
    return False
