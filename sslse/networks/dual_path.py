"""Time-frequency networks with recurrence over bands and over time."""

from itertools import pairwise
from typing import Annotated

from annotated_types import MinLen
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
from sslse.nn.bands import Bands
from sslse.nn.memory import Memory, with_past
from sslse.nn.recurrence import Recurrence


class BandConvolution(nn.Module):
    """Convolve over bands, (batch, frames, bands, channels) to half as many bands.

    Convolution, layer norm over the bands and channels of each frame, GELU.

    Args:
        dim_in: channels.
        dim_out: channels.
        bands: of the input.
        kernel: bands the convolution sees; odd.
        frames: it sees too, around its own or, where it is causal, up to its own; odd.
        causal: look at no later frame.

    Attributes:
        bands: of the output, half as many, rounded up.
    """

    def __init__(
        self, dim_in: int, dim_out: int, bands: int, kernel: int, *, frames: int, causal: bool
    ) -> None:
        super().__init__()
        self.bands = (bands + 1) // 2
        self.past = frames - 1 if causal else 0
        padding = (0 if causal else frames // 2, kernel // 2)
        self.convolution = nn.Conv2d(dim_in, dim_out, (frames, kernel), (1, 2), padding)
        self.norm = nn.LayerNorm([self.bands, dim_out])
        self.activation = nn.GELU()

    def forward(self, x: Tensor, memory: Memory | None = None) -> Tensor:
        """Convolve."""
        if self.past:
            x = with_past(self, x.movedim(1, -1), self.past, memory).movedim(-1, 1)
        convolved: Tensor = self.activation(self.norm(_over_bands(self.convolution, x)))
        return convolved


class BandTransposed(nn.Module):
    """The mirror of `BandConvolution`: layer norm, GELU, then a transposed convolution.

    Args:
        dim_in: channels.
        dim_out: channels.
        bands_in: of the input.
        bands_out: of the output; those that `BandConvolution` makes ``bands_in`` of.
        kernel: bands the convolution sees; odd.
    """

    def __init__(
        self, dim_in: int, dim_out: int, bands_in: int, bands_out: int, kernel: int
    ) -> None:
        super().__init__()
        self.norm = nn.LayerNorm([bands_in, dim_in])
        self.activation = nn.GELU()
        self.convolution = nn.ConvTranspose2d(
            dim_in,
            dim_out,
            (1, kernel),
            stride=(1, 2),
            padding=(0, kernel // 2),
            output_padding=(0, 1 - bands_out % 2),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Convolve."""
        return _over_bands(self.convolution, self.activation(self.norm(x)))


def _over_bands(convolution: nn.Module, x: Tensor) -> Tensor:
    """Apply a convolution to (batch, frames, bands, channels): channels-last, without copies."""
    convolved: Tensor = convolution(x.permute(0, 3, 1, 2))
    return convolved.permute(0, 2, 3, 1)


class DualPathBlock(nn.Module):
    """Recurrence over bands, then over time; (batch, frames, bands, channels) to the same shape.

    Both are ``x + norm(linear(GRU(x)))``: the first runs both ways over the bands of each frame;
    the second over the frames of each band, both ways unless it is causal. The norms are layer
    norms over the bands and channels of each frame.

    Args:
        dim: channels.
        bands: their number.
        units: of each GRU and direction.
        causal: look at no later frame.
    """

    def __init__(self, dim: int, bands: int, units: int, *, causal: bool) -> None:
        super().__init__()
        self.over_bands = Recurrence(dim, units, both_ways=True)
        self.over_time = Recurrence(dim, units, both_ways=not causal)
        self.from_bands = nn.Linear(self.over_bands.width, dim)
        self.from_time = nn.Linear(self.over_time.width, dim)
        self.bands_norm = nn.LayerNorm([bands, dim])
        self.time_norm = nn.LayerNorm([bands, dim])

    def forward(self, x: Tensor, memory: Memory | None = None) -> Tensor:
        """Mix bands, then frames."""
        batch, _, bands, _ = x.shape
        mixed = self.from_bands(self.over_bands(rearrange(x, "b t f c -> f (b t) c")))
        x = x + self.bands_norm(rearrange(mixed, "f (b t) c -> b t f c", b=batch))
        mixed = self.from_time(self.over_time(rearrange(x, "b t f c -> t (b f) c"), memory))
        mixed = rearrange(mixed, "t (b f) c -> b t f c", f=bands)
        both: Tensor = x + self.time_norm(mixed)
        return both


class Stem(nn.Module):
    """Waves to the first feature maps: spectra, compressed, in bands, convolved.

    Args:
        sample_rate: in Hz.
        hop: samples between two windows.
        linear_bands: see `Bands`.
        erb_bands: see `Bands`.
        power: of the magnitudes.
        channels: of the convolutions over bands, each of which halves the bands.
        band_kernel: bands that each sees; odd.
        time_kernel: frames that the first sees; odd.
        normalize: divide the spectra by the level of the wave.
        level_frames: frames up to its own that a causal one takes the level over.
        causal: look at no later frame.

    Attributes:
        widths: bands, from those of the features to those of the last map.
    """

    def __init__(
        self,
        sample_rate: int,
        *,
        hop: int,
        linear_bands: int,
        erb_bands: int,
        power: float,
        channels: list[int],
        band_kernel: int,
        time_kernel: int,
        normalize: bool,
        level_frames: int,
        causal: bool,
    ) -> None:
        super().__init__()
        for option, value in (("band_kernel", band_kernel), ("time_kernel", time_kernel)):
            if value % 2 == 0:
                raise OptionError(f"must be odd, not {value}", option)
        self.features = Features(
            hop, power=power, normalize=normalize, level_frames=level_frames, causal=causal
        )
        self.bands = Bands(hop + 1, linear=linear_bands, erb=erb_bands, sample_rate=sample_rate)
        self.convolutions = nn.ModuleList()
        self.widths = [self.bands.count]
        before, frames = FEATURES, time_kernel
        for after in channels:
            convolution = BandConvolution(
                before, after, self.widths[-1], band_kernel, frames=frames, causal=causal
            )
            self.convolutions.append(convolution)
            self.widths.append(convolution.bands)
            before, frames = after, 1

    def forward(
        self, windows: Tensor, wave: Tensor, memory: Memory | None = None
    ) -> tuple[Tensor, list[Tensor]]:
        """Map a wave and its windows to spectra and feature maps.

        Args:
            windows: (batch, frames, 2 * hop), of ``self.features.spectrum``.
            wave: (batch, samples).
            memory: of the stream.

        Returns:
            Spectra (batch, frames, bins, 2) and maps (batch, frames, bands, channels).
        """
        spectra, features = self.features(windows, wave, memory)
        x = self.bands(features)
        maps = []
        for convolution in self.convolutions:
            x = convolution(x, memory)
            maps.append(x)
        return spectra, maps


class DualPathEncoder(Encoder):
    """Encode waves by convolutions over bands of a spectrum, then recurrence over bands and time.

    Of the class of GTCRN (Rong et al. 2024, 24 thousand parameters), without its grouping, its
    temporal convolutions and its BatchNorm: root-Hann windows of two hops, magnitudes raised to a
    power (magnitude, real and imaginary part), the lowest bins and ERB bands above them, strided
    convolutions over the bands, and dual-path blocks, each a GRU over the bands of a frame and a
    GRU over the frames of a band. Norms are layer norms over each frame.

    Shape: (batch, samples) to (batch, dim, frames); a frame has ``hop`` samples. The bands are
    folded into ``dim``, band after band: channel ``c`` of band ``f`` lies at ``f * channels[-1] +
    c``, and ``latent.unflatten(1, (-1, channels[-1]))`` has them apart.

    Args:
        context: gives the sample rate.
        hop: samples per frame; a window has two hops.
        linear_bands: the lowest bins, kept as they are.
        erb_bands: bands above them, equally wide on the ERB scale.
        power: of the magnitudes.
        channels: of the convolutions over bands; each halves the bands.
        band_kernel: bands that each convolution sees; odd.
        time_kernel: frames that the first convolution sees; odd.
        units: of each GRU and direction.
        blocks: dual-path blocks.
        normalize: divide the spectra by the root mean square of the wave, so that the latent does
            not depend on its level.
        level_frames: frames up to its own that a causal encoder takes that level over; one that is
            not takes the whole wave.
        causal: look at no later frame; for streams.
    """

    def __init__(
        self,
        context: Context,
        /,
        *,
        hop: PositiveInt = 256,
        linear_bands: PositiveInt = 65,
        erb_bands: NonNegativeInt = 64,
        power: PositiveFloat = 0.3,
        channels: Annotated[list[PositiveInt], MinLen(1)] = [16, 32],  # noqa: B006 - only read
        band_kernel: PositiveInt = 5,
        time_kernel: PositiveInt = 3,
        units: PositiveInt = 32,
        blocks: PositiveInt = 2,
        normalize: bool = True,
        level_frames: PositiveInt = 128,
        causal: bool = False,
    ) -> None:
        super().__init__()
        self.stem = Stem(
            context.sample_rate,
            hop=hop,
            linear_bands=linear_bands,
            erb_bands=erb_bands,
            power=power,
            channels=channels,
            band_kernel=band_kernel,
            time_kernel=time_kernel,
            normalize=normalize,
            level_frames=level_frames,
            causal=causal,
        )
        bands = self.stem.widths[-1]
        self.blocks = nn.ModuleList(
            DualPathBlock(channels[-1], bands, units, causal=causal) for _ in range(blocks)
        )
        self.dim = bands * channels[-1]
        self.stride = hop
        self.causal = causal

    def forward(self, wave: Tensor, memory: Memory | None = None) -> Tensor:
        """Map (batch, samples) to (batch, dim, samples // stride)."""
        _, maps = self.stem(self.stem.features.spectrum.windows(wave, memory), wave, memory)
        x = maps[-1]
        for block in self.blocks:
            x = block(x, memory)
        latent: Tensor = rearrange(x, "b t f c -> b (f c) t")
        return latent


class DualPathDecoder(Decoder):
    """Rebuild the wave from the latent: dual-path blocks, then a complex mask on the spectrum.

    The counterpart of `DualPathEncoder`. What skip connections need it computes from the noisy
    wave by a stem of its own, so that the latent is all that objectives compare. Transposed
    convolutions bring the bands back; their output is added to 1 and multiplied onto the noisy
    spectrum, a complex ratio mask (`sslse.networks.masking.Mask`). The last layer begins at zero:
    training starts from the noisy wave.

    Shape: (batch, dim, frames) to (batch, frames * encoder.stride).

    Args:
        encoder: gives the channels of the latent and the samples per frame.
        context: gives the sample rate.
        linear_bands: see the encoder's option, as with all that have the same name.
        erb_bands: see the encoder's option.
        power: of the magnitudes.
        channels: of the convolutions of its own stem, in the encoder's order; the last must be the
            encoder's.
        band_kernel: bands that each convolution sees; odd.
        time_kernel: frames that the first convolution of the stem sees; odd.
        units: of each GRU and direction.
        blocks: dual-path blocks.
        normalize: divide the stem's spectra by the root mean square of the wave. The mask applies
            to the wave as it is.
        level_frames: see the encoder's option.
        causal: look at no later frame; for streams.
    """

    def __init__(
        self,
        encoder: Encoder,
        context: Context,
        /,
        *,
        linear_bands: PositiveInt = 65,
        erb_bands: NonNegativeInt = 64,
        power: PositiveFloat = 0.3,
        channels: Annotated[list[PositiveInt], MinLen(1)] = [16, 32],  # noqa: B006 - only read
        band_kernel: PositiveInt = 5,
        time_kernel: PositiveInt = 3,
        units: PositiveInt = 32,
        blocks: PositiveInt = 1,
        normalize: bool = True,
        level_frames: PositiveInt = 128,
        causal: bool = False,
    ) -> None:
        super().__init__()
        self.stem = Stem(
            context.sample_rate,
            hop=encoder.stride,
            linear_bands=linear_bands,
            erb_bands=erb_bands,
            power=power,
            channels=channels,
            band_kernel=band_kernel,
            time_kernel=time_kernel,
            normalize=normalize,
            level_frames=level_frames,
            causal=causal,
        )
        widths = self.stem.widths
        self.bands = widths[-1]
        if encoder.dim != self.bands * channels[-1]:
            raise OptionError(
                f"{self.bands} bands of {channels[-1]} channels are {self.bands * channels[-1]}; "
                f"the encoder's latent has {encoder.dim}",
                "channels",
            )
        self.blocks = nn.ModuleList(
            DualPathBlock(channels[-1], self.bands, units, causal=causal) for _ in range(blocks)
        )
        sizes = zip(pairwise(reversed([2, *channels])), pairwise(reversed(widths)), strict=True)
        made = [BandTransposed(*dims, *bands, band_kernel) for dims, bands in sizes]
        self.convolutions = nn.ModuleList(made)
        for parameter in made[-1].convolution.parameters():
            nn.init.zeros_(parameter)
        self.mask = Mask(self.stem.features.spectrum, causal=causal)
        self.causal = causal

    def forward(self, latent: Tensor, noisy: Tensor, memory: Memory | None = None) -> Tensor:
        """Map (batch, dim, frames) and the noisy waves (batch, samples) to waves."""
        windows = self.stem.features.spectrum.windows(noisy, memory)
        spectra, maps = self.stem(windows, noisy, memory)
        x = rearrange(latent, "b (f c) t -> b t f c", f=self.bands)
        for block in self.blocks:
            x = block(x, memory)
        for convolution, skip in zip(self.convolutions, reversed(maps), strict=True):
            x = convolution(x + skip)
        wave: Tensor = self.mask(windows, spectra, self.stem.bands.spread(x), memory)
        return wave
