import copy

import pytest
import torch

from sslse.nn import Queue


def rows(first, count):
    """Vectors that tell their number twice."""
    numbers = torch.arange(first, first + count)
    return numbers[:, None] * torch.tensor([1.0, -1.0]), numbers


def held(queue):
    """The utterances from old to new, each found with its own vector."""
    order = torch.arange(len(queue.utterance)).roll(-int(queue.place))
    for slot in order:
        number = float(queue.utterance[slot])
        expected = [number, -number] if queue.filled[slot] else [0.0, 0.0]
        assert queue.vectors[slot].tolist() == expected
    return [int(queue.utterance[slot]) for slot in order if queue.filled[slot]]


@pytest.mark.parametrize("size", [1, 4, 7])
@pytest.mark.parametrize("counts", [(1,) * 9, (3, 3, 3), (2, 5, 0, 7, 1), (9, 2), (4, 20, 3)])
def test_the_newest_are_kept_however_many_come_at_once(size, counts):
    queue, pushed = Queue(size, 2), 0
    assert held(queue) == []
    for count in counts:
        queue.push(*rows(pushed, count))
        pushed += count
        assert held(queue) == list(range(pushed))[-size:]


def test_state_resumes_exactly():
    queue, resumed = Queue(5, 2), Queue(5, 2)
    queue.push(*rows(0, 8))
    resumed.load_state_dict(copy.deepcopy(queue.state_dict()))
    for one in (queue, resumed):
        one.push(*rows(8, 3))
    torch.testing.assert_close(resumed.state_dict(), queue.state_dict(), rtol=0, atol=0)
    assert held(resumed) == [6, 7, 8, 9, 10]


def test_a_cleared_queue_is_as_new():
    queue = Queue(5, 2)
    queue.push(*rows(0, 8))
    queue.clear()
    torch.testing.assert_close(queue.state_dict(), Queue(5, 2).state_dict(), rtol=0, atol=0)


def test_gradients_and_low_precision_do_not_enter():
    queue = Queue(5, 2)
    vectors, utterance = rows(0, 3)
    queue.push(vectors.bfloat16().requires_grad_(), utterance)
    assert queue.vectors.dtype == torch.float32
    assert not queue.vectors.requires_grad
    assert held(queue) == [0, 1, 2]
