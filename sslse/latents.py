"""Figures that tell whether latents are collapsing; logged, never trained on."""

import math
from itertools import combinations

import torch
from torch import Tensor
from torch.nn import functional

from sslse.losses import Over

ROWS = 512
EPSILON = 1e-7
GOLDEN = (math.sqrt(5) - 1) / 2


def sample(latent: Tensor, over: Over) -> Tensor:
    """Return latents as vectors, at most `ROWS` of each view, evenly over crops and times.

    Args:
        latent: (views, batch, dim, frames).
        over: ``frame`` takes every frame as a vector, ``utterance`` the mean over frames.

    Returns:
        float32 (views, rows, dim); the same row of two views is a pair.
    """
    latent = latent.detach().float()
    vectors = latent.mean(-1, keepdim=True) if over == "utterance" else latent
    vectors = vectors.movedim(-2, -1)
    batch, frames = vectors.shape[1:3]
    if batch * frames <= ROWS:
        return vectors.flatten(1, 2)
    row = torch.arange(ROWS, device=latent.device)
    # Multiples of the golden ratio, modulo 1: neither few of them nor all come in a rhythm.
    place = (row.double() * GOLDEN).frac() * frames
    return vectors[:, row * batch // ROWS, place.long()]


def spread(vectors: Tensor) -> Tensor:
    """Return the mean standard deviation of unit vectors, times sqrt(dim).

    Near 1 where they point in all directions, 0 where all point in one
    (Chen and He 2020, arXiv:2011.10566, figure 2).

    Args:
        vectors: (views, rows, dim).
    """
    units = functional.normalize(vectors.flatten(0, 1), dim=-1)
    return units.std(0, correction=0).mean() * math.sqrt(vectors.shape[-1])


def effective_rank(vectors: Tensor) -> Tensor:
    """Return RankMe: exp of the entropy of the singular values' shares.

    Garrido et al. 2022, arXiv:2210.02885. From 1 (one direction) to the lesser of rows and dim.

    Args:
        vectors: (views, rows, dim).
    """
    values = torch.linalg.svdvals(vectors.flatten(0, 1))
    shares = values / values.sum().clamp_min(EPSILON) + EPSILON
    entropy: Tensor = -(shares * shares.log()).sum()
    return entropy.exp()


def alignment(vectors: Tensor) -> Tensor:
    """Return the mean squared distance of unit vectors of two views of the same.

    Wang and Isola 2020, arXiv:2005.10242, with alpha = 2; from 0 to 4, over all pairs of views.

    Args:
        vectors: (views, rows, dim).
    """
    units = functional.normalize(vectors, dim=-1)
    pairs = combinations(units, 2)
    return torch.stack([(x - y).square().sum(-1).mean() for x, y in pairs]).mean()


def uniformity(vectors: Tensor) -> Tensor:
    """Return the log of the mean Gaussian potential of all pairs of unit vectors of a view.

    Wang and Isola 2020, arXiv:2005.10242, with t = 2; 0 where all are one, lower where they
    spread (-4 at most far from it). The mean over views; NaN for a single row.

    Args:
        vectors: (views, rows, dim).
    """
    units = functional.normalize(vectors, dim=-1)
    potentials = [torch.pdist(view).square().mul(-2).exp().mean().log() for view in units]
    return torch.stack(potentials).mean()
