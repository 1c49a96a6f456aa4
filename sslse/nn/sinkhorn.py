"""Assignment of vectors to prototypes, all of which get the same share."""

import torch
from torch import Tensor

from sslse.losses import in_float32


@torch.no_grad()
def sinkhorn(
    scores: Tensor,
    *,
    iterations: int = 3,
    epsilon: float = 0.05,
    counted: Tensor | None = None,
) -> Tensor:
    """Return soft assignments close to the scores that use all prototypes equally.

    Sinkhorn-Knopp (Cuturi 2013, arXiv:1306.0895) as in SwAV (Caron et al. 2020,
    arXiv:2006.09882)::

        Q = diag(a) exp(scores / epsilon) diag(b)

    with every column scaled to the same sum, then every row to 1, ``iterations`` times; so the
    rows are exact, and the columns the more balanced the more iterations. Computed on logarithms,
    in float32 at least, so that no finite scores overflow. Without gradient.

    Args:
        scores: similarities, (..., examples, prototypes); finite.
        iterations: 1 or more.
        epsilon: the lower, the harder the assignments.
        counted: bool, (examples,); the columns are balanced over these examples only. All by
            default.

    Returns:
        Of the shape of ``scores``; every row sums to 1.
    """
    with torch.autocast(scores.device.type, enabled=False):
        precise = in_float32(scores)
        lowest = torch.finfo(precise.dtype).min / 4
        logs = ((precise - precise.amax((-2, -1), keepdim=True)) / epsilon).clamp_min_(lowest)
        for _ in range(iterations):
            balanced = logs
            if counted is not None:
                balanced = logs.masked_fill(~counted[:, None], -torch.inf)
            logs = (logs - balanced.logsumexp(-2, keepdim=True)).log_softmax(-1)
        return logs.exp_()
