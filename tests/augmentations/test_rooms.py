"""The image method against a slow one, and against the theory of diffuse fields."""

import math

import pytest
import torch

from sslse.augmentations.rooms import (
    SPEED_OF_SOUND,
    Room,
    RoomRanges,
    draw_room,
    eyring_absorption,
    image_response,
    reverberation_time,
    simulate,
)

RANGES = RoomRanges((3.0, 8.0), (2.5, 4.0), (0.5, 2.0), (0.15, 0.6))
ROOM = Room((4.1, 3.3, 2.7), (1.2, 2.1, 1.3), (2.9, 0.8, 1.7), 0.3)


def slow_response(room, absorption, sample_rate, samples):
    """Mirror the source wall by wall, one image at a time."""
    response = [0.0] * samples
    direct = math.dist(room.source, room.microphone)

    def mirrored(side, place, order):
        """Return the image after so many reflections, the first at the far wall if positive."""
        far = order > 0
        for _ in range(abs(order)):
            place = 2 * side - place if far else -place
            far = not far
        return place

    most = [math.ceil((direct + SPEED_OF_SOUND * samples / sample_rate) / s) + 2 for s in room.size]
    for x in range(-most[0], most[0] + 1):
        for y in range(-most[1], most[1] + 1):
            for z in range(-most[2], most[2] + 1):
                orders = (x, y, z)
                image = [
                    mirrored(side, place, order)
                    for side, place, order in zip(room.size, room.source, orders, strict=True)
                ]
                distance = math.dist(image, room.microphone)
                lag = round((distance - direct) / SPEED_OF_SOUND * sample_rate)
                if lag < samples:
                    reflections = sum(map(abs, orders))
                    gain = (-math.sqrt(1 - absorption)) ** reflections
                    response[lag] += gain * direct / distance
    return torch.tensor(response, dtype=torch.float64)


@pytest.mark.parametrize("absorption", [0.1, 0.6])
def test_every_image_is_where_mirroring_puts_it(absorption):
    fast = image_response(ROOM, absorption, 16000, 700)
    torch.testing.assert_close(fast, slow_response(ROOM, absorption, 16000, 700))


def test_the_direct_path_is_at_lag_zero_with_gain_one():
    draws = torch.Generator().manual_seed(0)
    for _ in range(50):
        response = image_response(draw_room(RANGES, draws), 0.3, 16000, 100)
        assert response[0] == 1.0
        assert response[1:].abs().max() < 1.0


def test_rooms_are_within_the_ranges():
    draws = torch.Generator().manual_seed(1)
    rooms = [draw_room(RANGES, draws) for _ in range(200)]
    for room in rooms:
        for side, (low, high) in zip(room.size, ((3, 8), (3, 8), (2.5, 4)), strict=True):
            assert low <= side <= high
        for place in (room.source, room.microphone):
            for one, side in zip(place, room.size, strict=True):
                assert 0.5 - 1e-9 <= one <= side - 0.5 + 1e-9
        assert math.dist(room.source, room.microphone) <= 2.0 + 1e-9
        assert 0.15 <= room.rt60 <= 0.6
    distances = [math.dist(room.source, room.microphone) for room in rooms]
    assert sum(one < 0.5 for one in distances) < 10
    assert len({room.size for room in rooms}) == 200


def test_measured_reverberation_is_the_wanted_one():
    draws = torch.Generator().manual_seed(2)
    for _ in range(12):
        room = draw_room(RANGES, draws)
        measured = reverberation_time(simulate(room, 16000), 16000)
        assert measured == pytest.approx(room.rt60, rel=0.12)


def test_eyrings_absorption_is_near_and_below_sabines():
    """A shoebox without scattering rings longer than a diffuse field, by less than a half."""
    draws = torch.Generator().manual_seed(3)
    for _ in range(8):
        room = draw_room(RANGES, draws)
        absorption = eyring_absorption(room.size, room.rt60)
        x, y, z = room.size
        sabine = 0.161 * x * y * z / (2 * (x * y + y * z + x * z) * room.rt60)
        assert absorption < sabine
        assert -math.log(1 - absorption) == pytest.approx(sabine, rel=0.01)
        samples = math.ceil(room.rt60 * 16000)
        measured = reverberation_time(image_response(room, absorption, 16000, samples), 16000)
        assert 0.95 < measured / room.rt60 < 1.5


def test_an_exponential_decay_is_measured_rightly():
    time = torch.arange(16000, dtype=torch.float64) / 16000
    noise = torch.randn(16000, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    decay = noise * 10 ** (-3 * time / 0.4)
    assert reverberation_time(decay, 16000) == pytest.approx(0.4, rel=0.02)


def test_reflections_do_not_add_up_to_a_rumble():
    spectrum = torch.fft.rfft(simulate(ROOM, 16000), 16000).abs().square()
    assert spectrum[:50].mean() < 3 * spectrum[200:4000].mean()
