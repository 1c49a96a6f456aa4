"""Which utterances a step sees, and where they are cut: a pure function of seed and step."""

import torch
from torch import Tensor

from sslse.data.store import Store
from sslse.seeds import generator


class Batches:
    """Random crops of training utterances, every utterance equally often in an epoch.

    The utterances that do not fill a last batch are left out of that epoch; another order leaves
    out others in the next.

    Args:
        speech: training utterances.
        batch_size: crops per step; lowered to the crops of an epoch where there are fewer.
        crop: samples per crop; shorter utterances are followed by silence. No crop is digitally
            silent.
        crops_per_utterance: crops of each utterance in an epoch.
        seed: of the run.
    """

    def __init__(
        self, speech: Store, *, batch_size: int, crop: int, crops_per_utterance: int, seed: int
    ) -> None:
        self._speech = speech
        self._crop = crop
        self._seed = seed
        self._crops = len(speech) * crops_per_utterance
        self._order: tuple[int, Tensor] | None = None
        self.batch_size = min(batch_size, self._crops)
        self.steps_per_epoch = self._crops // self.batch_size

    def draw(self, step: int) -> tuple[Tensor, Tensor]:
        """Return a step's clean waves (batch, samples) and the utterances they are of (batch,)."""
        epoch, place = divmod(step, self.steps_per_epoch)
        first = place * self.batch_size
        utterances = self._epoch_order(epoch)[first : first + self.batch_size]
        device = self._speech.device
        draws = generator(device, self._seed, "crop", step)
        share = torch.rand(len(utterances), generator=draws, device=device, dtype=torch.float64)
        start = self._speech.starts(utterances, share, self._crop)
        return self._speech.crops(utterances, start, self._crop), utterances

    def _epoch_order(self, epoch: int) -> Tensor:
        if self._order is None or self._order[0] != epoch:
            draws = generator("cpu", self._seed, "order", epoch)
            order = torch.randperm(self._crops, generator=draws) % len(self._speech)
            if self._speech.device.type == "cuda":  # from pinned memory nothing is waited for
                order = order.pin_memory()
            self._order = (epoch, order.to(self._speech.device, non_blocking=True))
        return self._order[1]
