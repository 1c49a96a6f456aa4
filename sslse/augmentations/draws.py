"""What augmentations draw, on the generator's device."""

import torch
from torch import Generator, Tensor


def uniform(shape: tuple[int, ...], generator: Generator) -> Tensor:
    """Draw from [0, 1) in float64, so that scaled and cut to integers all are alike likely."""
    return torch.rand(shape, generator=generator, device=generator.device, dtype=torch.float64)
