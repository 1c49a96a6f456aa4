import math

import pytest
import torch

from sslse.api import Reach
from sslse.nn.level import RMS_FLOOR, Level
from sslse.nn.memory import Memory


@pytest.fixture
def wave():
    return torch.randn(2, 12 * 4, generator=torch.Generator().manual_seed(0)).double()


def slow_level(wave, stride, reach):
    """Take the level around each sample's frame in loops over numbers."""
    frames = len(wave) // stride
    levels = []
    for sample in range(len(wave)):
        frame = sample // stride
        first, last = max(0, frame - reach.before), min(frames - 1, frame + reach.after)
        seen = [float(x) for x in wave[first * stride : (last + 1) * stride]]
        levels.append(math.sqrt(sum(x * x for x in seen) / len(seen)))
    return levels


def test_the_level_of_the_whole_wave(wave):
    level = Level(4, None)(wave)
    assert level.shape == (2, 1)
    torch.testing.assert_close(level, wave.square().mean(-1, keepdim=True).sqrt())


@pytest.mark.parametrize("reach", [Reach(3, 3), Reach(3, 0), Reach(0, 0), Reach(40, 40)])
def test_the_level_around_each_frame_equals_loops(wave, reach):
    level = Level(4, reach)(wave)
    expected = torch.tensor([slow_level(one, 4, reach) for one in wave], dtype=torch.float64)
    torch.testing.assert_close(level, expected)


@pytest.mark.parametrize("cuts", [[1] * 12, [5, 1, 6], [2, 10]])
def test_pieces_have_the_level_of_the_whole(wave, cuts):
    layer, memory = Level(4, Reach(3, 0)), Memory()
    pieces = wave.split([4 * cut for cut in cuts], -1)
    joined = torch.cat([layer(one, memory) for one in pieces], -1)
    torch.testing.assert_close(joined, layer(wave))


@pytest.mark.parametrize("reach", [None, Reach(3, 3), Reach(3, 0)])
def test_silence_has_a_level_to_divide_by(reach):
    assert (Level(4, reach)(torch.zeros(1, 48)) == RMS_FLOOR).all()
