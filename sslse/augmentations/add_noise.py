"""Noise at a drawn SNR: what makes the views of an utterance differ."""

from typing import Annotated, Literal

import torch
from annotated_types import MaxLen, MinLen
from torch import Generator, Tensor

from sslse.api import Augmentation, Bank, Context, PositiveInt
from sslse.augmentations.draws import different, uniform
from sslse.data.mixing import mix_at_snr
from sslse.errors import OptionError


class AddNoise(Augmentation):
    """Add noise to every view at a drawn signal-to-noise ratio.

    Each recording is cut at a drawn place where the cut is not digitally silent; one shorter than
    the view is repeated. Where a view gets several, they have equal mean power within it. The
    ratio of mean powers over the view is the drawn one; where speech or noise is silent, the view
    stays as it is.

    Args:
        noise: recordings to draw from.
        context: tells the number of views.
        snr_db: signal-to-noise ratios in dB (paper: -10, -5, 0, 5, 10).
        draw: ``listed`` draws one of them, ``range`` any value between the least and the greatest.
        noises: least and greatest number of recordings in a view, drawn for each view (paper: 1).
        between_views: ``disjoint``: no recording is in two views of an utterance. ``shared``: the
            views of an utterance get the same recordings, each cut at its own place and mixed at
            its own ratio.

    Raises:
        OptionError: there are fewer recordings than the views of an utterance need.
    """

    def __init__(
        self,
        noise: Bank,
        context: Context,
        /,
        *,
        snr_db: Annotated[list[float], MinLen(1)] = [-10.0, -5.0, 0.0, 5.0, 10.0],  # noqa: B006
        draw: Literal["listed", "range"] = "listed",
        noises: Annotated[list[PositiveInt], MinLen(2), MaxLen(2)] = [1, 1],  # noqa: B006
        between_views: Literal["disjoint", "shared"] = "disjoint",
    ) -> None:
        super().__init__()
        self._least, self._most = noises
        if self._least > self._most:
            raise OptionError(f"{noises}: the least number comes first", "noises")
        needed = self._most * (context.views if between_views == "disjoint" else 1)
        if noise.count < needed:
            several = f" with up to {self._most} noises each" if self._most > 1 else ""
            views = f"{context.views} views{several}"
            if between_views == "shared":
                views = f"views with up to {self._most} noises each"
            raise OptionError(
                f"{views} need {needed} different recordings of noise; "
                f"the training part has {noise.count}"
            )
        self._noise = noise
        self._draw = draw
        self._shared = between_views == "shared"
        self.register_buffer("_snr_db", torch.tensor(sorted(snr_db)), persistent=False)

    def forward(self, views: Tensor, *, generator: Generator) -> Tensor:
        """Map (views, batch, samples) to the same shape."""
        count, batch, samples = views.shape
        if self._shared:
            index = different(self._most, batch, self._noise.count, generator).expand(count, -1, -1)
        else:
            together = different(count * self._most, batch, self._noise.count, generator)
            index = together.view(count, self._most, batch)
        place = uniform((count, self._most, batch), generator)
        start = self._noise.starts(index, place, samples, loop=True)
        noise = self._noise.crops(index, start, samples, loop=True)
        noise = noise.squeeze(1) if self._most == 1 else self._sum(noise, generator)
        return mix_at_snr(views, noise, self._ratios(count, batch, generator), out=noise)

    def _sum(self, noise: Tensor, generator: Generator) -> Tensor:
        """Add up drawn numbers of noises: (views, most, batch, samples) to (views, batch, ...)."""
        power = noise.square().mean(-1, keepdim=True)
        level = power.clamp_min(torch.finfo(noise.dtype).tiny).rsqrt()
        views, most, batch, _ = noise.shape
        choices = most - self._least + 1
        number = self._least + (uniform((views, 1, batch), generator) * choices).long()
        counted = torch.arange(most, device=number.device).view(-1, 1) < number
        return (noise * level * counted.unsqueeze(-1)).sum(1)

    def _ratios(self, count: int, batch: int, generator: Generator) -> Tensor:
        listed: Tensor = self._snr_db  # type: ignore[assignment]
        drawn = uniform((count, batch), generator)
        if self._draw == "range":
            return (listed[0] + drawn * (listed[-1] - listed[0])).to(listed.dtype)
        return listed[(drawn * len(listed)).long()]
