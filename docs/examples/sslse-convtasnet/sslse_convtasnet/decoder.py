"""The decoder: Conv-TasNet's synthesis filters."""

from torch import Tensor, nn

from sslse.api import Decoder, Encoder, OptionError


class ConvTasNetDecoder(Decoder):
    """Turn every frame into samples by learned filters and add them up with overlap.

    Luo and Mesgarani 2019, arXiv:1809.07454; one linear layer. It undoes the padding of
    `sslse_convtasnet.encoder.ConvTasNetEncoder`, and works with any encoder of an even stride.

    Shape: (batch, dim, frames) to (batch, frames * encoder.stride).

    Args:
        encoder: lent; tells the channels of the latent and the samples per frame.
    """

    def __init__(self, encoder: Encoder, /) -> None:
        super().__init__()
        stride = encoder.stride
        if stride % 2:
            raise OptionError(f"needs an encoder with an even stride, not {stride}")
        self.filters = nn.ConvTranspose1d(
            encoder.dim, 1, 2 * stride, stride=stride, padding=stride // 2, bias=False
        )

    def forward(self, latent: Tensor, noisy: Tensor) -> Tensor:  # noqa: ARG002 - the contract's
        """Map latents (batch, dim, frames) to waves."""
        return self.filters(latent).squeeze(1)
