"""The optimizer and its learning rate over time."""

import math
from collections.abc import Iterable

import torch
from torch import nn

from sslse.api import Progress
from sslse.settings import Train


def make_optimizer(parameters: Iterable[nn.Parameter], train: Train) -> torch.optim.Optimizer:
    """Build the optimizer over what trains."""
    trained = [one for one in parameters if one.requires_grad]
    if train.optimizer == "adamw":
        return torch.optim.AdamW(
            trained, lr=train.learning_rate, weight_decay=train.weight_decay, fused=True
        )
    optimizer = torch.optim.SGD(
        trained,
        lr=train.learning_rate,
        momentum=train.momentum,
        weight_decay=train.weight_decay,
        fused=True,
    )
    if train.momentum:
        # Momentum starts at 0 for all: the fused step cannot start it for some parameters later.
        for one in trained:
            optimizer.state[one]["momentum_buffer"] = torch.zeros_like(one)
    return optimizer


def learning_rate(train: Train, progress: Progress) -> float:
    """Return the learning rate of a step: linear warm-up, then constant or cosine to zero."""
    warm = min(1.0, (progress.step + 1) / train.warmup_steps) if train.warmup_steps else 1.0
    cooled = 1.0
    if train.decay == "cosine":
        cooled = 0.5 * (1 + math.cos(math.pi * progress.fraction))
    return train.learning_rate * warm * cooled
