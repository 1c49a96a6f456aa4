"""What a contrastive loss compares: rows of vectors taken from latents."""

import torch
from torch import Tensor

from sslse.losses import Over, in_float32


def vectors(latent: Tensor, *, over: Over, utterance: Tensor) -> tuple[Tensor, Tensor]:
    """Return a latent as rows of vectors, and the utterance that each row is of.

    Args:
        latent: (views, batch, dim, frames).
        over: ``frame``: every frame is a vector, n = frames; ``utterance``: the mean over frames
            is, n = 1.
        utterance: (batch,), `sslse.api.Views.utterance`.

    Returns:
        Vectors (views, batch * n, dim), the n of a crop in a row, and utterances (batch * n,).
    """
    if over == "utterance":
        return latent.mean(-1), utterance
    return latent.movedim(-1, -2).flatten(1, 2), utterance.repeat_interleave(latent.shape[-1])


def spread_frames(latent: Tensor, count: int | None, step: int) -> Tensor:
    """Keep some frames, evenly spread; one frame later in every step, beginning anew at the end.

    A pure function of the step: every view keeps the same frames, and every frame has its turn.

    Args:
        latent: (..., frames).
        count: frames to keep; all where there are no more, or None.
        step: `sslse.api.Progress.step`.

    Returns:
        (..., count), in another order of time where the end is passed.
    """
    frames = latent.shape[-1]
    if count is None or count >= frames:
        return latent
    kept = torch.arange(count, device=latent.device) * frames // count
    return latent.index_select(-1, (kept + step) % frames)


def unit(rows: Tensor) -> Tensor:
    """Scale vectors to length 1, in float32 at least.

    Args:
        rows: (..., dim).
    """
    return torch.nn.functional.normalize(in_float32(rows), dim=-1)
