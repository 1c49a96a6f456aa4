"""Augmentations of the core."""

from typing import Annotated, Literal

import torch
from annotated_types import MinLen
from torch import Generator, Tensor

from sslse.api import Augmentation, Bank, Context
from sslse.data.mixing import mix_at_snr
from sslse.errors import OptionError


class AddNoise(Augmentation):
    """Add noise to every view at a drawn signal-to-noise ratio.

    Each view of an utterance gets a different recording, cut at a drawn place; recordings shorter
    than the view are repeated. The ratio of mean powers over the view is the drawn one; where
    speech or noise is silent, the view stays as it is.

    Args:
        noise: recordings to draw from.
        context: tells the number of views.
        snr_db: signal-to-noise ratios in dB (paper: -10, -5, 0, 5, 10).
        draw: ``listed`` draws one of them, ``range`` any value between the least and the greatest.

    Raises:
        OptionError: there are fewer recordings than views.
    """

    def __init__(
        self,
        noise: Bank,
        context: Context,
        /,
        *,
        snr_db: Annotated[list[float], MinLen(1)] = [-10.0, -5.0, 0.0, 5.0, 10.0],  # noqa: B006
        draw: Literal["listed", "range"] = "listed",
    ) -> None:
        super().__init__()
        if noise.count < context.views:
            raise OptionError(
                f"{context.views} views need as many different recordings of noise; "
                f"the training part has {noise.count}"
            )
        self._noise = noise
        self._draw = draw
        self.register_buffer("_snr_db", torch.tensor(sorted(snr_db)), persistent=False)

    def forward(self, views: Tensor, *, generator: Generator) -> Tensor:
        """Map (views, batch, samples) to the same shape."""
        count, batch, samples = views.shape
        index = self._different(count, batch, generator)
        place = self._uniform((count, batch), generator)
        length = self._noise.lengths_of(index)
        room = torch.where(length >= samples, length - samples + 1, length)
        noise = self._noise.crops(index, (place * room).long(), samples, loop=True)
        return mix_at_snr(views, noise, self._ratios(count, batch, generator))

    def _different(self, count: int, batch: int, generator: Generator) -> Tensor:
        """Draw recordings (views, batch) that differ between the views of an utterance."""
        recordings = self._noise.count
        first = self._uniform((1, batch), generator) * recordings
        gaps = self._uniform((count - 1, batch), generator) * (recordings - count + 1)
        apart = torch.arange(1, count, device=generator.device).unsqueeze(-1)
        others = gaps.long().sort(dim=0).values + apart
        return torch.cat([first.long(), first.long() + others]) % recordings

    def _ratios(self, count: int, batch: int, generator: Generator) -> Tensor:
        listed: Tensor = self._snr_db  # type: ignore[assignment]
        uniform = self._uniform((count, batch), generator)
        if self._draw == "range":
            return (listed[0] + uniform * (listed[-1] - listed[0])).to(listed.dtype)
        return listed[(uniform * len(listed)).long()]

    @staticmethod
    def _uniform(shape: tuple[int, ...], generator: Generator) -> Tensor:
        device = generator.device
        return torch.rand(shape, generator=generator, device=device, dtype=torch.float64)
