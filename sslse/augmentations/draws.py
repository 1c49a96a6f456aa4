"""What augmentations draw, on the generator's device."""

import math
from typing import Literal

import torch
from torch import Generator, Tensor

Draw = Literal["view", "utterance"]


def uniform(shape: tuple[int, ...], generator: Generator) -> Tensor:
    """Draw from [0, 1) in float64, so that scaled and cut to integers all are alike likely."""
    return torch.rand(shape, generator=generator, device=generator.device, dtype=torch.float64)


def between(bounds: tuple[float, float], shape: tuple[int, ...], generator: Generator) -> Tensor:
    """Draw float32 numbers between two bounds."""
    least, most = bounds
    return (least + (most - least) * uniform(shape, generator)).float()


def between_logs(
    bounds: tuple[float, float], shape: tuple[int, ...], generator: Generator
) -> Tensor:
    """Draw float32 numbers between two positive bounds, evenly on a log scale."""
    least, most = bounds
    return between((math.log(least), math.log(most)), shape, generator).exp()


def whole_between(bounds: tuple[int, int], shape: tuple[int, ...], generator: Generator) -> Tensor:
    """Draw int64 numbers between two bounds, both included."""
    least, most = bounds
    return least + (uniform(shape, generator) * (most - least + 1)).long()


def different(count: int, columns: int, among: int, generator: Generator) -> Tensor:
    """Draw from range(among), different within a column, all orders alike likely.

    Returns:
        int64 (count, columns); count is at most among.
    """
    first = (uniform((1, columns), generator) * among).long()
    left = torch.arange(among - 1, among - count, -1, device=generator.device)
    ranks = (uniform((count - 1, columns), generator) * left.unsqueeze(-1)).long()
    steps: list[Tensor] = []
    for rank in ranks:
        step = rank
        for earlier in torch.stack(steps).sort(dim=0).values if steps else ():
            step = step + (step >= earlier)
        steps.append(step)
    others = [first + 1 + step for step in steps]
    return torch.cat([first, *others]) % among


def shape_of_draws(views: Tensor, draw: Draw) -> tuple[int, int]:
    """Return the shape of what is drawn once for each view or once for each utterance."""
    count, batch, _ = views.shape
    return (count if draw == "view" else 1), batch


def in_place_of_some(
    views: Tensor,
    changed: Tensor,
    probability: float,
    generator: Generator,
    *,
    draw: Draw = "view",
) -> Tensor:
    """Put changed waves in the place of a drawn share; the others stay bit for bit.

    Args:
        views: (views, batch, samples).
        changed: of the same shape.
        probability: of each to be changed.
        generator: of the draws.
        draw: ``utterance``: all views of an utterance change, or none.
    """
    chosen = uniform(shape_of_draws(views, draw), generator) < probability
    return torch.where(chosen.unsqueeze(-1), changed, views)
