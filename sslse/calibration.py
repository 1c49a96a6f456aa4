"""The level of what a trained model gives."""

from collections.abc import Callable
from dataclasses import replace

import torch
from torch import Tensor

from sslse.data.store import Store
from sslse.evaluate.mixtures import make_mixtures, plan_mixtures
from sslse.settings import Evaluate

UTTERANCES = 16


@torch.no_grad()
def calibrated_gain(
    enhance: Callable[[Tensor], Tensor], speech: Store, noise: Store, settings: Evaluate
) -> float:
    """Return the factor that gives speech the level it has in the mixture.

    SI-SDR does not see a scale, and so a network that was trained by it gives any; as it comes, it
    would be cut off in files of whole numbers. The factor is 1 / a, a the median of
    ``<s_hat, s> / |s|^2`` over mixtures of training utterances and noises; 1 where that is not
    above 0.

    Args:
        enhance: noisy waves (batch, samples) to enhanced ones, on the stores' device.
        speech: training utterances.
        noise: training noises.
        settings: how mixtures are made; at most `UTTERANCES` utterances are taken.
    """
    few = min(UTTERANCES, settings.utterances or UTTERANCES)
    mixtures = plan_mixtures(speech, noise, replace(settings, utterances=few))
    scales = []
    for first in range(0, len(mixtures), settings.batch_size):
        some = mixtures[first : first + settings.batch_size]
        clean, noisy = make_mixtures(some, speech, noise, settings.samples)
        power = clean.square().sum(-1).clamp_min(torch.finfo(clean.dtype).tiny)
        scales.append((enhance(noisy).float() * clean).sum(-1) / power)
    scale = float(torch.cat(scales).median())
    return 1 / scale if 0 < scale < float("inf") else 1.0
