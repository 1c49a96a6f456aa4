import pytest
import torch
from torch import nn

from sslse.nn import Mlp


def loops(mlp, vector):
    """Linear layers and ReLU, value by value."""
    linear = [one for one in mlp.layers if isinstance(one, nn.Linear)]
    for place, layer in enumerate(linear):
        vector = [
            sum(weight * value for weight, value in zip(row, vector, strict=True)) + bias
            for row, bias in zip(layer.weight.tolist(), layer.bias.tolist(), strict=True)
        ]
        if place < len(linear) - 1:
            vector = [max(value, 0.0) for value in vector]
    return vector


@pytest.mark.parametrize("sizes", [(4, 3), (4, 6, 3), (4, 5, 6, 2)])
def test_it_is_linear_layers_with_relu_between(sizes):
    torch.manual_seed(0)
    mlp = Mlp(sizes).double()
    vectors = torch.randn(2, 3, 4, dtype=torch.float64)
    mapped = mlp(vectors)
    assert mapped.shape == (2, 3, sizes[-1])
    for place in ((0, 0), (1, 2)):
        assert mapped[place].tolist() == pytest.approx(loops(mlp, vectors[place].tolist()))


def test_no_layers_change_nothing():
    vectors = torch.randn(2, 3, 4, generator=torch.Generator().manual_seed(0))
    assert torch.equal(Mlp([4])(vectors), vectors)
    assert not list(Mlp([4]).parameters())


def test_batch_norm_stands_between_a_hidden_layer_and_its_relu():
    torch.manual_seed(0)
    mlp = Mlp([4, 6, 3], batch_norm=True).double()
    vectors = 5 + 3 * torch.randn(7, 5, 4, dtype=torch.float64)
    first, last = (one for one in mlp.layers if isinstance(one, nn.Linear))
    assert first.bias is None
    hidden = vectors.flatten(0, 1) @ first.weight.T
    hidden = (hidden - hidden.mean(0)) / (hidden.var(0, correction=0) + 1e-5).sqrt()
    expected = hidden.relu() @ last.weight.T + last.bias
    torch.testing.assert_close(mlp(vectors), expected.view(7, 5, 3))
