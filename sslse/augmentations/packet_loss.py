"""A bad line."""

from typing import Annotated, Literal

import torch
from annotated_types import Ge, Lt, MaxLen, MinLen
from torch import Generator, Tensor
from torch.nn.functional import pad

from sslse.api import Augmentation, Context, Fraction, PositiveFloat
from sslse.augmentations.draws import between, in_place_of_some, uniform
from sslse.augmentations.ranges import ordered
from sslse.errors import OptionError

LossRate = Annotated[float, Ge(0), Lt(1)]

_RAREST = 1e-12


class PacketLoss(Augmentation):
    """Lose packets in bursts, as the two-state model of Gilbert (1960) and Elliott (1963) does.

    In the bad state every packet is lost, in the good state none; the first packet's state is
    drawn from the stationary distribution. Elliott's losses in the good state are left out.

    Args:
        context: tells the sample rate.
        rate: least and greatest expected share of lost packets, drawn evenly for each view.
        burst: expected number of packets lost in a row.
        packet_seconds: length of a packet; the first begins with the view.
        conceal: what is heard in a lost packet's place: ``silence``, or (``repeat``) the last
            packet received, if there is one.
        probability: share of the views that it applies to.

    Raises:
        OptionError: the bursts are too short for the rate, or a packet has no sample.
    """

    def __init__(
        self,
        context: Context,
        /,
        *,
        rate: Annotated[list[LossRate], MinLen(2), MaxLen(2)] = [0.02, 0.2],  # noqa: B006
        burst: Annotated[float, Ge(1)] = 2.0,
        packet_seconds: PositiveFloat = 0.02,
        conceal: Literal["silence", "repeat"] = "silence",
        probability: Fraction = 1.0,
    ) -> None:
        super().__init__()
        self._rate = ordered(rate, "rate")
        if self._rate[1] > burst / (1 + burst):
            raise OptionError(
                f"bursts of {burst:g} packets lose {burst / (1 + burst):.3g} of all at most; "
                f"rate goes up to {self._rate[1]:g}",
                "burst",
            )
        self._burst = burst
        self._packet = round(packet_seconds * context.sample_rate)
        if not self._packet:
            raise OptionError(f"{packet_seconds:g}: shorter than a sample", "packet_seconds")
        self._repeat = conceal == "repeat"
        self._probability = probability

    def forward(self, views: Tensor, *, generator: Generator) -> Tensor:
        """Map (views, batch, samples) to the same shape."""
        samples = views.shape[-1]
        count = -(-samples // self._packet)
        whole = pad(views, (0, count * self._packet - samples))
        packets = whole.view(*views.shape[:2], count, self._packet)
        lost = self._lost((*views.shape[:2], count), generator)
        if self._repeat:
            order = torch.arange(count, device=views.device)
            last = torch.where(lost, -1, order).cummax(-1).values
            source = last.clamp_min(0).unsqueeze(-1).expand_as(packets)
            packets, lost = packets.gather(2, source), last < 0
        changed = packets.masked_fill(lost.unsqueeze(-1), 0.0).flatten(2)[..., :samples]
        return in_place_of_some(views, changed, self._probability, generator)

    def _lost(self, shape: tuple[int, int, int], generator: Generator) -> Tensor:
        """Draw which packets are lost: the states' durations are geometric and take turns."""
        views, batch, count = shape
        rate = between(self._rate, (views, batch, 1), generator).double()
        first_bad = uniform((views, batch, 1), generator) < rate
        leave_good = (rate / ((1 - rate) * self._burst)).clamp(_RAREST, 1.0)
        turn = torch.arange(count, device=rate.device) % 2 == 1
        leave = torch.where(turn ^ first_bad, 1 / self._burst, leave_good)
        drawn = torch.log1p(-uniform(shape, generator)) / torch.log1p(-leave)
        ends = (drawn.clamp_max(count).floor() + 1).cumsum(-1)
        order = torch.arange(count, device=rate.device, dtype=ends.dtype).expand(shape)
        turns = torch.searchsorted(ends, order.contiguous(), right=True)
        return (turns % 2 == 1) ^ first_bad
