"""One vector a wave: the frozen latent, pooled over its frames."""

from collections.abc import Callable, Iterable, Sequence

import torch
from torch import Tensor

from sslse.api import Encoder


def pool(latent: Tensor) -> Tensor:
    """Map latents (batch, dim, frames) to their means, then standard deviations, over frames.

    Returns:
        (batch, 2 * dim) float64; the first ``dim`` columns are the means.
    """
    latent = latent.double()
    return torch.cat([latent.mean(-1), latent.std(-1, correction=0)], dim=1)


@torch.no_grad()
def pooled_latents(
    encoders: Sequence[Encoder],
    waves: Iterable[Tensor],
    watch: Callable[[int], None] = lambda _: None,
) -> list[Tensor]:
    """Encode the very same waves with every encoder.

    Args:
        encoders: frozen, in evaluation mode, on the waves' device.
        waves: portions, (batch, samples) each.
        watch: told how many waves each portion had.

    Returns:
        For each encoder (waves, 2 * dim), float64 on the CPU.
    """
    found: list[list[Tensor]] = [[] for _ in encoders]
    for portion in waves:
        for encoder, pooled in zip(encoders, found, strict=True):
            pooled.append(pool(encoder(portion)).cpu())
        watch(len(portion))
    return [torch.cat(one) for one in found]
