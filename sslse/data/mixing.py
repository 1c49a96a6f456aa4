"""Mix speech and noise at a signal-to-noise ratio."""

import torch
from torch import Tensor


def mix_at_snr(
    speech: Tensor, noise: Tensor, snr_db: Tensor, *, out: Tensor | None = None
) -> Tensor:
    """Add noise to speech so that each pair has the given signal-to-noise ratio.

    Args:
        speech: clean waves, (..., samples).
        noise: noise waves, (..., samples); scaled, never clipped.
        snr_db: ratio of mean powers in dB, (...).
        out: where to write the noisy waves, which saves their memory; may be ``noise``. Needs
            waves without gradients.

    Returns:
        Noisy waves, (..., samples). Where speech or noise is silent, the speech unchanged.
    """
    speech_norm = torch.linalg.vector_norm(speech, dim=-1)
    noise_norm = torch.linalg.vector_norm(noise, dim=-1)
    tiny = torch.finfo(noise.dtype).tiny ** 0.5
    gain = speech_norm / noise_norm.clamp_min(tiny) * 10 ** (-snr_db / 20)
    gain = torch.where(noise_norm > tiny, gain, 0.0)
    return torch.addcmul(speech, gain.unsqueeze(-1), noise, out=out)
