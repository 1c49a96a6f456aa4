"""Enhance the test mixtures and score them."""

from collections.abc import Callable, Sequence
from concurrent.futures import BrokenExecutor
from pathlib import Path

import torch

from sslse.api import Metric
from sslse.data.packing import cache_folder
from sslse.data.store import Store
from sslse.errors import RecipeError, RunError, SslseError
from sslse.evaluate.mixtures import make_mixtures, plan_mixtures
from sslse.evaluate.noisy_scores import FOLDER, NoisyScores, metric_key
from sslse.evaluate.results import Results, Row
from sslse.evaluate.scoring import Scorer
from sslse.evaluate.unfinished import FILE, Unfinished
from sslse.evaluate.work import Enhance, Work
from sslse.recipe import Recipe

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
    folder: Path | None = None,
    model: str = "",
) -> Results:
    """Score noisy and enhanced waves of every test mixture.

    Scores of noisy waves are kept in the cache folder for every other evaluation of the same
    mixtures (`sslse.evaluate.noisy_scores`).

    Args:
        enhance: noisy waves (batch, samples) to enhanced ones, on the stores' device.
        speech: test utterances.
        noise: test noises.
        recipe: its ``evaluate`` section and seed decide the mixtures.
        metrics: by name; the worker processes build their own from the recipe.
        plugin_files: one-file plugins the metrics may come from.
        watch: told how many mixtures are scored, of how many.
        folder: where finished rows are kept until `sslse.evaluate.unfinished.finish`, so that the
            same evaluation goes on where it was killed; None keeps none.
        model: names what enhances, such as a digest of its file.

    Raises:
        RunError: a scoring process died.
    """
    settings, sample_rate = recipe.evaluate, speech.sample_rate
    mixtures = plan_mixtures(speech, noise, settings, recipe.seed)
    contract = {name: metric.contract() for name, metric in metrics.items()}
    keys = {
        one.name: metric_key(
            one.name, one.options, contract[one.name], metrics[one.name], sample_rate
        )
        for one in recipe.metrics
    }
    noisy_scores = NoisyScores(cache_folder(recipe.data.cache) / FOLDER, keys)
    about = {
        "model": model,
        "metrics": keys,
        "batch_size": settings.batch_size,
        "torch": torch.__version__,
        "device": str(speech.device),
        "threads": torch.get_num_threads(),
    }
    unfinished = Unfinished(None if folder is None else folder / FILE, about)
    named = [(one.name, one.options) for one in recipe.metrics]
    scorer = Scorer(named, sample_rate, workers=settings.workers, plugin_files=plugin_files)
    work = Work(
        scorer, list(metrics), noisy_scores, unfinished, lambda done: watch(done, len(mixtures))
    )
    try:
        for first in range(0, len(mixtures), settings.batch_size):
            chosen = mixtures[first : first + settings.batch_size]
            work.take(enhance, *make_mixtures(chosen, speech, noise, settings.samples))
        pairs = work.finish()
    except BrokenExecutor as error:
        raise RunError(
            f"a scoring process died: {error}; try again with evaluate.workers=1"
        ) from error
    finally:
        scorer.close()
        noisy_scores.save()
    rows = [Row(mixture, *pair) for mixture, pair in zip(mixtures, pairs, strict=True)]
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
