"""Samples as bytes: the encodings of raw PCM and of WAV streams."""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from sslse.audio import Samples

Kind = Literal["s", "u", "f"]

THREE = 3  # bytes: numbers that numpy has no type for
_TYPES = {("f", 4): "f4", ("f", 8): "f8", ("s", 1): "i1", ("u", 1): "u1"}
_TYPES |= {("s", 2): "i2", ("s", 4): "i4"}


@dataclass(frozen=True)
class Encoding:
    """How one sample is written.

    Args:
        kind: ``s`` signed, ``u`` unsigned, ``f`` floating point.
        size: bytes of a sample.
        big: whether the most significant byte comes first.
    """

    kind: Kind
    size: int
    big: bool = False

    @property
    def name(self) -> str:
        """As ffmpeg and others call it: ``s16le``, ``u8``, ``f32be``."""
        order = "" if self.size == 1 else "be" if self.big else "le"
        return f"{self.kind}{8 * self.size}{order}"

    def decode(self, content: bytes | bytearray, channels: int) -> Samples:
        """Return the samples of whole frames, (channels, samples) float32 in about [-1, 1]."""
        if self.kind == "f":
            with np.errstate(over="ignore"):  # beyond float32: infinite, and refused as such
                values = np.frombuffer(content, self._type()).astype(np.float32)
        elif self.size == THREE:
            values = _of_three_bytes(content, self.big) / np.float32(2**31)
        else:
            whole = np.frombuffer(content, self._type()).astype(np.float32)
            half = np.float32(2 ** (8 * self.size - 1))
            values = (whole - half if self.kind == "u" else whole) / half
        samples: Samples = values.reshape(-1, channels).T
        return samples

    def encode(self, samples: Samples) -> bytes:
        """Return (channels, samples) as bytes; whole numbers are rounded, and never wrap round."""
        values = samples.T.reshape(-1)
        if self.kind == "f":
            return values.astype(self._type()).tobytes()
        bits = 8 * self.size
        whole = to_integers(values, bits)
        if self.size == THREE:
            return _to_three_bytes(whole, self.big)
        zero = 2 ** (bits - 1) if self.kind == "u" else 0
        content: bytes = (whole + zero).astype(self._type()).tobytes()
        return content

    def _type(self) -> np.dtype[Any]:
        return np.dtype((">" if self.big else "<") + _TYPES[self.kind, self.size])


ENCODINGS = {
    one.name: one
    for one in (
        *(Encoding("s", 1), Encoding("u", 1)),
        *(Encoding("s", size, big) for size in (2, 3, 4) for big in (False, True)),
        *(Encoding("f", size, big) for size in (4, 8) for big in (False, True)),
    )
}


def to_integers(samples: npt.NDArray[np.float32], bits: int) -> npt.NDArray[np.int32]:
    """Return samples in [-1, 1] as whole numbers of so many bits, rounded; beyond is clipped."""
    half = 2.0 ** (bits - 1)
    scaled = np.rint(samples.astype(np.float64) * half)
    return np.clip(scaled, -half, half - 1).astype(np.int32)


def _of_three_bytes(content: bytes | bytearray, big: bool) -> npt.NDArray[np.float32]:
    """Return 24-bit numbers times 256."""
    three = np.frombuffer(content, np.uint8).reshape(-1, 3)
    four = np.zeros((len(three), 4), np.uint8)
    four[:, :3] = three if big else three[:, ::-1]
    return four.view(">i4").reshape(-1).astype(np.float32)


def _to_three_bytes(whole: npt.NDArray[np.int32], big: bool) -> bytes:
    three = whole.astype(">i4").view(np.uint8).reshape(-1, 4)[:, 1:]
    return (three if big else three[:, ::-1]).tobytes()
