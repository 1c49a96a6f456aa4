"""Predictors of the core."""

from torch import Tensor

from sslse.api import Encoder, PositiveInt, Predictor
from sslse.nn.conformer import ConformerStack


class ConformerPredictor(Predictor):
    """Predict a latent from a latent by conformer blocks (the paper's table 7).

    Shape: (batch, dim, frames) to the same.

    Args:
        encoder: gives the channels of the latent.
        hidden: channels inside a main block (paper: 256).
        kernel: frames its convolution sees; odd (paper: 9).
        head_dim: channels per attention head (paper: 16).
        heads: attention heads (paper: 8).
        blocks: main blocks (paper: 2).
    """

    def __init__(
        self,
        encoder: Encoder,
        /,
        *,
        hidden: PositiveInt = 256,
        kernel: PositiveInt = 9,
        head_dim: PositiveInt = 16,
        heads: PositiveInt = 8,
        blocks: PositiveInt = 2,
    ) -> None:
        super().__init__()
        self.blocks = ConformerStack(
            blocks, encoder.dim, hidden=hidden, kernel=kernel, head_dim=head_dim, heads=heads
        )

    def forward(self, latent: Tensor) -> Tensor:
        """Map latents to predicted latents."""
        predicted: Tensor = self.blocks(latent)
        return predicted
