"""The same training under Lightning, with lightly's BYOL parts and audiomentations' noise."""

import contextlib
import logging
import time
import warnings
from pathlib import Path
from typing import Any

import lightly.loss
import lightly.models.utils
import numpy as np
import pytorch_lightning as lightning
import torch
from audiomentations import AddBackgroundNoise
from measure import wait
from networks import Job, Networks, negative_si_sdr
from plain_script import Batch, Wave, loader, read_crop
from torch import Tensor
from torch.utils.data import Dataset

SETTLING = 2


class NoisyPairs(Dataset[tuple[Wave, Wave, Wave]]):
    """A clean crop and two noisy views of it, mixed by audiomentations.

    Args:
        speech: files.
        noise: folder of files.
        crop: samples.
        length: examples in an epoch.
        sample_rate: in Hz.
    """

    def __init__(
        self, speech: list[Path], noise: Path, crop: int, length: int, sample_rate: int
    ) -> None:
        self.speech = speech
        self.crop = crop
        self.length = length
        self.sample_rate = sample_rate
        self.add_noise = AddBackgroundNoise(noise, min_snr_db=-10.0, max_snr_db=10.0, p=1.0)
        # What it imports and compiles when it is called first, it need not in every worker.
        self.add_noise(np.random.default_rng(0).normal(size=crop).astype(np.float32), sample_rate)

    def __len__(self) -> int:
        return self.length

    def __getitem__(self, index: int) -> tuple[Wave, Wave, Wave]:
        path = self.speech[index % len(self.speech)]
        clean = read_crop(path, self.crop, np.random.default_rng())
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            first, second = (self.add_noise(clean, self.sample_rate) for _ in range(2))
        return clean, first, second


class Module(lightning.LightningModule):
    """BYOL beside the enhancement loss, as lightly's own example has it."""

    def __init__(self, job: Job) -> None:
        super().__init__()
        self.networks = Networks(job.prepared)
        self.criterion = lightly.loss.NegativeCosineSimilarity(dim=1)
        self.make_optimizer = job.optimizer
        trainer = job.prepared.trainer
        self.weights = trainer.model.schedule.weights(trainer.progress(0))
        self.tau = trainer.model.objective.tau

    def training_step(self, batch: Batch, _: int) -> Tensor:
        """Compute the weighted losses."""
        networks = self.networks
        lightly.models.utils.update_momentum(networks.encoder, networks.teacher, self.tau)
        clean, first, second = batch
        one, two = networks.encoder(first), networks.encoder(second)
        se = negative_si_sdr(networks.decoder(one, first), clean)
        se = (se + negative_si_sdr(networks.decoder(two, second), clean)) / 2
        with torch.no_grad():
            target_one, target_two = networks.teacher(first), networks.teacher(second)
        cl = self.criterion(networks.predictor(one), target_two)
        cl = (cl + self.criterion(networks.predictor(two), target_one)) / 2
        return self.weights.cl * cl + self.weights.se * se

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """Return the recipe's optimizer."""
        return self.make_optimizer(self.networks)


class Clock(lightning.Callback):
    """Times the steps after the first few."""

    def __init__(self, device: torch.device) -> None:
        self.device = device
        self.steps = 0
        self.started = self.ended = 0.0

    def on_train_batch_end(self, *_: Any) -> None:
        """Note the time after a step."""
        self.steps += 1
        wait(self.device)
        self.ended = time.perf_counter()
        if self.steps == SETTLING:
            self.started = self.ended


class LightningScript:
    """The training; `block` takes some steps of it and returns the seconds of each."""

    def __init__(self, job: Job, length: int) -> None:
        self.job = job
        recipe = job.prepared.recipe
        dataset = NoisyPairs(
            job.speech, job.noise[0].parent, recipe.train.crop, length, recipe.data.sample_rate
        )
        self.loader = loader(job, dataset)
        self.module = Module(job)
        self.clip_norm = recipe.train.clip_norm

    def block(self) -> float:
        """Take the steps that are timed together, and return the seconds they take."""
        clock = Clock(self.job.device)
        logging.getLogger("pytorch_lightning").setLevel(logging.ERROR)
        with warnings.catch_warnings(), contextlib.redirect_stdout(None):
            warnings.simplefilter("ignore")
            trainer = lightning.Trainer(
                accelerator="gpu" if self.job.device.type == "cuda" else "cpu",
                devices=1,
                max_steps=self.job.block + SETTLING,
                gradient_clip_val=self.clip_norm,
                callbacks=[clock],
                logger=False,
                enable_checkpointing=False,
                enable_progress_bar=False,
                enable_model_summary=False,
            )
            trainer.fit(self.module, self.loader)
        return clock.ended - clock.started
