"""What an evaluation has still to score: nothing twice, whatever was scored before."""

import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass

import numpy as np

from sslse.api import Samples
from sslse.evaluate.conditions import ENHANCED, NOISY, ScoresOf, conditions_of
from sslse.evaluate.known_scores import KnownScores
from sslse.evaluate.mixtures import Mixture
from sslse.evaluate.scoring import Scorer, Scores, no_scores
from sslse.evaluate.unfinished import Unfinished

PENDING = 256
SAVE_SECONDS = 30.0


@dataclass(frozen=True)
class Batch:
    """Some mixtures of a manifest, and what is made of them.

    Args:
        first: place of the first in the manifest.
        mixtures: in their order.
        clean: (mixtures, samples).
        noisy: (mixtures, samples).
        enhance: gives the enhanced wave of each, or the reason why there is none. It is asked for
            the whole batch, since sums depend on the batch in their last bits.
    """

    first: int
    mixtures: Sequence[Mixture]
    clean: Samples
    noisy: Samples
    enhance: Callable[[], Sequence[Samples | str]]


@dataclass(frozen=True)
class _Job:
    """A mixture being scored: what is known already, and what is to come, by condition."""

    number: int
    mixture: Mixture
    known: dict[str, dict[str, float]]
    asked: Sequence[str]
    scores: "Future[list[Scores]]"
    unusable: str | None


class Work:
    """Score mixtures batch by batch.

    Args:
        scorer: computes metrics and baselines.
        metrics: names, in the order of the recipe.
        baselines: names, in the order of the recipe.
        known: scores from other evaluations.
        unfinished: rows of this evaluation from before it was killed.
        watch: told how many mixtures are scored.
    """

    def __init__(
        self,
        scorer: Scorer,
        metrics: Sequence[str],
        baselines: Sequence[str],
        known: KnownScores,
        unfinished: Unfinished,
        *,
        watch: Callable[[int], None],
    ) -> None:
        self._scorer = scorer
        self._metrics = list(metrics)
        self._conditions = conditions_of(baselines)
        self._known = known
        self._unfinished = unfinished
        self._watch = watch
        self._rows: dict[int, ScoresOf] = {}
        self._jobs: deque[_Job] = deque()
        self._saved = time.monotonic()

    def take(self, batch: Batch) -> None:
        """Begin to score the next mixtures; they are enhanced if any of them needs it."""
        missing = []
        for row, mixture in enumerate(batch.mixtures):
            scores = self._unfinished.get(batch.first + row, mixture)
            if scores is None:
                missing.append(row)
            else:
                self._keep(batch.first + row, mixture, scores)
        if missing:
            enhanced = batch.enhance()
            for row in missing:
                waves = batch.clean[row], batch.noisy[row], enhanced[row]
                self._submit(batch.first + row, batch.mixtures[row], *waves)
                self._collect(at_most=PENDING)
        self._report()

    def finish(self) -> dict[int, ScoresOf]:
        """Wait for all scores; return them by the mixtures' places in the manifest."""
        self._collect(at_most=0)
        return self._rows

    def _submit(
        self, number: int, mixture: Mixture, clean: Samples, noisy: Samples, enhanced: Samples | str
    ) -> None:
        without_model = self._conditions[:-1]
        known = {one: self._known.get(mixture, one) for one in without_model}
        unknown = {
            condition: [name for name in self._metrics if name not in scores]
            for condition, scores in known.items()
        }
        baselines = [one for one in without_model if one != NOISY and unknown[one]]
        waves, asked = [noisy], [NOISY]
        if not isinstance(enhanced, str):
            waves.append(enhanced)
            asked.append(ENHANCED)
            unknown[ENHANCED] = self._metrics
        asked += baselines
        wanted = [unknown[condition] for condition in asked]
        scores = self._scorer.submit(clean, np.stack(waves), wanted, baselines)
        unusable = enhanced if isinstance(enhanced, str) else None
        self._jobs.append(_Job(number, mixture, known, asked, scores, unusable))

    def _collect(self, *, at_most: int) -> None:
        """Take the scores that are there; wait where more jobs are left, as they lie in memory."""
        while self._jobs and (len(self._jobs) > at_most or self._jobs[0].scores.done()):
            job = self._jobs.popleft()
            fresh = dict(zip(job.asked, job.scores.result(), strict=True))
            scores = {one: self._whole(job, fresh, one) for one in self._conditions}
            self._unfinished.add(job.number, job.mixture, scores)
            self._keep(job.number, job.mixture, scores)
            self._report()
            if time.monotonic() - self._saved > SAVE_SECONDS:
                self._known.save()
                self._saved = time.monotonic()

    def _whole(self, job: _Job, fresh: ScoresOf, condition: str) -> Scores:
        """Return all scores of a condition, the known and the new, in the recipe's order."""
        if condition == ENHANCED and job.unusable is not None:
            return no_scores(self._metrics, job.unusable)
        new = fresh.get(condition, Scores({}, {}))
        values = new.values | job.known.get(condition, {})
        return Scores({name: values[name] for name in self._metrics}, new.reasons)

    def _keep(self, number: int, mixture: Mixture, scores: ScoresOf) -> None:
        self._rows[number] = scores
        self._known.add_all(mixture, scores)

    def _report(self) -> None:
        self._watch(len(self._rows))
