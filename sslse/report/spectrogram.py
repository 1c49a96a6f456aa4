"""Spectrograms as small pictures."""

import struct
import zlib
from collections.abc import Sequence

import numpy as np
from matplotlib import colormaps

from sslse.api import Samples

WINDOW_SECONDS = 0.032
RANGE_DB = 70.0
COLUMNS = 300
COLOURS = 48
MAP = "magma"


def draw_spectrograms(waves: Sequence[Samples], sample_rate: int) -> list[bytes]:
    """Draw waves of one sample rate as PNG, from 0 Hz (bottom) to half the sample rate.

    All have one scale of colours: it ends at the loudest point of them all, and begins 70 dB
    beneath.

    Args:
        waves: each (samples,).
        sample_rate: in Hz.
    """
    window = 2 ** round(np.log2(WINDOW_SECONDS * sample_rate))
    levels = [_levels_db(wave, window) for wave in waves]
    top = max(float(one.max()) for one in levels)
    return [_png(np.clip((one - top) / RANGE_DB + 1, 0, 1)[::-1]) for one in levels]


def _levels_db(wave: Samples, window: int) -> Samples:
    """Return levels in dB, (window / 2 + 1, columns)."""
    padded = np.pad(wave.astype(np.float64), window // 2)
    hop = max(window // 4, -(-len(wave) // COLUMNS))
    frames = np.lib.stride_tricks.sliding_window_view(padded, window)[::hop]
    spectrum = np.fft.rfft(frames * np.hanning(window), axis=-1)
    levels: Samples = 20 * np.log10(np.abs(spectrum.T) + 1e-9).astype(np.float32)
    return levels


def _png(brightness: Samples) -> bytes:
    """Write values from 0 to 1, (rows, columns), as PNG with a palette: a byte a point at most.

    The format is that of the PNG specification (W3C, 2003); matplotlib writes four bytes a point.
    """
    rows, columns = brightness.shape
    steps = np.round(brightness * (COLOURS - 1)).astype(np.uint8)
    palette = np.round(255 * colormaps[MAP](np.linspace(0, 1, COLOURS))[:, :3]).astype(np.uint8)
    unfiltered = np.pad(steps, ((0, 0), (1, 0)))
    header = struct.pack(">IIBBBBB", columns, rows, 8, 3, 0, 0, 0)
    chunks = (
        (b"IHDR", header),
        (b"PLTE", palette.tobytes()),
        (b"IDAT", zlib.compress(unfiltered.tobytes(), 9)),
        (b"IEND", b""),
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(content))
        + name
        + content
        + struct.pack(">I", zlib.crc32(name + content))
        for name, content in chunks
    )
