import math

import pytest
import torch

from sslse.api import Reach
from sslse.nn import attention
from sslse.nn.attention import SelfAttention, attend_around
from sslse.nn.memory import Memory

REACHES = [Reach(3, 3), Reach(3, 0), Reach(1, 1), Reach(1, 0)]


def draw(frames, past=0, batch=2):
    generator = torch.Generator().manual_seed(frames)
    q = torch.randn(batch, 2, frames, 3, generator=generator, dtype=torch.float64)
    k, v = torch.randn(2, batch, 2, past + frames, 3, generator=generator, dtype=torch.float64)
    return q, k, v


def slow(q, k, v, reach):
    """Attend in loops over numbers."""
    past = k.shape[-2] - q.shape[-2]
    out = torch.zeros_like(q)
    for batch in range(q.shape[0]):
        for head in range(q.shape[1]):
            for i in range(q.shape[2]):
                seen = range(max(-past, i - reach.before), min(q.shape[2], i + reach.after + 1))
                keys = [past + j for j in seen]
                scores = [float(q[batch, head, i] @ k[batch, head, j]) / math.sqrt(3) for j in keys]
                shares = [math.exp(score) for score in scores]
                for j, share in zip(keys, shares, strict=True):
                    out[batch, head, i] += share / sum(shares) * v[batch, head, j]
    return out


@pytest.mark.parametrize("reach", REACHES)
@pytest.mark.parametrize("frames", [1, 2, 6, 7, 9, 13])
def test_it_equals_loops(frames, reach):
    q, k, v = draw(frames)
    torch.testing.assert_close(attend_around(q, k, v, reach), slow(q, k, v, reach))


@pytest.mark.parametrize("past", [1, 2, 3])
@pytest.mark.parametrize("frames", [1, 6, 7, 8, 13])
def test_keys_of_the_past(frames, past):
    q, k, v = draw(frames, past)
    reach = Reach(3, 0)
    torch.testing.assert_close(attend_around(q, k, v, reach), slow(q, k, v, reach))


@pytest.mark.parametrize("reach", REACHES)
@pytest.mark.parametrize("past", [0, 1])
def test_blocks_equal_the_mask(reach, past):
    q, k, v = draw(2 * reach.before + 3, past if not reach.after else 0)
    past = k.shape[-2] - q.shape[-2]
    ahead = torch.arange(-past, q.shape[-2]) - torch.arange(q.shape[-2]).unsqueeze(-1)
    mask = (ahead >= -reach.before) & (ahead <= reach.after)
    masked = torch.nn.functional.scaled_dot_product_attention(q, k, v, mask)
    torch.testing.assert_close(attend_around(q, k, v, reach), masked)


@pytest.mark.parametrize("reach", REACHES)
@pytest.mark.parametrize("frames", [5, 7, 8, 10])
def test_gradients_are_finite_and_those_of_the_loops(frames, reach):
    inputs = [one.requires_grad_() for one in draw(frames, batch=1)]
    weight = torch.randn(1, 2, frames, 3, generator=torch.Generator().manual_seed(1)).double()
    found = torch.autograd.grad((attend_around(*inputs, reach) * weight).sum(), inputs)
    assert all(one.isfinite().all() for one in found)
    assert torch.autograd.gradcheck(lambda *x: attend_around(*x, reach), inputs, fast_mode=True)


def test_cost_grows_with_the_length_alone(monkeypatch):
    seen = []
    dot = attention.F.scaled_dot_product_attention

    def counted(q, k, v, mask):
        seen.append(q.shape[0] * q.shape[-2] * k.shape[-2])
        return dot(q, k, v, mask)

    monkeypatch.setattr(attention.F, "scaled_dot_product_attention", counted)
    for frames in (200, 400):
        attend_around(*draw(frames, batch=1), Reach(10, 10))
    assert seen == [200 * 30, 400 * 30]


def test_a_layer_in_pieces_gives_what_it_gives_for_the_whole():
    torch.manual_seed(0)
    layer = SelfAttention(6, 3, 2, Reach(3, 0)).double()
    x = torch.randn(2, 20, 6, dtype=torch.float64)
    memory = Memory()
    joined = torch.cat([layer(one, memory) for one in x.split([1, 1, 9, 2, 7], 1)], 1)
    torch.testing.assert_close(joined, layer(x))
