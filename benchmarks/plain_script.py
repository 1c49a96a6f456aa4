"""A training script of the usual kind: DataLoader workers, numpy mixing, eager float32."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import soundfile
import torch
from networks import Job, Networks, negative_si_sdr
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import cosine_similarity
from torch.utils.data import DataLoader, Dataset

Wave = NDArray[np.float32]
Batch = tuple[Tensor, Tensor, Tensor]
SNR_DB = (-10.0, -5.0, 0.0, 5.0, 10.0)


def read_crop(path: Path, samples: int, draws: np.random.Generator) -> Wave:
    """Read a crop from a drawn place of a file, with silence behind a short one."""
    with soundfile.SoundFile(path) as file:
        start = draws.integers(max(file.frames - samples, 0) + 1)
        file.seek(start)
        wave: Wave = file.read(samples, dtype="float32")
    return np.pad(wave, (0, samples - len(wave)))


class NoisyPairs(Dataset[tuple[Wave, Wave, Wave]]):
    """A clean crop and two noisy views of it, mixed in numpy.

    Args:
        speech: files.
        noise: files.
        crop: samples.
        length: examples in an epoch.
    """

    def __init__(self, speech: list[Path], noise: list[Path], crop: int, length: int) -> None:
        self.speech = speech
        self.noise = noise
        self.crop = crop
        self.length = length

    def __len__(self) -> int:
        return self.length

    def __getitem__(self, index: int) -> tuple[Wave, Wave, Wave]:
        draws = np.random.default_rng()
        clean = read_crop(self.speech[index % len(self.speech)], self.crop, draws)
        first, second = draws.choice(len(self.noise), 2, replace=False)
        return clean, self.mix(clean, first, draws), self.mix(clean, second, draws)

    def mix(self, clean: Wave, noise: int, draws: np.random.Generator) -> Wave:
        """Add one noise at a drawn ratio."""
        wave = read_crop(self.noise[noise], self.crop, draws)
        ratio = 10 ** (draws.choice(SNR_DB) / 10)
        power = np.mean(wave**2) + 1e-12
        mixed: Wave = clean + np.sqrt(np.mean(clean**2) / (power * ratio)).astype(np.float32) * wave
        return mixed


def loader(job: Job, dataset: Dataset[tuple[Wave, Wave, Wave]]) -> "DataLoader[Batch]":
    """Return the usual loader."""
    return DataLoader(
        dataset,
        batch_size=job.batch,
        shuffle=True,
        drop_last=True,
        num_workers=job.workers,
        persistent_workers=job.workers > 0,
        pin_memory=job.device.type == "cuda",
    )


class PlainScript:
    """The training loop; `block` takes some steps of it."""

    def __init__(self, job: Job, length: int) -> None:
        self.job = job
        self.networks = Networks(job.prepared).to(job.device)
        self.optimizer = job.optimizer(self.networks)
        trainer = job.prepared.trainer
        self.weights = trainer.model.schedule.weights(trainer.progress(0))
        self.tau = trainer.model.objective.tau
        self.clip_norm = job.prepared.recipe.train.clip_norm
        crop = job.prepared.recipe.train.crop
        dataset = NoisyPairs(job.speech, job.noise, crop, length)
        self.loader = loader(job, dataset)
        self.batches: Iterator[Batch] = iter(())
        self.losses: list[float] = []

    def block(self) -> None:
        """Take the steps that are timed together."""
        for _ in range(self.job.block):
            batch = next(self.batches, None)
            if batch is None:
                self.batches = iter(self.loader)
                batch = next(self.batches)
            self.step(batch)

    def loss(self, batch: Batch) -> Tensor:
        """Compute the weighted losses."""
        clean, first, second = batch
        one, two = self.networks.encoder(first), self.networks.encoder(second)
        se = negative_si_sdr(self.networks.decoder(one, first), clean)
        se = (se + negative_si_sdr(self.networks.decoder(two, second), clean)) / 2
        with torch.no_grad():
            target_one, target_two = self.networks.teacher(first), self.networks.teacher(second)
        cl = cosine_similarity(self.networks.predictor(one), target_two, dim=1).mean()
        cl = cl + cosine_similarity(self.networks.predictor(two), target_one, dim=1).mean()
        return self.weights.se * se - self.weights.cl * cl / 2

    def step(self, batch: Batch) -> None:
        """Take one optimizer step."""
        clean, first, second = (one.to(self.job.device, non_blocking=True) for one in batch)
        loss = self.loss((clean, first, second))
        self.optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        if self.clip_norm is not None:
            torch.nn.utils.clip_grad_norm_(self.networks.parameters(), self.clip_norm)
        self.optimizer.step()
        with torch.no_grad():
            pairs = zip(
                self.networks.teacher.parameters(), self.networks.encoder.parameters(), strict=True
            )
            for kept, current in pairs:
                kept.mul_(self.tau).add_(current, alpha=1 - self.tau)
        self.losses.append(loss.item())
