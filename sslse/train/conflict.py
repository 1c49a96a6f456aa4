"""Do the two losses pull the encoder the same way?"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from sslse import ranks
from sslse.api import Losses


def gradient_cosine(losses: Losses, parameters: Sequence[nn.Parameter]) -> Tensor | None:
    """Return the cosine between the gradients of CL and SE on the encoder.

    1 where both pull alike, 0 where they do not concern each other, -1 where they fight; weights
    do not matter. Costs one backward pass more for each loss.

    Args:
        losses: of a step, whose graph is kept.
        parameters: the encoder's; frozen ones do not count.

    Returns:
        A detached scalar; None where one of the losses, or a gradient, is missing.
    """
    if losses.cl is None or losses.se is None:
        return None
    parameters = [one for one in parameters if one.requires_grad]
    if not parameters or not (losses.cl.requires_grad and losses.se.requires_grad):
        return None
    cl, se = (
        [
            ranks.mean(one)
            for one in torch.autograd.grad(
                loss, parameters, retain_graph=True, allow_unused=True, materialize_grads=True
            )
        ]
        for loss in (losses.cl, losses.se)
    )
    products = [(x * y).sum() for x, y in zip(cl, se, strict=True)]
    lengths = [
        torch.nn.utils.get_total_norm(one).clamp_min(torch.finfo(torch.float32).tiny)
        for one in (cl, se)
    ]
    return torch.stack(products).sum() / lengths[0] / lengths[1]
