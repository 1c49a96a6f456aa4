import math

import pytest
import torch

from sslse.errors import OptionError
from sslse.nn.attention import SelfAttention
from sslse.nn.conformer import ConformerBlock


def test_self_attention_equals_loops():
    torch.manual_seed(0)
    attention = SelfAttention(dim=6, head_dim=3, heads=2).double()
    x = torch.randn(1, 5, 6, dtype=torch.float64)
    normed = attention.norm(x)
    q, k, v = attention.to_qkv(normed)[0].detach().split(6, dim=-1)
    attended = torch.zeros(5, 6, dtype=torch.float64)
    for head in range(2):
        part = slice(3 * head, 3 * head + 3)
        for i in range(5):
            scores = [float(q[i, part] @ k[j, part]) / math.sqrt(3) for j in range(5)]
            shares = [math.exp(score) for score in scores]
            for j in range(5):
                attended[i, part] += shares[j] / sum(shares) * v[j, part]
    torch.testing.assert_close(attention(x)[0], attention.to_out(attended))


def test_a_block_keeps_the_shape_and_reaches_the_far_frames():
    torch.manual_seed(0)
    block = ConformerBlock(8, hidden=16, kernel=3, head_dim=4, heads=2)
    x = torch.randn(2, 30, 8, requires_grad=True)
    out = block(x)
    assert out.shape == x.shape
    (gradient,) = torch.autograd.grad(out[0, 0, 0], x)
    assert gradient[0, 29].abs().sum() > 0
    assert gradient[1].abs().sum() == 0


def test_an_even_kernel_is_refused():
    with pytest.raises(OptionError, match="must be odd, not 4"):
        ConformerBlock(8, hidden=16, kernel=4, head_dim=4, heads=2)
