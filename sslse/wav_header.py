"""The header of a WAV stream: read from where nothing can be sought, written for any length."""

import struct
from dataclasses import dataclass
from typing import BinaryIO

from sslse.audio import HIGHEST_RATE, LOWEST_RATE
from sslse.errors import DataError
from sslse.pcm import Encoding, Kind

UNKNOWN = 0xFFFFFFFF  # as ffmpeg writes it
MOST_CHANNELS = 1024  # as libsndfile
KINDS = (b"RIFF", b"RIFX", b"RF64", b"BW64")
PCM, FLOATING, EXTENSIBLE = 1, 3, 0xFFFE
GUID_END = bytes.fromhex("000000001000800000aa00389b71")  # after the tag, of what WAVE knows
_POSSIBLE = "possible: WAV of PCM with 8, 16, 24 or 32 bits or floating point with 32 or 64"


@dataclass(frozen=True)
class WavHeader:
    """What a stream says of itself.

    Args:
        encoding: of its samples.
        sample_rate: in Hz.
        channels: their number.
        about: the content of its ``fmt`` chunk, as it came.
        length: of its samples in bytes; None where the stream ends it.
    """

    encoding: Encoding
    sample_rate: int
    channels: int
    about: bytes
    length: int | None = None

    def written(self, length: int | None = None) -> bytes:
        """Return the header of another stream in this format; of unknown length for None."""
        order = ">" if self.encoding.big else "<"
        chunk = b"fmt " + struct.pack(f"{order}I", len(self.about)) + self.about
        data = UNKNOWN if length is None else length
        riff = UNKNOWN if length is None else 4 + len(chunk) + 8 + length + length % 2
        kind = b"RIFX" if self.encoding.big else b"RIFF"
        head = kind + struct.pack(f"{order}I", riff) + b"WAVE"
        return head + chunk + b"data" + struct.pack(f"{order}I", data)


def make_header(encoding: Encoding, sample_rate: int, channels: int) -> WavHeader:
    """Return the header for samples of an encoding that WAV knows, little-endian."""
    tag = FLOATING if encoding.kind == "f" else PCM
    frame = channels * encoding.size
    a_second = min(sample_rate * frame, 2**32 - 1)
    sizes = (channels, sample_rate, a_second, frame, 8 * encoding.size)
    return WavHeader(encoding, sample_rate, channels, struct.pack("<HHIIHH", tag, *sizes))


def read_header(stream: BinaryIO) -> WavHeader:
    """Read up to the first sample.

    A length of 0, one that no file can have, or one beyond the end of the stream is taken as
    unknown: programs that write into a pipe do not know it.

    Raises:
        DataError: it is no WAV stream, or one in another encoding.
    """
    kind = stream.read(12)
    if not kind:
        raise DataError("is empty (0 bytes)")
    if kind[:4] not in KINDS or kind[8:] != b"WAVE":
        raise DataError(
            f"begins with {kind[:12]!r}, which is no WAV; {_POSSIBLE}, or raw samples with --raw"
        )
    order = ">" if kind[:4] == b"RIFX" else "<"
    about, long_length = b"", None
    while True:
        head = stream.read(8)
        if len(head) < 8:  # noqa: PLR2004
            raise DataError("ends before its first sample")
        name, size = struct.unpack(f"{order}4sI", head)
        if name == b"data":
            break
        content = _content(stream, size)
        if name == b"fmt ":
            about = content
        elif name == b"ds64" and len(content) >= 16:  # noqa: PLR2004
            long_length = struct.unpack("<8xQ", content[:16])[0]
    if not about:
        raise DataError("has no 'fmt ' chunk before its samples, so that their encoding is unknown")
    encoding, sample_rate, channels = _parse(about, order)
    length = long_length if long_length is not None and size == UNKNOWN else size
    unknown = size in (0, UNKNOWN) and long_length is None
    return WavHeader(encoding, sample_rate, channels, about, None if unknown else length)


def _content(stream: BinaryIO, size: int) -> bytes:
    """Read a chunk that may claim any size; keep its beginning."""
    kept, missing = b"", size + size % 2
    while missing > 0:
        some = stream.read(min(missing, 65536))
        if not some:
            raise DataError("ends before its first sample")
        missing -= len(some)
        if not kept:
            kept = some[:size]
    return kept


def _parse(about: bytes, order: str) -> tuple[Encoding, int, int]:
    if len(about) < 16:  # noqa: PLR2004
        raise DataError(f"has a 'fmt ' chunk of {len(about)} bytes, where 16 is the least")
    tag, channels, rate, _, frame, bits = struct.unpack(f"{order}HHIIHH", about[:16])
    if tag == EXTENSIBLE and about[26:40] == GUID_END:
        (tag,) = struct.unpack(f"{order}H", about[24:26])
    sizes = {PCM: (1, 2, 3, 4), FLOATING: (4, 8)}.get(tag, ())
    if not 1 <= channels <= MOST_CHANNELS:
        raise DataError(f"has {channels} channels; possible: 1 to {MOST_CHANNELS}")
    size = frame // channels
    if size not in sizes or frame % channels or -(-bits // 8) != size:
        raise DataError(
            f"holds encoding {tag:#06x} of {bits} bits in {frame} bytes for {channels} channels; "
            f"{_POSSIBLE}"
        )
    if not LOWEST_RATE <= rate <= HIGHEST_RATE:
        raise DataError(f"says {rate} Hz; possible: {LOWEST_RATE} to {HIGHEST_RATE} Hz")
    kind: Kind = "f" if tag == FLOATING else "u" if size == 1 else "s"
    return Encoding(kind, size, order == ">"), rate, channels
