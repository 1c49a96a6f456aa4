"""The room around the talker."""

import torch
from torch import Generator, Tensor
from torch.nn.utils.rnn import pad_sequence

from sslse.api import Augmentation, Context, Fraction, NonNegativeInt, PositiveInt
from sslse.augmentations.draws import in_place_of_some, uniform
from sslse.augmentations.impulse_responses import read_impulse_responses
from sslse.augmentations.ranges import PositiveRange, ordered
from sslse.augmentations.rooms import WALL_MARGIN, RoomRanges, draw_room, simulate
from sslse.augmentations.spectra import convolve
from sslse.corpora.paths import user_path
from sslse.errors import OptionError


class Reverb(Augmentation):
    """Put every view into a drawn room: convolve it with an impulse response.

    The direct path has lag 0 and gain 1, so that the clean target, unchanged, is the direct sound
    in the view; all the rest, which makes it louder, is what the enhancement has to take away.
    Before a view there is silence; what rings on after it is cut off. It belongs before noise,
    whose SNR is then that of the reverberant speech.

    The rooms are shoeboxes simulated at the start (see `sslse.augmentations.rooms.simulate`),
    or given impulse responses; then the options from ``rooms`` to ``room_seed`` say nothing.

    Args:
        context: tells the sample rate and the crop, to which responses are cut.
        impulse_responses: a folder of audio files, mono or mixed to mono; the greatest sample of
            each is taken for the direct path.
        rooms: how many to simulate.
        side_m: least and greatest length and width in metres.
        height_m: least and greatest height in metres.
        distance_m: least and greatest distance of talker and microphone in metres; less where a
            room puts them nearer.
        rt60: least and greatest reverberation time in seconds; large rooms cannot have short ones.
        room_seed: of the rooms; the run's own seed draws which of them a view gets.
        probability: share of the views that it applies to.

    Raises:
        OptionError: a room is too small, or too large for its reverberation time, or impulse
            responses are missing or unusable.
    """

    _responses: Tensor

    def __init__(
        self,
        context: Context,
        /,
        *,
        impulse_responses: str | None = None,
        rooms: PositiveInt = 50,
        side_m: PositiveRange = [3.0, 8.0],  # noqa: B006
        height_m: PositiveRange = [2.5, 4.0],  # noqa: B006
        distance_m: PositiveRange = [0.5, 2.0],  # noqa: B006
        rt60: PositiveRange = [0.15, 0.6],  # noqa: B006
        room_seed: NonNegativeInt = 0,
        probability: Fraction = 1.0,
    ) -> None:
        super().__init__()
        for bounds, option in ((side_m, "side_m"), (height_m, "height_m")):
            if bounds[0] <= 2 * WALL_MARGIN:
                raise OptionError(
                    f"{bounds}: more than {2 * WALL_MARGIN:g} m are needed, {WALL_MARGIN:g} m on "
                    "both sides of talker and microphone",
                    option,
                )
        ranges = RoomRanges(
            ordered(side_m, "side_m"),
            ordered(height_m, "height_m"),
            ordered(distance_m, "distance_m"),
            ordered(rt60, "rt60"),
        )
        if impulse_responses is None:
            draws = torch.Generator().manual_seed(room_seed)
            drawn = [draw_room(ranges, draws) for _ in range(rooms)]
            responses = [simulate(room, context.sample_rate).float() for room in drawn]
        else:
            folder = user_path(impulse_responses, "impulse_responses")
            responses = read_impulse_responses(folder, context.sample_rate)
        packed = pad_sequence([one[: context.crop] for one in responses], batch_first=True)
        self.register_buffer("_responses", packed, persistent=False)
        self._probability = probability

    def forward(self, views: Tensor, *, generator: Generator) -> Tensor:
        """Map (views, batch, samples) to the same shape."""
        index = (uniform(views.shape[:2], generator) * len(self._responses)).long()
        changed = convolve(views, self._responses[index])
        return in_place_of_some(views, changed, self._probability, generator)
