"""Waves filtered by the product of spectra."""

from collections.abc import Callable

import torch
from torch import Tensor


def fast_length(samples: int) -> int:
    """Return a length for an FFT: at least as long, and a power of two times 4, 5, 6, 7 or 8."""
    step = 1 << max((samples - 1).bit_length() - 3, 0)
    return -(-samples // step) * step


def frequencies_of(length: int, sample_rate: int, device: torch.device) -> Tensor:
    """Return the frequencies in Hz of the bins of a real FFT, (length // 2 + 1,)."""
    frequencies: Tensor = torch.fft.rfftfreq(length, 1 / sample_rate, device=device)
    return frequencies


def filter_zero_phase(
    waves: Tensor, gains: Callable[[Tensor], Tensor], sample_rate: int, ringing: int
) -> Tensor:
    """Weight the frequencies of waves without a delay; before and after them there is silence.

    Args:
        waves: (..., samples).
        gains: maps frequencies in Hz (bins,) to real factors (..., bins).
        sample_rate: in Hz.
        ringing: samples after which the filter's impulse response has died away.

    Returns:
        Waves of the same shape.
    """
    samples = waves.shape[-1]
    length = fast_length(samples + ringing)
    weights = gains(frequencies_of(length, sample_rate, waves.device))
    filtered: Tensor = torch.fft.irfft(torch.fft.rfft(waves, length).mul_(weights), length)
    return filtered[..., :samples]


def convolve(waves: Tensor, responses: Tensor) -> Tensor:
    """Convolve waves (..., samples) with responses (..., taps), cut to the waves' length."""
    samples = waves.shape[-1]
    responses = responses[..., :samples]
    length = fast_length(samples + responses.shape[-1] - 1)
    spectrum = torch.fft.rfft(waves, length).mul_(torch.fft.rfft(responses, length))
    convolved: Tensor = torch.fft.irfft(spectrum, length)
    return convolved[..., :samples]
