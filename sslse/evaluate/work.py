"""What an evaluation has still to score: nothing twice, whatever was scored before."""

import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from sslse.api import Samples
from sslse.evaluate.noisy_scores import NoisyScores, wave_key
from sslse.evaluate.scoring import Scorer, Scores
from sslse.evaluate.unfinished import Pair, Place, Unfinished

Enhance = Callable[[Tensor], Tensor]
PENDING = 256
SAVE_SECONDS = 30.0


@dataclass(frozen=True)
class _Job:
    """A mixture being scored: the noisy scores known already, and the others to come."""

    place: Place
    known: dict[str, float]
    scores: "Future[list[Scores]]"


class Work:
    """Score mixtures batch by batch.

    Args:
        scorer: computes metrics.
        metrics: names, in the order of the recipe.
        noisy_scores: of noisy waves, from other evaluations.
        unfinished: rows of this evaluation from before it was killed.
        watch: told how many mixtures are scored.
    """

    def __init__(
        self,
        scorer: Scorer,
        metrics: Sequence[str],
        noisy_scores: NoisyScores,
        unfinished: Unfinished,
        watch: Callable[[int], None],
    ) -> None:
        self._scorer = scorer
        self._metrics = metrics
        self._noisy_scores = noisy_scores
        self._unfinished = unfinished
        self._watch = watch
        self._places: list[Place] = []
        self._jobs: deque[_Job] = deque()
        self._saved = time.monotonic()

    @torch.no_grad()
    def take(self, enhance: Enhance, clean: Tensor, noisy: Tensor) -> None:
        """Begin to score the next mixtures; enhance them if any of them needs it.

        Args:
            enhance: noisy waves (batch, samples) to enhanced ones. It always gets the whole batch,
                since sums depend on the batch in their last bits.
            clean: (batch, samples).
            noisy: (batch, samples).
        """
        pairs = list(zip(_samples(clean), _samples(noisy), strict=True))
        first = len(self._places)
        places = [(first + row, wave_key(*pair)) for row, pair in enumerate(pairs)]
        self._places += places
        missing = [row for row, place in enumerate(places) if place not in self._unfinished.rows]
        if missing:
            enhanced = _samples(enhance(noisy))
            for row in missing:
                self._submit(places[row], *pairs[row], enhanced[row])
                self._collect(at_most=PENDING)
        self._report()

    def finish(self) -> list[Pair]:
        """Wait for all scores; return them in the order of the mixtures, noisy and enhanced."""
        self._collect(at_most=0)
        return [self._unfinished.rows[place] for place in self._places]

    def _submit(self, place: Place, clean: Samples, noisy: Samples, enhanced: Samples) -> None:
        known = self._noisy_scores.get(place[1])
        unknown = [name for name in self._metrics if name not in known]
        scores = self._scorer.submit(
            clean, np.stack([noisy, enhanced]), [unknown, list(self._metrics)]
        )
        self._jobs.append(_Job(place, known, scores))

    def _collect(self, *, at_most: int) -> None:
        """Take the scores that are there; wait where more jobs are left, as they lie in memory."""
        while self._jobs and (len(self._jobs) > at_most or self._jobs[0].scores.done()):
            job = self._jobs.popleft()
            fresh, enhanced = job.scores.result()
            self._noisy_scores.add(job.place[1], fresh.values)
            values = fresh.values | job.known
            noisy = Scores({name: values[name] for name in self._metrics}, fresh.reasons)
            self._unfinished.add(job.place, noisy, enhanced)
            self._report()
            if time.monotonic() - self._saved > SAVE_SECONDS:
                self._noisy_scores.save()
                self._saved = time.monotonic()

    def _report(self) -> None:
        self._watch(len(self._places) - len(self._jobs))


def _samples(waves: Tensor) -> Samples:
    samples: Samples = waves.float().cpu().numpy()
    return samples
