"""What is looked at between the losses: is the latent collapsing, is the input copied through?"""

import torch
from torch import Tensor

from sslse import latents
from sslse.losses import Over
from sslse.train.step import Examples, StepOutput

SILENT = 1e-12
FEWEST = 4  # means over frames whose spread says something


def figures(output: StepOutput, over: Over) -> dict[str, Tensor]:
    """Return figures of a step's latents and outputs, as scalars on the device.

    How far means over frames spread is left out where a step has too few to tell.

    Args:
        output: of the step.
        over: see `sslse.latents.sample`.
    """
    vectors = latents.sample(output.latent, over)
    found = {
        "latent/rank": latents.effective_rank(vectors),
        "latent/alignment": latents.alignment(vectors),
    }
    utterance = output.examples.utterance
    if over == "frame" or (len(utterance) >= FEWEST and bool((utterance != utterance[0]).any())):
        found["latent/std"] = latents.spread(vectors)
        found["latent/uniformity"] = latents.uniformity(vectors)
    if output.estimate is not None:
        found["output/level_db"] = level_db(output.estimate, output.examples)
        found["output/copied"] = copied(output.estimate, output.examples)
    return found


@torch.no_grad()
def level_db(estimate: Tensor, examples: Examples) -> Tensor:
    """Return the power of the outputs relative to the noisy inputs, in dB.

    Args:
        estimate: (views, batch, samples).
        examples: what it is an estimate of.
    """
    power = estimate.float().square().mean().clamp_min(SILENT)
    return 10 * torch.log10(power / examples.noisy.square().mean().clamp_min(SILENT))


@torch.no_grad()
def copied(estimate: Tensor, examples: Examples) -> Tensor:
    """Return the share of what disturbs the input that is copied through to the output.

    Least squares fit each output by ``a * clean + b * disturbance``; the share is ``b / a`` within
    [0, 1]: 1 where the output is the input at any level, of either sign, 0 where nothing of the
    disturbance is left. The mean over examples with speech, disturbance and output; NaN without
    any.

    Args:
        estimate: (views, batch, samples).
        examples: what it is an estimate of.
    """
    estimate, clean = estimate.float(), examples.clean
    rest = examples.noisy - clean
    cc, rr = clean.square().sum(-1), rest.square().sum(-1)
    cr = (clean * rest).sum(-1)
    ec, er = (estimate * clean).sum(-1), (estimate * rest).sum(-1)
    a, b = ec * rr - er * cr, er * cc - ec * cr
    share = (b * a.sign() / a.abs().clamp_min(SILENT**2)).clamp(0, 1)
    counted = (cc > SILENT) & (rr > SILENT) & (estimate.square().sum(-1) > SILENT)
    return torch.where(counted, share, 0.0).sum() / counted.sum()
