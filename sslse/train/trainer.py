"""The training loop; it knows no method by name."""

import math
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from sslse import ranks
from sslse.api import Augmentation, Progress, Schedule
from sslse.data.batches import Batches
from sslse.errors import RunError
from sslse.losses import Over
from sslse.seeds import generator, seeded
from sslse.settings import Train
from sslse.train.conflict import gradient_cosine
from sslse.train.figures import figures
from sslse.train.journal import METRICS, Journal, Watch
from sslse.train.log import take
from sslse.train.monitor import Monitor
from sslse.train.observer import NOBODY, Observer
from sslse.train.optimizer import learning_rate, make_optimizer
from sslse.train.parallel import in_parallel
from sslse.train.signals import signals_noted, stopped
from sslse.train.skipping import FINITE, Skipping
from sslse.train.state import load_state, save_state
from sslse.train.step import Examples, Step, StepOutput
from sslse.train.window import Window


class Trainer:
    """Train a model on noisy views of utterances.

    Args:
        model: the step's forward; on its device already.
        batches: clean crops.
        augmentations: applied to the views in order, each with the name of its random stream.
        train: the recipe's settings.
        views: noisy views per utterance.
        seed: of the run.

    Attributes:
        augmentations: as they were given.
        draw: `Batches.draw`, or what reads ahead for it.
        steps: of the whole run.
        saved: steps of the state that is saved.
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
        if batches.batch_size % ranks.world():
            raise RunError(
                f"a batch of {batches.batch_size} utterances does not divide among "
                f"{ranks.world()} processes; set train.batch_size to a multiple"
            )
        self.model = model
        self.batches = batches
        self.draw: Callable[[int], tuple[Tensor, Tensor]] = batches.draw
        self.optimizer = make_optimizer(model.parameters(), train)
        self.steps = train.epochs * batches.steps_per_epoch
        self.saved = 0
        self.augmentations = augmentations
        self._train = train
        self._views = views
        self._seed = seed
        self._over: Over = "frame" if model.objective.frame_level else "utterance"
        self._device = next(model.parameters()).device
        self._forward = in_parallel(model)
        self._looks = self._device.type == "cpu"  # after every step; elsewhere that would wait

    def progress(self, step: int) -> Progress:
        """Return the clock at a step."""
        return Progress(step, self.steps, self.batches.steps_per_epoch)

    def examples(self, step: int) -> Examples:
        """Return the noisy views a step trains on, and their targets: those of all ranks."""
        waves, utterance = self.draw(step)
        clean = noisy = waves.expand(self._views, *waves.shape)
        for name, augmentation in self.augmentations:
            draws = partial(generator, self._device, self._seed, "augmentation", name, step)
            noisy = augmentation(noisy, generator=draws())
            if augmentation.applies_to == "both":
                clean = augmentation(clean, generator=draws())
        return Examples(clean, noisy, utterance)

    def step(self, step: int, *, skip: bool = False) -> tuple[StepOutput, dict[str, Tensor]]:
        """Take one optimizer step; return its output and its scalars to log.

        The scalar ``finite`` tells whether loss and gradient were. With ``skip``, a step where they
        are not changes nothing; that waits for the device.

        A parameter that no loss of this step uses (the predictor while CL has weight 0) has no
        gradient, so the optimizer leaves it and its momentum alone.
        """
        progress = self.progress(step)
        examples = self.examples(step).own()
        weights = self.model.schedule.weights(progress)
        of_rank = [ranks.rank()] if ranks.rank() else []
        with seeded(self._seed, "step", step, *of_rank, device=self._device):
            output = self._forward(examples, weights, progress)
        scalars = scalars_of(output, self.model.schedule)
        every = self._train.gradient_cosine_every
        if every is not None and step % every == 0:
            cosine = gradient_cosine(output.losses, list(self.model.encoder.parameters()))
            scalars |= {} if cosine is None else {"gradient_cosine": cosine}
        self.optimizer.zero_grad(set_to_none=True)
        output.total.backward()  # type: ignore[no-untyped-call]
        norm = self._clip()
        for group in self.optimizer.param_groups:
            group["lr"] = learning_rate(self._train, progress)
        scalars[FINITE] = torch.isfinite(output.total.detach()) & torch.isfinite(norm)
        if skip and not bool(scalars[FINITE]):
            return output, scalars
        self.optimizer.step()
        with torch.no_grad():
            self.model.objective.after_step(self.model.encoder, output.carry, progress)
            self.model.schedule.after_step(output.losses.detach(), progress)
        return output, scalars

    def run(
        self,
        folder: Path,
        watch: Watch = lambda _: None,
        say: Callable[[str], None] = print,
        observer: Observer = NOBODY,
    ) -> None:
        """Train to the end, from where the folder's saved state stands.

        Args:
            folder: the run directory; ``metrics.jsonl`` and ``resume/`` are written.
            watch: sees every logged line.
            say: told of skipped steps, and what the monitor warns about.
            observer: told how far it is; of several processes that of rank 0.

        Raises:
            RunError: the state is damaged, too many steps on end are not finite, or a collapse
                stops the run.
            Stopped: SIGTERM or SIGINT; the step in progress was finished and the state saved.
        """
        resume, window = folder / "resume", Window()
        done = self.saved = load_state(resume, self.model, self.optimizer, window, say)
        observer = observer if ranks.main() else NOBODY
        watches = [watch, observer.logged]
        journal = Journal(folder / METRICS, done, Monitor(self._over), self.progress, watches)
        skipping = Skipping(
            self.step,
            self.model,
            self.optimizer,
            limit=self._train.nonfinite_steps,
            looks=self._looks,
            say=say,
        )
        observer.started(done, journal.seconds)
        saved = time.monotonic()
        self.model.train()
        with signals_noted() as noted:
            while done < self.steps:
                done, output = skipping.take(done, self._next_line(done), window, noted)
                line_ends = done == self._next_line(done - 1)
                if line_ends and (means := window.averages.take()):
                    line = self.line(done, window, means, output)
                    for name, words in journal.write(line, self.batches.batch_size).items():
                        self._warn(f"step {done}: {name} {words}", say)
                stops = noted.anywhere()
                if done % self.batches.steps_per_epoch == 0 and not stops:
                    observer.epoch_ended(done, journal.seconds)
                due = line_ends and time.monotonic() - saved >= self._train.checkpoint_seconds
                if ranks.greatest(due) or stops or done == self.steps:
                    journal.sync()
                    save_state(resume, self.model, self.optimizer, done, window)
                    self.saved, saved = done, time.monotonic()
                if stops:
                    break
            if noted.number is not None:
                raise stopped(noted.number, f"the state of step {done} of {self.steps} is saved")
        with ranks.main_first():  # the others wait as long as it takes
            observer.ended()

    def _next_line(self, done: int) -> int:
        """Return the step after which the next line is logged."""
        every, per_epoch = self._train.log_every, self.batches.steps_per_epoch
        return min(done + every - done % every, done + per_epoch - done % per_epoch)

    def line(
        self, done: int, window: Window, means: dict[str, float], output: StepOutput | None
    ) -> dict[str, Any]:
        """Return what is logged of the latest steps.

        Args:
            done: steps taken.
            window: of these steps.
            means: of their scalars.
            output: of the last of them; None where it was skipped.
        """
        looks = take(figures(output.gathered(), self._over)) if output is not None else {}
        return {
            "step": done,
            "epoch": done / self.batches.steps_per_epoch,
            "learning_rate": self.optimizer.param_groups[0]["lr"],
            **self._weights(done - 1, means),
            **means,
            **{name: value for name, value in looks.items() if math.isfinite(value)},
            **({"skipped": window.skipped} if window.skipped else {}),
        }

    def _clip(self) -> Tensor:
        """Scale the gradients down to the largest norm allowed; return the norm they had."""
        limit = math.inf if self._train.clip_norm is None else self._train.clip_norm
        gradients = [one.grad for one in self.model.parameters() if one.grad is not None]
        norm = torch.nn.utils.get_total_norm(gradients)
        if math.isfinite(limit):
            torch.nn.utils.clip_grads_with_norm_(self.model.parameters(), limit, norm)
        return norm

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


def scalars_of(output: StepOutput, schedule: Schedule) -> dict[str, Tensor]:
    """Return what is logged of a step: losses, and what objective and schedule add."""
    terms = {"loss": output.total, "cl": output.losses.cl, "se": output.losses.se}
    named = {name: value for name, value in terms.items() if value is not None}
    named |= {f"objective/{name}": value for name, value in output.metrics.items()}
    adapted = schedule.metrics().items()
    return named | {f"schedule/{name}": value.detach().clone() for name, value in adapted}
