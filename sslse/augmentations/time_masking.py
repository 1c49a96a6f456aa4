"""Gaps in time."""

import torch
from torch import Generator, Tensor

from sslse.api import Augmentation, Context, Fraction
from sslse.augmentations.draws import between, in_place_of_some, uniform, whole_between
from sslse.augmentations.ranges import Counts, PositiveRange, ordered
from sslse.errors import OptionError


class TimeMasking(Augmentation):
    """Set stretches of a view to zero.

    Time masking of SpecAugment (Park et al. 2019, arXiv:1904.08779), on waves and for each view:
    what is missing from one can be learned from another. Stretches may overlap.

    Args:
        context: tells the sample rate and the crop.
        stretches: least and greatest number of stretches in a view.
        seconds: least and greatest length of a stretch; each lies wholly within the view.
        probability: share of the views that it applies to.

    Raises:
        OptionError: a stretch would be longer than the crop.
    """

    def __init__(
        self,
        context: Context,
        /,
        *,
        stretches: Counts = [1, 2],  # noqa: B006
        seconds: PositiveRange = [0.02, 0.15],  # noqa: B006
        probability: Fraction = 1.0,
    ) -> None:
        super().__init__()
        self._stretches = ordered(stretches, "stretches")
        least, most = ordered(seconds, "seconds")
        crop_seconds = context.crop / context.sample_rate
        if most > crop_seconds:
            raise OptionError(f"{seconds}: a crop has {crop_seconds:g} seconds", "seconds")
        self._lengths = (least * context.sample_rate, most * context.sample_rate)
        self._probability = probability

    def forward(self, views: Tensor, *, generator: Generator) -> Tensor:
        """Map (views, batch, samples) to the same shape."""
        samples = views.shape[-1]
        most = self._stretches[1]
        number = whole_between(self._stretches, (*views.shape[:2], 1), generator)
        shape = (most, *views.shape[:2], 1)
        length = between(self._lengths, shape, generator).round().clamp(max=samples).long()
        start = (uniform(shape, generator) * (samples - length + 1)).long()
        rank = torch.arange(most, device=number.device).view(-1, 1, 1, 1)
        length = torch.where(rank < number, length, 0)
        time = torch.arange(samples, device=views.device)
        masked = torch.zeros_like(views, dtype=torch.bool)
        for one, first in zip(length, start, strict=True):
            masked |= (time >= first) & (time < first + one)
        changed = views.masked_fill(masked, 0.0)
        return in_place_of_some(views, changed, self._probability, generator)
