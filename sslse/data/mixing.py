"""Mix speech and noise at a signal-to-noise ratio."""

import torch
from torch import Tensor


def mix_at_snr(speech: Tensor, noise: Tensor, snr_db: Tensor) -> Tensor:
    """Add noise to speech so that each pair has the given signal-to-noise ratio.

    Args:
        speech: clean waves, (..., samples).
        noise: noise waves, (..., samples); scaled, never clipped.
        snr_db: ratio of mean powers in dB, (...).

    Returns:
        Noisy waves, (..., samples). Where speech or noise is silent, the speech unchanged.
    """
    speech_power = speech.square().mean(-1)
    noise_power = noise.square().mean(-1)
    tiny = torch.finfo(noise.dtype).tiny
    gain = (speech_power / noise_power.clamp_min(tiny)).sqrt() * 10 ** (-snr_db / 20)
    gain = torch.where(noise_power > tiny, gain, 0.0)
    return speech + gain.unsqueeze(-1) * noise
