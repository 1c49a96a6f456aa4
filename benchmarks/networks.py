"""The networks of a run, for training scripts that know nothing of sslse's training."""

import copy
from dataclasses import dataclass
from pathlib import Path

import soundfile
import torch
from torch import Tensor, nn

from sslse.data.store import Store
from sslse.prepare import Prepared


class Networks(nn.Module):
    """Encoder, decoder, predictor and momentum encoder, with a run's initial weights."""

    def __init__(self, prepared: Prepared) -> None:
        super().__init__()
        model = copy.deepcopy(prepared.trainer.model)
        self.encoder = model.encoder
        self.decoder = model.decoder
        self.predictor = model.objective.predictor
        self.teacher = copy.deepcopy(model.encoder).requires_grad_(False)


@dataclass(frozen=True)
class Job:
    """What all variants train.

    Args:
        prepared: of the recipe.
        speech: training utterances as files.
        noise: training noises as files.
        workers: processes that load data.
        block: steps that are timed together.
    """

    prepared: Prepared
    speech: list[Path]
    noise: list[Path]
    workers: int
    block: int

    @property
    def device(self) -> torch.device:
        """Where the model is."""
        return self.prepared.device

    @property
    def batch(self) -> int:
        """Utterances per step."""
        return self.prepared.trainer.batches.batch_size

    def optimizer(self, networks: Networks) -> torch.optim.Optimizer:
        """Return the recipe's optimizer, as most scripts make it."""
        train = self.prepared.recipe.train
        trained = [one for one in networks.parameters() if one.requires_grad]
        if train.optimizer == "adamw":
            return torch.optim.AdamW(trained, train.learning_rate, weight_decay=train.weight_decay)
        return torch.optim.SGD(
            trained, train.learning_rate, train.momentum, weight_decay=train.weight_decay
        )


def write_files(store: Store, folder: Path) -> list[Path]:
    """Write packed recordings as 16-bit WAV files, which scripts of the usual kind read."""
    folder.mkdir()
    paths = []
    for number in range(len(store)):
        row = torch.tensor(number, device=store.device)
        start = torch.zeros_like(row)
        samples = store.crops(row, start, int(store.lengths_of(row))).cpu().numpy()
        paths.append(folder / f"{number:05}.wav")
        soundfile.write(paths[-1], samples, store.sample_rate, subtype="PCM_16")
    return paths


def negative_si_sdr(estimate: Tensor, clean: Tensor) -> Tensor:
    """Return minus the mean SI-SDR in dB, as most scripts compute it."""
    estimate = estimate - estimate.mean(-1, keepdim=True)
    clean = clean - clean.mean(-1, keepdim=True)
    scale = (estimate * clean).sum(-1, keepdim=True) / (clean.pow(2).sum(-1, keepdim=True) + 1e-8)
    target = scale * clean
    ratio = target.pow(2).sum(-1) / ((target - estimate).pow(2).sum(-1) + 1e-8)
    return -10 * torch.log10(ratio + 1e-8).mean()
