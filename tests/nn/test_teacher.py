import copy

import torch
from torch import nn

from sslse.nn import Mlp, Teacher


def test_it_starts_as_a_copy_and_follows_with_its_buffers():
    torch.manual_seed(0)
    online = Mlp([3, 5, 2], batch_norm=True)
    teacher = Teacher(online)
    x = torch.randn(4, 3)
    before = copy.deepcopy(online.state_dict())
    torch.testing.assert_close(teacher.module.state_dict(), before, rtol=0, atol=0)
    with torch.no_grad():
        online(x)
        for parameter in online.parameters():
            parameter.add_(1.0)
    teacher.follow(online, 0.75)
    parameters = {name for name, _ in online.named_parameters()}
    for name, value in teacher.module.state_dict().items():
        current = online.state_dict()[name]
        expected = 0.75 * before[name] + 0.25 * current if name in parameters else current
        torch.testing.assert_close(value, expected)


def test_it_is_never_trained_and_passes_no_gradient():
    teacher = Teacher(nn.Linear(3, 2))
    assert not any(one.requires_grad for one in teacher.parameters())
    assert not teacher(torch.ones(1, 3, requires_grad=True)).requires_grad
