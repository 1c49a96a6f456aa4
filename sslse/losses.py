"""Losses and similarities as functions."""

from itertools import permutations
from typing import Literal

import torch
from torch import Tensor

Over = Literal["frame", "utterance"]

FLOOR = 1e-8
SILENT_ENERGY = 1e-12


def in_float32(tensor: Tensor) -> Tensor:
    """Raise a tensor to float32 where autocast lowered it; float64 stays."""
    return tensor.to(torch.promote_types(tensor.dtype, torch.float32))


def si_sdr(estimate: Tensor, clean: Tensor, *, zero_mean: bool = True) -> Tensor:
    """Return the scale-invariant signal-to-distortion ratio in dB.

    ``10 log10(|a s|^2 / |a s - s_hat|^2)`` with ``a = <s_hat, s> / |s|^2``
    (Le Roux et al. 2018, arXiv:1811.02508). Energies have a floor relative to the estimate's own,
    so that the value stays within about +-80 dB and never becomes NaN.

    Args:
        estimate: s_hat, (..., samples).
        clean: s, (..., samples).
        zero_mean: remove both means first.

    Returns:
        In dB, (...).
    """
    estimate, clean = in_float32(estimate), in_float32(clean)
    if zero_mean:
        estimate = estimate - estimate.mean(-1, keepdim=True)
        clean = clean - clean.mean(-1, keepdim=True)
    energy = clean.square().sum(-1, keepdim=True)
    projection = (estimate * clean).sum(-1, keepdim=True) / energy.clamp_min(SILENT_ENERGY)
    target = projection * clean
    floor = FLOOR * estimate.square().sum(-1) + SILENT_ENERGY
    wanted = target.square().sum(-1) + floor
    unwanted = (target - estimate).square().sum(-1) + floor
    return 10 * torch.log10(wanted / unwanted)


def negative_si_sdr(
    estimate: Tensor, clean: Tensor, *, zero_mean: bool = True, audible: Tensor | None = None
) -> Tensor:
    """Return the enhancement loss: minus the mean SI-SDR in dB.

    Crops whose clean wave is silent have no SI-SDR; they do not count.

    Args:
        estimate: (views, batch, samples).
        clean: (views, batch, samples), the target of each view; (batch, samples) for all.
        zero_mean: see `si_sdr`.
        audible: scalar to divide the sum by, in place of the audible crops: for a slice of a
            batch, those of the whole batch over the number of slices.

    Returns:
        A scalar; 0 where every crop is silent.
    """
    ratio = si_sdr(estimate, clean.expand_as(estimate), zero_mean=zero_mean)
    counts = _audible(clean).expand_as(ratio)
    among = counts.sum().clamp_min(1) if audible is None else audible
    return -(ratio * counts).sum() / among


def audible_crops(clean: Tensor) -> Tensor:
    """Return how many crops are not silent, a scalar; at least 1.

    Args:
        clean: (..., samples).
    """
    return _audible(clean).sum().clamp_min(1)


def _audible(clean: Tensor) -> Tensor:
    """Return 1 where a crop is not silent, else 0, (...)."""
    return (clean.square().mean(-1) > FLOOR**2).to(clean.dtype)


def cosine_similarity(p: Tensor, z: Tensor, *, over: Over = "frame") -> Tensor:
    """Return the mean cosine similarity of two latents.

    Args:
        p: (..., dim, frames).
        z: (..., dim, frames).
        over: ``frame`` compares frame by frame; ``utterance`` compares the means over frames.

    Returns:
        A scalar in [-1, 1].
    """
    p, z = in_float32(p), in_float32(z)
    if over == "utterance":
        p, z = p.mean(-1, keepdim=True), z.mean(-1, keepdim=True)
    return torch.nn.functional.cosine_similarity(p, z, dim=-2).mean()


def similarity_across_views(p: Tensor, z: Tensor, *, over: Over = "frame") -> Tensor:
    """Return the mean cosine similarity of ``p[i]`` and ``z[j]`` over all ordered pairs of views.

    Args:
        p: (views, batch, dim, frames).
        z: (views, batch, dim, frames).
        over: see `cosine_similarity`.

    Returns:
        A scalar in [-1, 1].
    """
    pairs = permutations(range(len(p)), 2)
    return torch.stack([cosine_similarity(p[i], z[j], over=over) for i, j in pairs]).mean()
