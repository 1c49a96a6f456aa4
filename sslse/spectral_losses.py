"""Enhancement losses on spectra as functions: one value per crop."""

from collections.abc import Sequence

import torch
from torch import Tensor

from sslse.losses import in_float32

SQUARE_FLOOR = 1e-12  # of magnitudes: the root of 0 has no gradient
LEVEL_FLOOR = 1e-4

# Frame, hop and window in samples (Yamamoto et al. 2020, table 1).
RESOLUTIONS = ((1024, 120, 600), (2048, 240, 1200), (512, 50, 240))


def spectral(
    estimate: Tensor,
    clean: Tensor,
    *,
    window: int = 512,
    hop: int = 256,
    power: float = 0.3,
    complex_share: float = 0.3,
    normalize: bool = True,
) -> Tensor:
    """Return the distance of power-compressed spectra, with and without their phases.

    ``mean((1 - a) (|S|^p - |S_hat|^p)^2 + a | |S|^p e^(i arg S) - |S_hat|^p e^(i arg S_hat) |^2)``
    over frames and bins, with root-Hann windows (Braun and Tashev 2020, arXiv:2009.12286, who set
    p and a to 0.3). Unlike SI-SDR it sees the level of the estimate.

    Args:
        estimate: (..., samples).
        clean: (..., samples).
        window: samples of a window.
        hop: samples between two windows.
        power: p, of the magnitudes.
        complex_share: a, the weight of the term with phases.
        normalize: divide both waves by the root mean square of the clean one first, so that soft
            crops count as much as loud ones.

    Returns:
        (...), float32 at least.
    """
    estimate, clean = in_float32(estimate), in_float32(clean)
    if normalize:
        level = clean.square().mean(-1, keepdim=True).sqrt().clamp_min(LEVEL_FLOOR)
        estimate, clean = estimate / level, clean / level
    root = torch.hann_window(window, dtype=clean.dtype, device=clean.device).sqrt()
    spectra = _spectra(estimate, window, hop, root), _spectra(clean, window, hop, root)
    squares = [one.square().sum(-1, keepdim=True) + SQUARE_FLOOR for one in spectra]
    magnitudes = [square.pow(power / 2) for square in squares]
    phased = [
        one * square.pow((power - 1) / 2) for one, square in zip(spectra, squares, strict=True)
    ]
    with_phases = (phased[0] - phased[1]).square().sum(-1)
    without = (magnitudes[0] - magnitudes[1]).square().squeeze(-1)
    return ((1 - complex_share) * without + complex_share * with_phases).mean((-2, -1))


def multi_resolution_stft(
    estimate: Tensor,
    clean: Tensor,
    *,
    resolutions: Sequence[tuple[int, int, int]] = RESOLUTIONS,
) -> Tensor:
    """Return the distance of magnitudes at several resolutions.

    The mean over resolutions of spectral convergence and log-magnitude distance,
    ``| |S| - |S_hat| |_F / | |S| |_F + mean |log |S| - log |S_hat||``, with Hann windows
    (Yamamoto et al. 2020, arXiv:1910.11480, equations 4 to 7). Deviation: the norms are those of
    one crop, not of the batch, so that every crop has a value of its own.

    Args:
        estimate: (..., samples).
        clean: (..., samples).
        resolutions: frame, hop and window in samples; the window lies in the middle of the frame.

    Returns:
        (...), float32 at least.
    """
    estimate, clean = in_float32(estimate), in_float32(clean)
    distances = []
    for frame, hop, window in resolutions:
        hann = torch.hann_window(window, dtype=clean.dtype, device=clean.device)
        obtained, wanted = (
            (_spectra(wave, frame, hop, hann).square().sum(-1) + SQUARE_FLOOR).sqrt()
            for wave in (estimate, clean)
        )
        difference = (wanted - obtained).square().sum((-2, -1)) + SQUARE_FLOOR
        convergence = (difference / wanted.square().sum((-2, -1))).sqrt()
        logarithmic = (wanted.log() - obtained.log()).abs().mean((-2, -1))
        distances.append(convergence + logarithmic)
    return torch.stack(distances).mean(0)


def _spectra(wave: Tensor, frame: int, hop: int, window: Tensor) -> Tensor:
    """Return real and imaginary parts, (..., bins, frames, 2); silence lies around the wave."""
    found = torch.stft(
        wave.flatten(0, -2),
        frame,
        hop,
        len(window),
        window,
        center=True,
        pad_mode="constant",
        return_complex=True,
    )
    return torch.view_as_real(found).view(*wave.shape[:-1], *found.shape[1:], 2)
