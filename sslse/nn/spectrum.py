"""Short-time spectra of waves, and waves from them."""

import torch
from torch import Tensor, nn

from sslse.nn.memory import Memory, with_past

MAGNITUDE_FLOOR = 1e-12  # of squares


class Spectrum(nn.Module):
    """Cut waves into windows of two hops and give their spectra, real and imaginary part.

    Window ``t`` ends where hop ``t`` ends: it looks at hop ``t`` and the one before; silence
    lies before the first. There are as many windows as hops.

    Args:
        hop: samples between two windows.
    """

    window: Tensor

    def __init__(self, hop: int) -> None:
        super().__init__()
        self.hop = hop
        self.bins = hop + 1
        # Its square and that of the next window add up to 1.
        window = torch.hann_window(2 * hop, dtype=torch.float64).sqrt().float()
        self.register_buffer("window", window, persistent=False)

    def windows(self, wave: Tensor, memory: Memory | None = None) -> Tensor:
        """Map waves (batch, frames * hop) to windows (batch, frames, 2 * hop), not weighted yet."""
        known = with_past(self, wave.to(self.window.dtype), self.hop, memory)
        hops = known.view(known.shape[0], -1, self.hop)
        return torch.cat([hops[:, :-1], hops[:, 1:]], -1)

    def forward(self, windows: Tensor) -> Tensor:
        """Map windows (batch, frames, 2 * hop) to spectra (batch, frames, bins, 2)."""
        return torch.view_as_real(torch.fft.rfft(windows * self.window))

    def wave(self, spectra: Tensor) -> Tensor:
        """Overlap-add: map spectra (batch, frames + 1, bins, 2) to waves (batch, frames * hop)."""
        complex_ = torch.view_as_complex(spectra.contiguous())
        windows: Tensor = torch.fft.irfft(complex_, n=2 * self.hop) * self.window
        return (windows[:, :-1, self.hop :] + windows[:, 1:, : self.hop]).flatten(1)


def compressed(spectra: Tensor, power: float) -> Tensor:
    """Raise magnitudes to a power and keep the phases.

    Args:
        spectra: (..., 2), real and imaginary.
        power: of the magnitude; 0.3, say.

    Returns:
        (..., 3): magnitude, real and imaginary part.
    """
    # A clamp, not a sum: exporters take adding so little for adding nothing.
    square = spectra.square().sum(-1, keepdim=True).clamp_min(MAGNITUDE_FLOOR)
    return torch.cat([square.pow(power / 2), spectra * square.pow((power - 1) / 2)], -1)


def times(one: Tensor, other: Tensor) -> Tensor:
    """Multiply complex numbers, (..., 2) real and imaginary parts each."""
    real, imaginary = one.unbind(-1)
    turned = torch.stack([-other[..., 1], other[..., 0]], -1)
    return real.unsqueeze(-1) * other + imaginary.unsqueeze(-1) * turned
