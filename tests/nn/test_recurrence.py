import pytest
import torch

from sslse.nn.memory import Memory
from sslse.nn.recurrence import Recurrence


@pytest.mark.parametrize("both_ways", [False, True])
def test_it_is_a_gru_along_the_first_axis(both_ways):
    recurrence = Recurrence(3, 4, both_ways=both_ways)
    x = torch.randn(6, 2, 3)
    states = recurrence(x)
    assert states.shape == (6, 2, recurrence.width)
    torch.testing.assert_close(states[:, 1:], recurrence(x[:, 1:]))
    torch.testing.assert_close(states[:3, :, :4], recurrence(x[:3])[:, :, :4])


def test_pieces_go_on_where_the_one_before_has_ended():
    recurrence, memory = Recurrence(3, 4, both_ways=False), Memory()
    x = torch.randn(6, 2, 3)
    pieces = [recurrence(one, memory) for one in x.split([1, 4, 1])]
    torch.testing.assert_close(torch.cat(pieces), recurrence(x))
    assert not memory.state(recurrence).requires_grad


def test_autocast_does_not_lower_it():
    recurrence = Recurrence(3, 4, both_ways=True)
    x = torch.randn(6, 2, 3).bfloat16()
    with torch.autocast("cpu", torch.bfloat16):
        states = recurrence(x)
    torch.testing.assert_close(states, recurrence(x.float()))
