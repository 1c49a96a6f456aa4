import pytest
import torch

from sslse.api import Reach
from sslse.nn.memory import Memory
from sslse.nn.sampling import (
    DownsamplingBlock,
    UpsamplingBlock,
    _lower_one_channel,
    _raise_to_one_channel,
)

CAUSAL, LOCAL = Reach(5, 0), Reach(5, 5)
# Samples per frame that go in and come out.
BLOCKS = {DownsamplingBlock: (4, 1), UpsamplingBlock: (1, 4)}


def make(block, reach):
    torch.manual_seed(0)
    return block(3, 6, 4, reach=reach).double()


def draw(samples):
    return torch.randn(2, 3, samples, generator=torch.Generator().manual_seed(0)).double()


@pytest.mark.parametrize("reach", [None, LOCAL, CAUSAL])
@pytest.mark.parametrize("block", BLOCKS)
def test_rates(block, reach):
    before, after = BLOCKS[block]
    assert make(block, reach)(draw(10 * before)).shape == (2, 6, 10 * after)


@pytest.mark.parametrize(("reach", "least", "most"), [(LOCAL, -6, 6), (CAUSAL, 0, 6)])
@pytest.mark.parametrize("block", BLOCKS)
def test_a_frame_changes_those_in_reach_of_norm_and_convolution_alone(block, reach, least, most):
    before, after = BLOCKS[block]
    layer, x = make(block, reach), draw(20 * before)
    changed = x.clone()
    changed[..., 10 * before : 11 * before] += 1
    moved = (layer(changed) - layer(x)).abs().amax((0, 1)).view(20, after).amax(-1)
    expected = range(10 + least, 10 + most + 1)
    assert [int(one) for one in moved.nonzero()] == [*expected]


@pytest.mark.parametrize("block", BLOCKS)
def test_the_whole_wave_is_in_the_norm_without_a_reach(block):
    before, _ = BLOCKS[block]
    layer, x = make(block, None), draw(10 * before)
    changed = x.clone()
    changed[..., :before] += 1
    assert ((layer(changed) - layer(x)).abs().amax((0, 1)) > 0).all()


@pytest.mark.parametrize("cuts", [[1] * 10, [3, 1, 6]])
@pytest.mark.parametrize("block", BLOCKS)
def test_pieces_give_what_the_whole_gives(block, cuts):
    before, _ = BLOCKS[block]
    layer, memory, x = make(block, CAUSAL), Memory(), draw(10 * before)
    pieces = x.split([cut * before for cut in cuts], -1)
    joined = torch.cat([layer(one, memory) for one in pieces], -1)
    torch.testing.assert_close(joined, layer(x))


@pytest.mark.parametrize(("factor", "causal"), [(4, False), (2, False), (4, True)])
def test_one_channel_as_products_of_matrices_is_the_same(factor, causal):
    """What runs on a CUDA device alone is told apart from nothing."""
    torch.manual_seed(0)
    padding = 0 if causal else factor // 2
    down = torch.nn.Conv1d(1, 3, 2 * factor, stride=factor, padding=padding).double()
    wave = torch.randn(2, 1, 16 * factor, dtype=torch.float64)
    torch.testing.assert_close(_lower_one_channel(down, wave), down(wave))
    padding = factor if causal else factor // 2
    up = torch.nn.ConvTranspose1d(3, 1, 2 * factor, stride=factor, padding=padding).double()
    frames = torch.randn(2, 3, 7, dtype=torch.float64)
    torch.testing.assert_close(_raise_to_one_channel(up, frames), up(frames))
