import pytest
import torch

from sslse.nn.memory import Memory, with_past


@pytest.fixture
def layer():
    return torch.nn.Identity()


def test_the_latest_frames_come_before_a_piece(layer):
    memory = Memory()
    x = torch.arange(10.0).view(1, 10)
    assert memory.extend(layer, x[:, :2], 3).tolist() == [[0, 1]]
    assert memory.extend(layer, x[:, 2:3], 3).tolist() == [[0, 1, 2]]
    assert memory.extend(layer, x[:, 3:8], 3).tolist() == [[0, 1, 2, 3, 4, 5, 6, 7]]
    assert memory.extend(layer, x[:, 8:], 3).tolist() == [[5, 6, 7, 8, 9]]


def test_layers_and_memories_are_apart(layer):
    memory, other = Memory(), torch.nn.Identity()
    memory.extend(layer, torch.ones(1, 4), 2)
    assert memory.extend(other, torch.zeros(1, 1), 2).shape == (1, 1)
    assert Memory().extend(layer, torch.zeros(1, 1), 2).shape == (1, 1)


def test_what_is_kept_has_no_gradient(layer):
    memory = Memory()
    memory.extend(layer, torch.ones(1, 4, requires_grad=True), 2)
    assert not memory.extend(layer, torch.ones(1, 1), 2).requires_grad


def test_silence_lies_before_the_beginning(layer):
    x = torch.arange(1.0, 6.0).view(1, 5)
    assert with_past(layer, x, 2, None).tolist() == [[0, 0, 1, 2, 3, 4, 5]]
    memory = Memory()
    assert with_past(layer, x[:, :1], 2, memory).tolist() == [[0, 0, 1]]
    assert with_past(layer, x[:, 1:2], 2, memory).tolist() == [[0, 1, 2]]
    assert with_past(layer, x[:, 2:], 2, memory).tolist() == [[1, 2, 3, 4, 5]]


def test_a_layer_that_needs_no_past_gets_its_piece(layer):
    x = torch.ones(1, 3)
    assert with_past(layer, x, 0, Memory()) is x
