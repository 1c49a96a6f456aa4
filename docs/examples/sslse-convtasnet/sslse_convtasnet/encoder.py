"""The encoder: torchaudio's Conv-TasNet up to its masked features."""

from typing import Literal

from torch import Tensor
from torchaudio.models import ConvTasNet

from sslse.api import Encoder, OptionError, PositiveInt


class ConvTasNetEncoder(Encoder):
    """Filter the wave by learned filters and mask what comes out by dilated convolutions.

    Luo and Mesgarani 2019, arXiv:1809.07454: encoder and separator of torchaudio's `ConvTasNet`
    with one source. The latent is the masked features. Deviation from torchaudio: the wave is
    padded by half a stride on each side in place of a whole one, so that there is one frame for
    every stride and none more.

    Shape: (batch, samples) to (batch, dim, samples / stride).

    Args:
        dim: filters, the channels of the latent (paper: 512).
        stride: samples per frame; even; a filter has twice as many (paper: 8).
        bottleneck: channels between the separator's blocks (paper: 128).
        hidden: channels inside its blocks (paper: 512).
        blocks: in a stack, each with twice the dilation of the one before (paper: 8).
        stacks: of blocks (paper: 3).
        mask: what keeps the mask from becoming negative (torchaudio: sigmoid).
    """

    def __init__(
        self,
        *,
        dim: PositiveInt = 512,
        stride: PositiveInt = 8,
        bottleneck: PositiveInt = 128,
        hidden: PositiveInt = 512,
        blocks: PositiveInt = 8,
        stacks: PositiveInt = 3,
        mask: Literal["sigmoid", "relu"] = "sigmoid",
    ) -> None:
        super().__init__()
        if stride % 2:
            raise OptionError(f"must be even, not {stride}", "stride")
        network = ConvTasNet(
            num_sources=1,
            enc_kernel_size=2 * stride,
            enc_num_feats=dim,
            msk_kernel_size=3,  # the only one for which its padding keeps the length
            msk_num_feats=bottleneck,
            msk_num_hidden_feats=hidden,
            msk_num_layers=blocks,
            msk_num_stacks=stacks,
            msk_activate=mask,
        )
        self.dim = dim
        self.stride = stride
        self.filters = network.encoder
        self.filters.padding = (stride // 2,)
        self.separator = network.mask_generator

    def forward(self, wave: Tensor) -> Tensor:
        """Map (batch, samples) to (batch, dim, samples // stride)."""
        features = self.filters(wave.unsqueeze(1))
        return features * self.separator(features).squeeze(1)
