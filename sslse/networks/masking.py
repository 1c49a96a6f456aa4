"""What time-frequency networks begin with and end with: features, and a mask on the spectrum."""

import torch
from torch import Tensor, nn

from sslse.api import Reach
from sslse.nn.filtering import HopFilter
from sslse.nn.level import Level
from sslse.nn.memory import Memory
from sslse.nn.spectrum import Spectrum, compressed, times

FEATURES = 3  # magnitude, real and imaginary part


class Features(nn.Module):
    """Windows to spectra, and to what a network sees of them: compressed, freed of the level.

    Args:
        hop: samples of a frame; a window has two.
        power: of the magnitudes.
        normalize: divide the spectra by the root mean square of the wave.
        level_frames: frames up to its own that a causal network takes the level over; one that is
            not takes the whole wave.
        causal: look at no later frame.
    """

    def __init__(
        self, hop: int, *, power: float, normalize: bool, level_frames: int, causal: bool
    ) -> None:
        super().__init__()
        self.hop = hop
        self.power = power
        self.spectrum = Spectrum(hop)
        reach = Reach(level_frames - 1, 0) if causal else None
        self.level = Level(hop, reach) if normalize else None

    def forward(
        self, windows: Tensor, wave: Tensor, memory: Memory | None = None
    ) -> tuple[Tensor, Tensor]:
        """Map a wave and its windows to spectra and features.

        Args:
            windows: (batch, frames, 2 * hop), of ``self.spectrum``.
            wave: (batch, samples).
            memory: of the stream.

        Returns:
            Spectra (batch, frames, bins, 2) and features (batch, frames, bins, 3).
        """
        spectra = heard = self.spectrum(windows)
        if self.level is not None:
            level = self.level(wave, memory)[:, :: self.hop]
            heard = heard / level.unsqueeze(-1).unsqueeze(-1)
        return spectra, compressed(heard, self.power)


class Mask(nn.Module):
    """Multiply the spectra of a wave by a complex mask, and give the wave.

    Not causal, the windows are overlap-added. Causal, no sample may wait for the window after its
    own: the mask filters the newest hop of a window that does not fall off there (`HopFilter`).

    Args:
        spectrum: whose spectra they are.
        causal: look at no later frame.
    """

    def __init__(self, spectrum: Spectrum, *, causal: bool) -> None:
        super().__init__()
        self.spectrum = spectrum
        self.filter = HopFilter(spectrum.hop) if causal else None

    def forward(
        self, windows: Tensor, spectra: Tensor, change: Tensor, memory: Memory | None = None
    ) -> Tensor:
        """Apply.

        Args:
            windows: (batch, frames, 2 * hop).
            spectra: of the windows, (batch, frames, bins, 2).
            change: what is added to a mask of 1, the shape of the spectra; of any precision.
            memory: of the stream.

        Returns:
            (batch, frames * hop).
        """
        change = change.to(spectra.dtype)
        if self.filter is not None:
            filtered: Tensor = self.filter(windows, change, memory)
            return filtered
        # The last hop too lies in two windows; the one after it has the last frame's mask.
        hop = self.spectrum.hop
        after = self.spectrum(nn.functional.pad(windows[:, -1:, hop:], (0, hop)))
        spectra = torch.cat([spectra, after], 1)
        change = torch.cat([change, change[:, -1:]], 1)
        return self.spectrum.wave(spectra + times(change, spectra))
