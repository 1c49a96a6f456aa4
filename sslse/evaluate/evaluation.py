"""Enhance the test mixtures and score them."""

from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import BrokenExecutor, Future
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from sslse.api import Metric
from sslse.data.store import Store
from sslse.errors import RecipeError, RunError, SslseError
from sslse.evaluate.mixtures import Mixture, make_mixtures, plan_mixtures
from sslse.evaluate.results import Results, Row
from sslse.evaluate.scoring import Scorer, Scores
from sslse.recipe import Recipe

Enhance = Callable[[Tensor], Tensor]
Watch = Callable[[int, int], None]
PENDING = 256


def evaluate(
    enhance: Enhance,
    speech: Store,
    noise: Store,
    recipe: Recipe,
    metrics: dict[str, Metric],
    *,
    plugin_files: Sequence[Path] = (),
    watch: Watch = lambda _done, _all: None,
) -> Results:
    """Score noisy and enhanced waves of every test mixture.

    Args:
        enhance: noisy waves (batch, samples) to enhanced ones, on the stores' device.
        speech: test utterances.
        noise: test noises.
        recipe: its ``evaluate`` section and seed decide the mixtures.
        metrics: by name; the worker processes build their own from the recipe.
        plugin_files: one-file plugins the metrics may come from.
        watch: told how many mixtures are scored, of how many.

    Raises:
        RunError: a scoring process died.
    """
    settings = recipe.evaluate
    mixtures = plan_mixtures(speech, noise, settings, recipe.seed)
    contract = {name: metric.contract() for name, metric in metrics.items()}
    named = [(one.name, one.options) for one in recipe.metrics]
    scorer = Scorer(named, speech.sample_rate, workers=settings.workers, plugin_files=plugin_files)
    rows: list[Row] = []
    pending: deque[tuple[Mixture, Future[list[Scores]]]] = deque()

    def collect(at_most: int) -> None:
        """Take finished scores until so few are pending: what waits lies in memory."""
        while len(pending) > at_most:
            mixture, future = pending.popleft()
            rows.append(Row(mixture, *future.result()))
            watch(len(rows), len(mixtures))

    try:
        for first in range(0, len(mixtures), settings.batch_size):
            chosen = mixtures[first : first + settings.batch_size]
            waves = _waves(enhance, chosen, speech, noise, settings.samples)
            for mixture, (clean, noisy, enhanced) in zip(chosen, waves, strict=True):
                pending.append((mixture, scorer.submit(clean, np.stack([noisy, enhanced]))))
                collect(at_most=PENDING)
        collect(at_most=0)
    except BrokenExecutor as error:
        raise RunError(
            f"a scoring process died: {error}; try again with evaluate.workers=1"
        ) from error
    finally:
        scorer.close()
    return Results(rows, list(metrics), contract)


def rehearse(metrics: dict[str, Metric], speech: Store, noise: Store, recipe: Recipe) -> None:
    """Score one noisy mixture, so that a metric that cannot work here says so before training.

    Raises:
        RecipeError: metrics refuse the sample rate, or miss a package.
    """
    mixtures = plan_mixtures(speech, noise, recipe.evaluate, recipe.seed)[:1]
    clean, noisy = make_mixtures(mixtures, speech, noise, recipe.evaluate.samples)
    waves = clean[0].cpu().numpy(), noisy[0].cpu().numpy()
    problems = []
    for choice in recipe.metrics:
        metric = metrics[choice.name]
        try:
            metric.contract()
            metric.score(*waves, speech.sample_rate)
        except (SslseError, ImportError) as error:
            problems.append(choice.problem(str(error)))
        except Exception:  # noqa: BLE001, S112 - this mixture has no score; others may
            continue
    if problems:
        raise RecipeError(problems)


@torch.no_grad()
def _waves(
    enhance: Enhance,
    mixtures: Sequence[Mixture],
    speech: Store,
    noise: Store,
    samples: int,
) -> list[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    clean, noisy = make_mixtures(mixtures, speech, noise, samples)
    enhanced = enhance(noisy)
    waves = (one.float().cpu().numpy() for one in (clean, noisy, enhanced))
    return list(zip(*waves, strict=True))
