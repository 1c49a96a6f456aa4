"""Filters that change from hop to hop and wait for nothing after it."""

import torch
from torch import Tensor, nn

from sslse.nn.memory import Memory, with_past
from sslse.nn.spectrum import times


class HopFilter(nn.Module):
    """Change the newest hop of each window by a mask on its spectrum.

    Overlap-add gives a hop once the window after its own is there. This gives it with its own: the
    window rises over the older hop and stays at 1 to its end, and the newest hop of the filtered
    window is taken as it is. Within a hop, the mask of the frame before fades into its own. A mask
    of 1 gives the wave back.

    Args:
        hop: samples of a hop; a window has two.
    """

    window: Tensor
    rising: Tensor

    def __init__(self, hop: int) -> None:
        super().__init__()
        self.hop = hop
        rising = torch.hann_window(2 * hop, dtype=torch.float64)[:hop]
        window = torch.cat([rising, torch.ones_like(rising)])
        self.register_buffer("window", window.float(), persistent=False)
        self.register_buffer("rising", rising.float(), persistent=False)

    def forward(self, windows: Tensor, change: Tensor, memory: Memory | None = None) -> Tensor:
        """Filter.

        Args:
            windows: samples (batch, frames, 2 * hop).
            change: what is added to a mask of 1, (batch, frames, bins, 2), real and imaginary.
            memory: of the stream.

        Returns:
            (batch, frames * hop).
        """
        spectra = torch.view_as_real(torch.fft.rfft(windows * self.window))
        before = with_past(self, change.movedim(1, -1), 1, memory).movedim(-1, 1)[:, :-1]
        older, newer = (self._newest(times(one, spectra)) for one in (before, change))
        changed = older + (newer - older) * self.rising
        return (windows[..., self.hop :] + changed).flatten(1)

    def _newest(self, spectra: Tensor) -> Tensor:
        complex_ = torch.view_as_complex(spectra.contiguous())
        windows: Tensor = torch.fft.irfft(complex_, n=2 * self.hop)
        return windows[..., self.hop :]
