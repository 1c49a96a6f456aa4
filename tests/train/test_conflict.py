import math

import pytest
import torch
from torch import nn

from sslse.api import Losses
from sslse.train.conflict import gradient_cosine


@pytest.mark.parametrize(("angle", "weight"), [(0.0, 1.0), (60.0, 5.0), (90.0, 1.0), (180.0, 0.1)])
def test_the_cosine_of_two_pulls(angle, weight):
    parameters = [nn.Parameter(torch.zeros(1)), nn.Parameter(torch.zeros(1))]
    x, y = parameters
    direction = math.radians(angle)
    cl = x.sum()
    se = weight * (math.cos(direction) * x + math.sin(direction) * y).sum()
    found = gradient_cosine(Losses(cl, se), parameters)
    assert found.item() == pytest.approx(math.cos(direction), abs=1e-6)
    (cl + se).backward()  # the graph is kept


def test_without_both_losses_or_any_gradient_there_is_none():
    assert gradient_cosine(Losses(None, torch.zeros(())), []) is None
    trained, frozen = nn.Parameter(torch.ones(2)), nn.Parameter(torch.ones(2), requires_grad=False)
    loss = (trained * frozen).sum()
    assert gradient_cosine(Losses(loss, loss.detach()), [trained]) is None
    assert gradient_cosine(Losses(loss, loss), [frozen]) is None
    assert gradient_cosine(Losses(loss, loss), [trained, frozen]).item() == pytest.approx(1)


def test_a_loss_that_does_not_concern_the_encoder_gives_0():
    parameter = nn.Parameter(torch.ones(2))
    other = nn.Parameter(torch.ones(2))
    assert gradient_cosine(Losses(parameter.sum(), other.sum()), [parameter]).item() == 0
