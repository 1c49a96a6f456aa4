"""The training loop; it knows no method by name."""

import math
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from sslse.api import Augmentation, Progress
from sslse.data.batches import Batches
from sslse.errors import RunError
from sslse.losses import Over
from sslse.seeds import generator, seeded
from sslse.settings import Train
from sslse.train.conflict import gradient_cosine
from sslse.train.figures import figures
from sslse.train.log import Averages, MetricsFile, take
from sslse.train.monitor import Monitor
from sslse.train.optimizer import learning_rate, make_optimizer
from sslse.train.state import load_state, save_state
from sslse.train.step import Examples, Step, StepOutput
from sslse.train.tensorboard import require_tensorboard, tensorboard_watch

Watch = Callable[[dict[str, Any]], None]


class Trainer:
    """Train a model on noisy views of utterances.

    Args:
        model: the step's forward; on its device already.
        batches: clean crops.
        augmentations: applied to the views in order, each with the name of its random stream.
        train: the recipe's settings.
        views: noisy views per utterance.
        seed: of the run.
    """

    def __init__(
        self,
        model: Step,
        batches: Batches,
        augmentations: list[tuple[str, Augmentation]],
        train: Train,
        *,
        views: int,
        seed: int,
    ) -> None:
        if train.tensorboard:
            require_tensorboard()
        self.model = model
        self.batches = batches
        self.optimizer = make_optimizer(model.parameters(), train)
        self.steps = train.epochs * batches.steps_per_epoch
        self._augmentations = augmentations
        self._train = train
        self._views = views
        self._seed = seed
        self._device = next(model.parameters()).device

    def progress(self, step: int) -> Progress:
        """Return the clock at a step."""
        return Progress(step, self.steps, self.batches.steps_per_epoch)

    def examples(self, step: int) -> Examples:
        """Return the noisy views a step trains on, and their targets."""
        waves, utterance = self.batches.draw(step)
        clean = noisy = waves.expand(self._views, *waves.shape)
        for name, augmentation in self._augmentations:
            draws = partial(generator, self._device, self._seed, "augmentation", name, step)
            noisy = augmentation(noisy, generator=draws())
            if augmentation.applies_to == "both":
                clean = augmentation(clean, generator=draws())
        return Examples(clean, noisy, utterance)

    def step(self, step: int) -> tuple[StepOutput, dict[str, Tensor]]:
        """Take one optimizer step; return its output and its scalars to log.

        A parameter that no loss of this step uses (the predictor while CL has weight 0) has no
        gradient, so the optimizer leaves it and its momentum alone.
        """
        progress = self.progress(step)
        examples = self.examples(step)
        weights = self.model.schedule.weights(progress)
        with seeded(self._seed, "step", step, device=self._device):
            output: StepOutput = self.model(examples, weights, progress)
        scalars = _scalars(output)
        adapted = self.model.schedule.metrics().items()
        scalars |= {f"schedule/{name}": value.detach().clone() for name, value in adapted}
        every = self._train.gradient_cosine_every
        if every is not None and step % every == 0:
            cosine = gradient_cosine(output.losses, list(self.model.encoder.parameters()))
            scalars |= {} if cosine is None else {"gradient_cosine": cosine}
        self.optimizer.zero_grad(set_to_none=True)
        output.total.backward()  # type: ignore[no-untyped-call]
        if self._train.clip_norm is not None:
            torch.nn.utils.clip_grad_norm_(self.model.parameters(), self._train.clip_norm)
        for group in self.optimizer.param_groups:
            group["lr"] = learning_rate(self._train, progress)
        self.optimizer.step()
        with torch.no_grad():
            self.model.objective.after_step(self.model.encoder, output.carry, progress)
            self.model.schedule.after_step(output.losses.detach(), progress)
        return output, scalars

    def run(
        self, folder: Path, watch: Watch = lambda _: None, say: Callable[[str], None] = print
    ) -> None:
        """Train to the end, from where the folder's saved state stands.

        Args:
            folder: the run directory; ``metrics.jsonl`` and ``resume/`` are written.
            watch: sees every logged line.
            say: told what the monitor warns about.

        Raises:
            RunError: the loss is not finite, or a collapse stops the run.
        """
        resume = folder / "resume"
        first = load_state(resume, self.model, self.optimizer)
        file = MetricsFile(folder / "metrics.jsonl", first)
        over: Over = "frame" if self.model.objective.frame_level else "utterance"
        monitor = Monitor(over)
        for line in file.kept:
            monitor.check(line, self.progress(line["step"] - 1))
        watches = [watch]
        if self._train.tensorboard:
            watches.append(tensorboard_watch(folder / "tensorboard", first))
        before = file.seconds
        started = saved = lap = time.monotonic()
        averages, since = Averages(), first
        self.model.train()
        for step in range(first, self.steps):
            output, scalars = self.step(step)
            averages.add(scalars)
            done = step + 1
            epoch_ends = done % self.batches.steps_per_epoch == 0
            if not (epoch_ends or done % self._train.log_every == 0):
                continue
            means = averages.take()
            if not math.isfinite(means["loss"]):
                raise RunError(
                    f"the loss is not finite at step {done}; start another run (--out) with a "
                    "lower train.learning_rate or with train.clip_norm"
                )
            looks = take(figures(output, over))
            looks = {name: value for name, value in looks.items() if math.isfinite(value)}
            now = time.monotonic()
            line = {
                "step": done,
                "epoch": done / self.batches.steps_per_epoch,
                "learning_rate": self.optimizer.param_groups[0]["lr"],
                **self._weights(step, means),
                **means,
                **looks,
                "seconds": before + now - started,
                "pairs_per_second": (done - since) * self.batches.batch_size / (now - lap),
            }
            warnings = monitor.check(line, self.progress(step))
            file.write(line | ({"warnings": warnings} if warnings else {}))
            for one in watches:
                one(line)
            for name, words in warnings.items():
                self._warn(f"step {done}: {name} {words}", say)
            since, lap = done, now
            due = now - saved >= self._train.checkpoint_seconds
            if (epoch_ends and due) or done == self.steps:
                save_state(resume, self.model, self.optimizer, done)
                saved = time.monotonic()

    def _weights(self, step: int, means: dict[str, float]) -> dict[str, float]:
        """Return the weights of a step, those that adapt taken out of the logged means."""
        weights = self.model.schedule.weights(self.progress(step))
        return {
            "weight_cl": means.pop("schedule/cl", weights.cl),
            "weight_se": means.pop("schedule/se", weights.se),
        }

    def _warn(self, words: str, say: Callable[[str], None]) -> None:
        """Say a warning of the monitor, or stop for it."""
        if self._train.on_collapse == "stop":
            raise RunError(
                f"{words}; stopped, as train.on_collapse says. Start another run (--out) with "
                "other settings"
            )
        say(f"warning: {words}")


def _scalars(output: StepOutput) -> dict[str, Tensor]:
    terms = {"loss": output.total, "cl": output.losses.cl, "se": output.losses.se}
    named = {name: value for name, value in terms.items() if value is not None}
    return named | {f"objective/{name}": value for name, value in output.metrics.items()}
