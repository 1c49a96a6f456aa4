"""Time-frequency networks with recurrence over time and attention over bands."""

import torch
import torch.nn.functional as F  # noqa: N812 - torch's own idiom
from einops import rearrange
from torch import Tensor, nn

from sslse.api import (
    Context,
    Decoder,
    Encoder,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
)
from sslse.errors import OptionError
from sslse.networks.masking import FEATURES, Features, Mask
from sslse.nn.attention import SelfAttention
from sslse.nn.bands import Bands
from sslse.nn.memory import Memory
from sslse.nn.recurrence import Recurrence

FACTOR = 4  # bins to a sub-band
KERNEL = 3  # sub-bands that a convolution between them sees


class BandConvolution(nn.Module):
    """Add a convolution over sub-bands: (rows, channels, sub-bands) to the same shape."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.norm = nn.GroupNorm(1, dim)
        self.convolution = nn.Conv1d(dim, dim, KERNEL, padding=KERNEL // 2)

    def forward(self, x: Tensor) -> Tensor:
        """Convolve."""
        convolved: Tensor = self.convolution(F.silu(self.norm(x)))
        return x + convolved


class RecurrentBlock(nn.Module):
    """Recurrence over time, then attention over bands; (batch, frames, bands, dim) to the same.

    ``x + linear(GRU(norm(x)))`` over the frames of each band, then ``x + attention(norm(x))`` over
    the bands of each frame. Norms are layer norms over the channels of a band.

    Args:
        dim: channels.
        heads: of the attention; they share the channels.
        causal: look at no later frame.
    """

    def __init__(self, dim: int, heads: int, *, causal: bool) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(dim)
        self.over_time = Recurrence(dim, dim, both_ways=not causal)
        self.from_time = nn.Linear(self.over_time.width, dim)
        self.over_bands = SelfAttention(dim, dim // heads, heads)

    def forward(self, x: Tensor, memory: Memory | None = None) -> Tensor:
        """Mix frames, then bands."""
        batch, frames, bands, _ = x.shape
        states = self.over_time(rearrange(self.norm(x), "b t f c -> t (b f) c"), memory)
        x = x + rearrange(self.from_time(states), "t (b f) c -> b t f c", f=bands)
        rows = x.flatten(0, 1)
        mixed: Tensor = rows + self.over_bands(rows)
        return mixed.view(batch, frames, bands, -1)


class Stem(nn.Module):
    """Waves to maps over sub-bands, and to the bands that the blocks work on.

    Args:
        sample_rate: in Hz.
        hop: samples of a frame.
        linear_bands: see `Bands`; of sub-bands, not of bins.
        erb_bands: see `Bands`.
        channels: of the maps over sub-bands.
        dim: channels of a band.
        convolutions: over sub-bands.
        features: see `Features`.
    """

    def __init__(
        self,
        sample_rate: int,
        *,
        hop: int,
        linear_bands: int,
        erb_bands: int,
        channels: int,
        dim: int,
        convolutions: int,
        features: Features,
    ) -> None:
        super().__init__()
        if hop % FACTOR:
            raise OptionError(f"must be a multiple of {FACTOR}, not {hop}", "hop")
        self.features = features
        self.bands = Bands(
            hop // FACTOR, linear=linear_bands, erb=erb_bands, sample_rate=sample_rate
        )
        self.lower = nn.Conv1d(FEATURES, channels, 2 * FACTOR, stride=FACTOR, padding=FACTOR // 2)
        self.convolutions = nn.ModuleList(BandConvolution(channels) for _ in range(convolutions))
        self.norm = nn.GroupNorm(1, channels)
        self.to_bands = nn.Linear(channels, dim)

    def forward(
        self, windows: Tensor, wave: Tensor, memory: Memory | None = None
    ) -> tuple[Tensor, list[Tensor], Tensor]:
        """Map a wave and its windows to spectra, maps (rows, channels, sub-bands) and bands.

        Rows are those of batch and frames; bands (batch, frames, bands, dim).
        """
        spectra, features = self.features(windows, wave, memory)
        # Without the highest bin the factor divides their number.
        x = self.lower(features[..., :-1, :].flatten(0, 1).transpose(1, 2))
        maps = [x]
        for convolution in self.convolutions:
            x = convolution(x)
            maps.append(x)
        bands = self.to_bands(self.bands(F.silu(self.norm(x)).transpose(1, 2)))
        return spectra, maps, bands.view(*windows.shape[:2], self.bands.count, -1)


class FastEnhancerEncoder(Encoder):
    """Encode waves by convolutions over the bands of a frame, recurrence over time, and attention.

    Of the class of FastEnhancer (Ahn et al. 2025): spectra of root-Hann windows without the highest
    bin, magnitudes raised to a power; a strided convolution to a quarter of the bins and residual
    ones between them; triangular bands; and blocks, each a GRU over the frames of a band and
    attention over the bands of a frame. The GRUs alone look at other frames: an encoder is causal
    unless they run both ways. Deviations: layer and group norms over one frame in place of
    BatchNorm, the magnitude as a third feature, fixed triangular bands on the ERB scale.

    Shape: (batch, samples) to (batch, dim, frames); a frame has ``hop`` samples. The bands are
    folded into ``dim``, band after band: channel ``c`` of band ``f`` lies at ``f * width + c``, and
    ``latent.unflatten(1, (-1, width))`` has them apart.

    Args:
        context: gives the sample rate.
        hop: samples per frame, a multiple of 4; a window has two hops.
        linear_bands: the lowest sub-bands (of 4 bins each), kept as they are.
        erb_bands: bands above them, equally wide on the ERB scale.
        power: of the magnitudes.
        channels: of the convolutions over sub-bands.
        convolutions: residual ones, after the strided one.
        width: channels of a band; a multiple of ``heads``.
        heads: of the attention over bands.
        blocks: of recurrence and attention.
        normalize: divide the spectra by the root mean square of the wave, so that the latent does
            not depend on its level.
        level_frames: frames up to its own that a causal encoder takes that level over; one that is
            not takes the whole wave.
        causal: look at no later frame; False: GRUs over time run both ways.
    """

    def __init__(
        self,
        context: Context,
        /,
        *,
        hop: PositiveInt = 256,
        linear_bands: PositiveInt = 8,
        erb_bands: NonNegativeInt = 16,
        power: PositiveFloat = 0.3,
        channels: PositiveInt = 40,
        convolutions: NonNegativeInt = 2,
        width: PositiveInt = 40,
        heads: PositiveInt = 4,
        blocks: PositiveInt = 3,
        normalize: bool = True,
        level_frames: PositiveInt = 128,
        causal: bool = True,
    ) -> None:
        super().__init__()
        self.stem = Stem(
            context.sample_rate,
            hop=hop,
            linear_bands=linear_bands,
            erb_bands=erb_bands,
            channels=channels,
            dim=width,
            convolutions=convolutions,
            features=Features(
                hop, power=power, normalize=normalize, level_frames=level_frames, causal=causal
            ),
        )
        self.place = nn.Parameter(0.02 * torch.randn(self.stem.bands.count, width))
        self.blocks = _blocks(blocks, width, heads, causal=causal)
        self.dim = self.stem.bands.count * width
        self.stride = hop
        self.causal = causal

    def forward(self, wave: Tensor, memory: Memory | None = None) -> Tensor:
        """Map (batch, samples) to (batch, dim, samples // stride)."""
        windows = self.stem.features.spectrum.windows(wave, memory)
        _, _, x = self.stem(windows, wave, memory)
        x = x + self.place
        for block in self.blocks:
            x = block(x, memory)
        latent: Tensor = rearrange(x, "b t f c -> b (f c) t")
        return latent


class FastEnhancerDecoder(Decoder):
    """Rebuild the wave from the latent: more blocks, then a complex mask on the spectrum.

    The counterpart of `FastEnhancerEncoder`. What skip connections need it computes from the noisy
    wave by a stem of its own, so that the latent is all that objectives compare. The bands spread
    over the sub-bands again, residual convolutions follow, and a transposed one gives the bins;
    the highest bin has the mask of the one below. The output is added to 1 and multiplied onto the
    noisy spectrum, a complex ratio mask (`sslse.networks.masking.Mask`). The last layer begins at
    zero: training starts from the noisy wave.

    Shape: (batch, dim, frames) to (batch, frames * encoder.stride).

    Args:
        encoder: gives the channels of the latent and the samples per frame.
        context: gives the sample rate.
        linear_bands: see the encoder's option, as with all that have the same name.
        erb_bands: see the encoder's option.
        power: of the magnitudes.
        channels: of the convolutions over sub-bands.
        convolutions: residual ones, in its stem and again after the blocks.
        width: channels of a band; the encoder's.
        heads: of the attention over bands.
        blocks: of recurrence and attention.
        normalize: divide the stem's spectra by the root mean square of the wave. The mask applies
            to the wave as it is.
        level_frames: see the encoder's option.
        causal: look at no later frame; False: GRUs over time run both ways.
    """

    def __init__(
        self,
        encoder: Encoder,
        context: Context,
        /,
        *,
        linear_bands: PositiveInt = 8,
        erb_bands: NonNegativeInt = 16,
        power: PositiveFloat = 0.3,
        channels: PositiveInt = 40,
        convolutions: NonNegativeInt = 2,
        width: PositiveInt = 40,
        heads: PositiveInt = 4,
        blocks: NonNegativeInt = 1,
        normalize: bool = True,
        level_frames: PositiveInt = 128,
        causal: bool = True,
    ) -> None:
        super().__init__()
        hop = encoder.stride
        self.stem = Stem(
            context.sample_rate,
            hop=hop,
            linear_bands=linear_bands,
            erb_bands=erb_bands,
            channels=channels,
            dim=width,
            convolutions=convolutions,
            features=Features(
                hop, power=power, normalize=normalize, level_frames=level_frames, causal=causal
            ),
        )
        bands = self.stem.bands.count
        if encoder.dim != bands * width:
            raise OptionError(
                f"{bands} bands of {width} channels are {bands * width}; the encoder's latent has "
                f"{encoder.dim}",
                "width",
            )
        self.count = bands
        self.blocks = _blocks(blocks, width, heads, causal=causal)
        self.from_bands = nn.Linear(width, channels)
        self.convolutions = nn.ModuleList(BandConvolution(channels) for _ in range(convolutions))
        self.norm = nn.GroupNorm(1, channels)
        self.higher = nn.ConvTranspose1d(
            channels, 2, 2 * FACTOR, stride=FACTOR, padding=FACTOR // 2
        )
        for parameter in self.higher.parameters():
            nn.init.zeros_(parameter)
        self.mask = Mask(self.stem.features.spectrum, causal=causal)
        self.causal = causal

    def forward(self, latent: Tensor, noisy: Tensor, memory: Memory | None = None) -> Tensor:
        """Map (batch, dim, frames) and the noisy waves (batch, samples) to waves."""
        windows = self.stem.features.spectrum.windows(noisy, memory)
        spectra, maps, bands = self.stem(windows, noisy, memory)
        x = rearrange(latent, "b (f c) t -> b t f c", f=self.count) + bands
        for block in self.blocks:
            x = block(x, memory)
        x = self.stem.bands.spread(self.from_bands(x.flatten(0, 1))).transpose(1, 2)
        x = x + maps[-1]
        for convolution, skip in zip(self.convolutions, reversed(maps[:-1]), strict=True):
            x = convolution(x) + skip
        bins = self.higher(F.silu(self.norm(x))).transpose(1, 2)
        change = torch.cat([bins, bins[:, -1:]], 1).view_as(spectra)
        wave: Tensor = self.mask(windows, spectra, change, memory)
        return wave


def _blocks(count: int, width: int, heads: int, *, causal: bool) -> nn.ModuleList:
    """Make the blocks.

    Raises:
        OptionError: the heads cannot share the channels.
    """
    if width % heads:
        raise OptionError(f"must be a multiple of the {heads} heads, not {width}", "width")
    return nn.ModuleList(RecurrentBlock(width, heads, causal=causal) for _ in range(count))
