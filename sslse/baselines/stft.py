"""Waves to short-time spectra and back, in float64."""

import numpy as np
import numpy.typing as npt

from sslse.api import Samples

WINDOW_SECONDS = 0.032

Spectra = npt.NDArray[np.complex128]
Powers = npt.NDArray[np.float64]


def hop_of(sample_rate: int) -> int:
    """Return the samples between two windows: half of the 32 ms that a window lasts."""
    return round(sample_rate * WINDOW_SECONDS / 2)


def stft(wave: Samples, hop: int) -> Spectra:
    """Cut a wave into windows that overlap by half, and transform each.

    The window is the root of a Hann window, which `istft` applies again: both together add up to
    one at every sample.

    Args:
        wave: (samples,).
        hop: samples between two windows; a window has twice as many.

    Returns:
        Spectra, (windows, hop + 1).
    """
    missing = -len(wave) % hop
    padded = np.pad(wave.astype(np.float64), (hop, hop + missing))
    windows = np.lib.stride_tricks.sliding_window_view(padded, 2 * hop)[::hop]
    spectra: Spectra = np.fft.rfft(windows * _window(hop), axis=-1)
    return spectra


def istft(spectra: Spectra, samples: int) -> Samples:
    """Turn spectra of `stft`, changed or not, into a wave (samples,) float32."""
    hop = spectra.shape[-1] - 1
    windows = np.fft.irfft(spectra, n=2 * hop, axis=-1) * _window(hop)
    halves = windows.reshape(-1, 2, hop)
    wave = np.zeros((len(halves) + 1, hop))
    wave[:-1] += halves[:, 0]
    wave[1:] += halves[:, 1]
    return wave.reshape(-1)[hop : hop + samples].astype(np.float32)


def power_of(spectra: Spectra) -> Powers:
    """Return the power of every point."""
    return spectra.real**2 + spectra.imag**2


def _window(hop: int) -> Powers:
    window: Powers = np.sin(np.pi * np.arange(2 * hop) / (2 * hop))
    return window
