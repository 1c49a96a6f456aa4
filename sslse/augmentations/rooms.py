"""Impulse responses of shoebox rooms by the image method."""

import math
from dataclasses import dataclass

import torch
from torch import Generator, Tensor

from sslse.augmentations.draws import uniform
from sslse.errors import OptionError

SPEED_OF_SOUND = 343.0  # m/s in air at 20 degrees Celsius
TOLERANCE = 0.3  # of a simulated reverberation time
GREATEST_CORRECTION = 4.0
WALL_MARGIN = 0.5  # metres between a wall and source or microphone

_FITTED_DB = (-5.0, -35.0)

Point = tuple[float, float, float]


@dataclass(frozen=True)
class Room:
    """A shoebox room with a source and a microphone in it.

    Args:
        size: of the room in metres; one corner is the origin.
        source: place of the source in metres.
        microphone: place of the microphone in metres.
        rt60: reverberation time in seconds.
    """

    size: Point
    source: Point
    microphone: Point
    rt60: float


@dataclass(frozen=True)
class RoomRanges:
    """What rooms are drawn from: the least and the greatest of each.

    Args:
        side_m: length and width of the floor.
        height_m: of the ceiling.
        distance_m: from source to microphone; where the two lie nearer, they stay there.
        rt60: in seconds.
    """

    side_m: tuple[float, float]
    height_m: tuple[float, float]
    distance_m: tuple[float, float]
    rt60: tuple[float, float]


def draw_room(ranges: RoomRanges, generator: Generator) -> Room:
    """Draw a room; both places are even over it, then the source moves towards the microphone."""
    bounds = (ranges.side_m, ranges.side_m, ranges.height_m, ranges.distance_m, ranges.rt60)
    shares = uniform((11,), generator).tolist()
    drawn = [low + (high - low) * share for (low, high), share in zip(bounds, shares, strict=False)]
    size, (distance, rt60) = drawn[:3], drawn[3:]
    inner = [side - 2 * WALL_MARGIN for side in size]
    places = [
        [WALL_MARGIN + side * share for side, share in zip(inner, part, strict=True)]
        for part in (shares[5:8], shares[8:])
    ]
    source, microphone = places
    nearer = min(1.0, distance / max(math.dist(source, microphone), 1e-9))
    source = [end + nearer * (start - end) for start, end in zip(source, microphone, strict=True)]
    return Room(_point(size), _point(source), _point(microphone), rt60)


def simulate(room: Room, sample_rate: int) -> Tensor:
    """Return the impulse response from the direct path on, which has lag 0 and gain 1.

    All walls absorb alike. Eyring's absorption for the wanted reverberation time is corrected once
    by the time measured on its response, because the decay in a shoebox without scattering is
    slower than in Eyring's diffuse field (Lehmann and Johansson 2008).

    Returns:
        float64 (samples,), as long as the reverberation time.

    Raises:
        OptionError: such a room cannot have this reverberation time: even then the response's own
            is off by more than `TOLERANCE`.
    """
    samples = math.ceil(room.rt60 * sample_rate)
    absorption = eyring_absorption(room.size, room.rt60)
    first = image_response(room, absorption, sample_rate, samples)
    exponent = reverberation_time(first, sample_rate) / room.rt60
    if math.isfinite(exponent) and 0 < exponent < GREATEST_CORRECTION:
        corrected = 1 - (1 - absorption) ** exponent
        response = image_response(room, corrected, sample_rate, samples)
        if abs(reverberation_time(response, sample_rate) / room.rt60 - 1) <= TOLERANCE:
            return response
    size = " x ".join(f"{side:.1f}" for side in room.size)
    raise OptionError(
        f"a room of {size} m cannot be given {room.rt60:.2f} s; take longer times or smaller rooms",
        "rt60",
    )


def image_response(room: Room, absorption: float, sample_rate: int, samples: int) -> Tensor:
    """Add up the image sources (Allen and Berkley 1979).

    The delay of an image is rounded to a sample, its amplitude goes with 1 / distance. Walls
    reflect with ``-sqrt(1 - absorption)``: the sign keeps the pulses from adding up to a rumble,
    against which Allen and Berkley put a high-pass filter.

    Args:
        room: where source and microphone are; its ``rt60`` is not used.
        absorption: share of the energy that each wall takes.
        sample_rate: in Hz.
        samples: wanted, from the direct path on.

    Returns:
        float64 (samples,); the direct path, and nothing else, is at lag 0, with gain 1.
    """
    direct = math.dist(room.source, room.microphone)
    reach = direct + SPEED_OF_SOUND * samples / sample_rate
    axes = [
        _images(*axis, reach) for axis in zip(room.size, room.source, room.microphone, strict=True)
    ]
    (x, x_count), (y, y_count), (z, z_count) = axes
    square = (y.square().unsqueeze(-1) + z.square()).flatten()
    count = (y_count.unsqueeze(-1) + z_count).flatten()
    near = square < reach**2
    square, count = square[near], count[near]
    most = int(x_count.max() + count.max()) if len(count) else 0
    gains = (-math.sqrt(1 - absorption)) ** torch.arange(most + 1, dtype=torch.float64)
    response = torch.zeros(samples + 1, dtype=torch.float64)
    for offset, reflections in zip(x.tolist(), x_count.tolist(), strict=True):
        distance = (square + offset**2).sqrt()
        lag = ((distance - direct) * (sample_rate / SPEED_OF_SOUND)).round().long()
        amplitude = gains[count + reflections] * (direct / distance)
        response.index_add_(0, lag.clamp(1, samples), amplitude)
    response[1] -= 1.0  # the direct path itself, which the clamp put there
    response[0] = 1.0
    return response[:samples]


def eyring_absorption(size: Point, rt60: float) -> float:
    """Return the absorption that gives a diffuse field this reverberation time (Eyring 1930)."""
    length, width, height = size
    volume = length * width * height
    surface = 2 * (length * width + width * height + length * height)
    return 1 - math.exp(-24 * math.log(10) / SPEED_OF_SOUND * volume / (surface * rt60))


def reverberation_time(response: Tensor, sample_rate: int) -> float:
    """Measure the time of a decay by 60 dB: Schroeder's integral, a line from -5 to -35 dB.

    Args:
        response: (samples,).
        sample_rate: in Hz.
    """
    energy = response.double().square().flip(0).cumsum(0).flip(0)
    level_db = 10 * torch.log10(energy / energy[0])
    begin, end = (int((level_db > bound).sum()) for bound in _FITTED_DB)
    fitted = level_db[begin : max(end, begin + 2)]
    time = torch.arange(len(fitted), dtype=torch.float64) / sample_rate
    time = time - time.mean()
    return float(-60 * time.square().sum() / (time * (fitted - fitted.mean())).sum())


def _images(side: float, source: float, microphone: float, reach: float) -> tuple[Tensor, Tensor]:
    """Return the offsets of all images along an axis, and how often each was reflected."""
    periods = math.ceil(reach / (2 * side))
    period = torch.arange(-periods, periods + 1)
    shift = 2 * side * period.double() - microphone
    offsets = torch.cat([shift + source, shift - source])
    reflections = torch.cat([(2 * period).abs(), period.abs() + (period - 1).abs()])
    return offsets, reflections


def _point(numbers: list[float]) -> Point:
    x, y, z = numbers
    return x, y, z
