"""Score the model on a few test mixtures while it trains; nothing is chosen by it."""

import copy
import json
import math
import os
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import BrokenExecutor, Future
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
import torch

from sslse.api import Samples
from sslse.atomic import write_whole
from sslse.build import Material
from sslse.bundle import Enhancer
from sslse.device import usable_cores
from sslse.evaluate.mixtures import make_mixtures, plan_mixtures
from sslse.evaluate.scoring import Scorer, Scores
from sslse.recipe import Recipe
from sslse.run_folder import SCORES
from sslse.settings import Evaluate
from sslse.train.log import read_metrics
from sslse.train.observer import Observer
from sslse.train.trainer import Trainer
from sslse.train.unscored import FOLDER, Enhanced, Unscored

WORKERS = 4
PENDING = 8


@dataclass
class _Pending:
    """A step whose scores are being computed."""

    enhanced: Enhanced
    scores: list["Future[list[Scores]]"] = field(default_factory=list)


class Scoring(Observer):
    """Enhance some test mixtures every few epochs and score them in the background.

    Writes a line to ``scores.jsonl`` before the first step, every ``evaluate.every`` epochs and at
    the end: ``step``, ``epoch``, ``seconds`` of training, the mean of every metric as
    ``score/<metric>`` (None where no mixture has that score), and how many scores ``failed``. The
    model is copied to enhance and no random number is drawn, so that a training with it takes the
    very same steps as one without. The waves of a step are on the disk until their scores are, so
    that a resumed run has every line once.

    To be used as a context manager, which ends the worker processes.

    Args:
        trainer: of the run; its model enhances, on its device.
        material: the test part is used.
        recipe: ``evaluate`` decides mixtures, metrics and when.
        folder: the run directory.
        plugin_files: one-file plugins the metrics may come from.
        say: told the scores of a step, and where some are lost.
        tell: sees every new line.
    """

    def __init__(
        self,
        trainer: Trainer,
        material: Material,
        recipe: Recipe,
        folder: Path,
        *,
        plugin_files: Sequence[Path] = (),
        say: Callable[[str], None] = print,
        tell: Callable[[dict[str, Any]], None] = lambda _: None,
    ) -> None:
        speech, noise = material.test_speech, material.test_noise
        self._trainer = trainer
        self._settings = recipe.evaluate
        self._metrics = [one.name for one in recipe.metrics]
        self._path = folder / SCORES
        self._unscored = Unscored(folder / "resume" / FOLDER)
        self._say = say
        self._tell = tell
        chosen = plan_mixtures(speech, noise, of_few_utterances(recipe.evaluate))
        clean, self._noisy = make_mixtures(chosen, speech, noise, recipe.evaluate.samples)
        self._waves = list(zip(_samples(clean), _samples(self._noisy), strict=True))
        self._new_scorer: Callable[[], Scorer] = partial(
            Scorer,
            [(one.name, one.options) for one in recipe.metrics],
            speech.sample_rate,
            workers=recipe.evaluate.workers or min(WORKERS, max(1, usable_cores() - 1)),
            plugin_files=plugin_files,
            background=recipe.evaluate.workers != 1,
        )
        self._scorer: Scorer | None = None
        self._pending: deque[_Pending] = deque()
        self._seen: set[int] = set()

    def started(self, step: int, seconds: float) -> None:
        """Take up what was begun: keep lines and waves up to the step, score what is left."""
        kept = [line for line in read_metrics(self._path) if line["step"] <= step]
        write_whole(self._path, "".join(_text(line) for line in kept))
        written = {int(line["step"]) for line in kept}
        for one in self._unscored.steps():
            waves = self._unscored.read(one) if one <= step and one not in written else None
            if waves is None or len(waves.waves) != len(self._waves):
                self._unscored.remove(one)
            else:
                self._seen.add(one)
                self._submit(_Pending(waves))
        self._seen |= written
        self.epoch_ended(step, seconds)

    def epoch_ended(self, step: int, seconds: float) -> None:
        """Enhance the mixtures, if it is time, and begin to score them."""
        if self._due(step) and step not in self._seen:
            enhanced = Enhanced(step, seconds, self._enhance())
            self._unscored.add(enhanced)
            self._seen.add(step)
            self._submit(_Pending(enhanced))
            self._collect(at_most=PENDING)

    def logged(self, line: dict[str, Any]) -> None:  # noqa: ARG002 - the moment is what counts
        """Write the scores that are there by now; what a dead worker leaves is for later."""
        while self._pending and _are_there(self._pending[0].scores):
            self._write_first()

    def ended(self) -> None:
        """Wait for all scores."""
        self._collect(at_most=0)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._close()

    def _due(self, step: int) -> bool:
        every = (self._settings.every or 0) * self._trainer.batches.steps_per_epoch
        return step in (0, self._trainer.steps) or (every > 0 and step % every == 0)

    @torch.no_grad()
    def _enhance(self) -> Samples:
        """Enhance with a copy of the networks, which leaves those that train as they are."""
        model = self._trainer.model
        enhancer = copy.deepcopy(Enhancer(model.encoder, model.decoder)).eval()
        noisy, size = self._noisy, self._settings.batch_size
        batches = (noisy[first : first + size] for first in range(0, len(noisy), size))
        return np.concatenate([_samples(enhancer(one)) for one in batches])

    def _submit(self, pending: _Pending) -> None:
        self._send(pending)
        self._pending.append(pending)

    def _send(self, pending: _Pending) -> None:
        """Give the waves of a step to the workers, new ones where there are none."""
        if self._scorer is None:
            self._scorer = self._new_scorer()
        pending.scores = []
        for (clean, noisy), wave in zip(self._waves, pending.enhanced.waves, strict=True):
            try:
                waves = np.stack([noisy, wave])
                scores = self._scorer.submit(clean, waves, [[], self._metrics])
            except BrokenExecutor as error:
                scores = Future()
                scores.set_exception(error)
            pending.scores.append(scores)

    def _collect(self, *, at_most: int) -> None:
        """Write the lines whose scores are there; wait until no more steps than that are left."""
        while len(self._pending) > at_most or (
            self._pending and all(one.done() for one in self._pending[0].scores)
        ):
            self._write_first()

    def _write_first(self) -> None:
        """Wait for the scores of the first step and write its line."""
        first = self._pending[0]
        try:
            scores = [one.result()[1] for one in first.scores]
        except BrokenExecutor:
            scores = self._again(first)
        self._pending.popleft()
        self._write(first.enhanced, scores)

    def _again(self, pending: _Pending) -> list[Scores]:
        """Score a step once more, alone, after a worker died; none where one dies again."""
        self._close()
        self._send(pending)
        try:
            scores = [one.result()[1] for one in pending.scores]
        except BrokenExecutor:
            self._close()
            self._say(
                f"warning: a process that scored step {pending.enhanced.step} died, and again; "
                "the scores of this step are left out"
            )
            scores = []
        for one in list(self._pending)[1:]:
            self._send(one)
        return scores

    def _write(self, enhanced: Enhanced, scores: Sequence[Scores]) -> None:
        found = sum(math.isfinite(one.values[name]) for one in scores for name in self._metrics)
        line = {
            "step": enhanced.step,
            "epoch": enhanced.step / self._trainer.batches.steps_per_epoch,
            "seconds": enhanced.seconds,
            **{f"score/{name}": _mean(scores, name) for name in self._metrics},
            "failed": len(self._waves) * len(self._metrics) - found,
        }
        with self._path.open("a", encoding="utf-8") as file:
            file.write(_text(line))
            file.flush()
            os.fsync(file.fileno())
        self._unscored.remove(enhanced.step)
        self._tell(line)
        self._say(_in_words(line))

    def _close(self) -> None:
        if self._scorer is not None:
            self._scorer.close()
            self._scorer = None


def of_few_utterances(settings: Evaluate) -> Evaluate:
    """Return settings whose plan has fewer of the test utterances, at all ratios."""
    few = settings.every_utterances
    return replace(settings, utterances=min(few, settings.utterances or few))


def _in_words(line: dict[str, Any]) -> str:
    means = {name.removeprefix("score/"): one for name, one in line.items() if "/" in name}
    texts = (f"{name} {'none' if one is None else f'{one:.3f}'}" for name, one in means.items())
    return f"scores at epoch {line['epoch']:g}: {', '.join(texts)}"


def _are_there(scores: Sequence["Future[list[Scores]]"]) -> bool:
    return all(one.done() and one.exception() is None for one in scores)


def _mean(scores: Sequence[Scores], name: str) -> float | None:
    values = [one.values[name] for one in scores if math.isfinite(one.values[name])]
    return math.fsum(values) / len(values) if values else None


def _text(line: dict[str, Any]) -> str:
    return json.dumps(line, allow_nan=False) + "\n"


def _samples(waves: torch.Tensor) -> Samples:
    samples: Samples = waves.float().cpu().numpy()
    return samples
