import pytest
import torch

from sslse.api import Reach
from sslse.nn.memory import Memory
from sslse.nn.norm import NormAround

STEPS = 4
FRAMES = 12


@pytest.fixture
def x():
    generator = torch.Generator().manual_seed(0)
    return 3 + torch.randn(2, 3, FRAMES * STEPS, generator=generator).double()


def make(reach):
    torch.manual_seed(0)
    norm = NormAround(3, STEPS, reach).double()
    for one in norm.parameters():
        torch.nn.init.normal_(one)
    return norm


@pytest.mark.parametrize("reach", [Reach(2, 2), Reach(3, 0)])
def test_it_equals_loops(x, reach):
    norm = make(reach)
    found = norm(x)
    for frame in range(FRAMES):
        first = max(0, frame - reach.before) * STEPS
        around = x[:, :, first : (frame + reach.after + 1) * STEPS]
        mean = around.mean((1, 2), keepdim=True)
        variance = around.var((1, 2), keepdim=True, correction=0)
        here = slice(frame * STEPS, (frame + 1) * STEPS)
        expected = (x[:, :, here] - mean) / (variance + 1e-5).sqrt()
        expected = expected * norm.weight[:, None] + norm.bias[:, None]
        torch.testing.assert_close(found[:, :, here], expected)


def test_a_reach_over_the_whole_wave_gives_what_groupnorm_gives(x):
    norm, group = make(Reach(FRAMES, FRAMES)), torch.nn.GroupNorm(1, 3).double()
    group.load_state_dict(norm.state_dict())
    torch.testing.assert_close(norm(x), group(x))


@pytest.mark.parametrize("cuts", [[1] * FRAMES, [5, 1, 6]])
def test_pieces_give_what_the_whole_gives(x, cuts):
    norm, memory = make(Reach(3, 0)), Memory()
    pieces = x.split([cut * STEPS for cut in cuts], -1)
    torch.testing.assert_close(torch.cat([norm(one, memory) for one in pieces], -1), norm(x))


def test_silence_stays_finite_with_its_gradient():
    norm = NormAround(3, STEPS, Reach(2, 2))
    silence = torch.zeros(1, 3, 8 * STEPS, requires_grad=True)
    norm(silence).sum().backward()
    assert silence.grad.isfinite().all()
