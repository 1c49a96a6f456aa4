"""Enhance the test mixtures and score them."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from sslse.api import Metric
from sslse.data.store import Store
from sslse.errors import OptionError, RecipeError
from sslse.evaluate.mixtures import Mixture, make_mixtures, plan_mixtures
from sslse.evaluate.results import Results, Row
from sslse.evaluate.scoring import Scorer, score
from sslse.recipe import Recipe

Enhance = Callable[[Tensor], Tensor]
Watch = Callable[[int, int], None]


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
    """
    settings = recipe.evaluate
    mixtures = plan_mixtures(speech, noise, settings, recipe.seed)
    contract = {name: metric.contract() for name, metric in metrics.items()}
    named = [(one.name, one.options) for one in recipe.metrics]
    scorer = Scorer(named, speech.sample_rate, workers=settings.workers, plugin_files=plugin_files)
    try:
        futures = []
        for first in range(0, len(mixtures), settings.batch_size):
            chosen = mixtures[first : first + settings.batch_size]
            waves = _waves(enhance, chosen, speech, noise, settings.samples)
            for clean, noisy, enhanced in waves:
                futures.append(scorer.submit(clean, np.stack([noisy, enhanced])))
        rows = []
        for mixture, future in zip(mixtures, futures, strict=True):
            noisy_scores, enhanced_scores = future.result()
            rows.append(Row(mixture, noisy_scores, enhanced_scores))
            watch(len(rows), len(mixtures))
    finally:
        scorer.close()
    return Results(rows, list(metrics), contract)


def rehearse(metrics: dict[str, Metric], speech: Store, noise: Store, recipe: Recipe) -> None:
    """Score one noisy mixture, so that a metric that cannot work here says so before training.

    Raises:
        RecipeError: metrics refuse the sample rate.
    """
    mixtures = plan_mixtures(speech, noise, recipe.evaluate, recipe.seed)[:1]
    clean, noisy = make_mixtures(mixtures, speech, noise, recipe.evaluate.samples)
    waves = clean[0].cpu().numpy(), noisy[0].cpu().numpy()
    problems = []
    for choice in recipe.metrics:
        try:
            score({choice.name: metrics[choice.name]}, *waves, speech.sample_rate)
        except OptionError as error:
            problems.append(choice.problem(str(error), error.option))
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
