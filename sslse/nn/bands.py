"""Frequency bands: the lowest bins as they are, wider ones above."""

import torch
from torch import Tensor, nn

from sslse.errors import OptionError


class Bands(nn.Module):
    """Bring bins of a spectrum together into bands, and spread bands over bins again.

    The lowest bins are bands of their own. Above them the centres are equally far apart on the
    scale of equivalent rectangular bandwidths, ``21.4 log10(1 + 0.00437 f)`` (Glasberg and Moore
    1990), up to the highest bin. A bin between two centres belongs to both by its distance: bands
    spread over bins interpolate linearly, and a band is the mean of its bins, so weighted.

    Args:
        bins: of the spectrum, from 0 Hz to half the sample rate.
        linear: the lowest bins, kept as they are.
        erb: bands above them.
        sample_rate: in Hz.

    Raises:
        OptionError: there are not so many bins, or bands that would have none.
    """

    together: Tensor
    apart: Tensor

    def __init__(self, bins: int, *, linear: int, erb: int, sample_rate: int) -> None:
        super().__init__()
        left = bins - linear
        if not (left == erb == 0 or 0 < erb <= left):
            raise OptionError(
                f"{linear} linear and {erb} ERB bands do not fit {bins} bins: possible are fewer "
                "linear ones, and 1 ERB band at least and one for each bin left at most",
                "erb_bands",
            )
        hertz = torch.linspace(0, sample_rate / 2, bins, dtype=torch.float64)
        scale = 21.4 * torch.log10(1 + 0.00437 * hertz)
        above = torch.linspace(float(scale[linear - 1]), float(scale[-1]), erb + 1)[1:].double()
        centres = torch.cat([hertz[:linear], (10 ** (above / 21.4) - 1) / 0.00437])
        self.count = len(centres)
        shares = _shares(hertz, centres)
        if not bool((shares.sum(0) > 0).all()):
            raise OptionError(
                f"{erb} bands above {linear} bins are narrower than a bin; fewer are possible, or "
                "more linear_bands",
                "erb_bands",
            )
        self.register_buffer("apart", shares.T.float().contiguous(), persistent=False)
        self.register_buffer("together", (shares / shares.sum(0)).float(), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """Map bins (..., bins, channels) to bands (..., bands, channels)."""
        return (x.transpose(-1, -2) @ self.together).transpose(-1, -2)

    def spread(self, x: Tensor) -> Tensor:
        """Map bands (..., bands, channels) to bins (..., bins, channels)."""
        return (x.transpose(-1, -2) @ self.apart).transpose(-1, -2)


def _shares(places: Tensor, centres: Tensor) -> Tensor:
    """Return by how much each place belongs to each centre, (places, centres); rows add up to 1."""
    after = torch.searchsorted(centres, places).clamp(1, len(centres) - 1)
    before = centres[after - 1]
    way = ((places - before) / (centres[after] - before)).clamp(0, 1).unsqueeze(-1)
    one_hot = torch.eye(len(centres), dtype=torch.float64)
    return (1 - way) * one_hot[after - 1] + way * one_hot[after]
