"""Enhance the test mixtures and score them."""

import contextlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import BrokenExecutor
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from sslse import ranks
from sslse.api import Baseline, Metric, Samples
from sslse.build import build_baselines, build_metrics
from sslse.data.packing import cache_folder
from sslse.data.store import Store
from sslse.errors import ContractError, RecipeError, RunError, SslseError
from sslse.evaluate.answers import contract_of, estimate_of, score_of
from sslse.evaluate.known_scores import FOLDER, KnownScores, baseline_keys, metric_keys
from sslse.evaluate.manifest import FILE, Manifest, plan_manifest
from sslse.evaluate.mixtures import make_mixtures, plan_mixtures
from sslse.evaluate.results import Results, Row
from sslse.evaluate.scoring import Scorer
from sslse.evaluate.unfinished import Unfinished
from sslse.evaluate.verify import verified_batches
from sslse.evaluate.work import Batch, Work
from sslse.recipe import Choice, Recipe
from sslse.registry import Registry

Enhance = Callable[[Tensor], Tensor]
Watch = Callable[[int, int], None]


@dataclass(frozen=True)
class Measures:
    """What is measured, and how: the parts of a recipe that decide scores.

    Args:
        recipe: its ``evaluate`` section; the worker processes build metrics and baselines from it.
        metrics: by name.
        baselines: by name.
        plugin_files: one-file plugins they may come from.
    """

    recipe: Recipe
    metrics: dict[str, Metric]
    baselines: dict[str, Baseline]
    plugin_files: Sequence[Path] = ()


def measures_of(recipe: Recipe, registry: Registry, plugin_files: Sequence[Path] = ()) -> Measures:
    """Build the metrics and baselines of a recipe.

    Raises:
        RecipeError: one refuses its options, or does not work at the recipe's sample rate.
    """
    built = build_metrics(recipe, registry), build_baselines(recipe, registry)
    return Measures(recipe, *built, plugin_files)


def evaluate(
    enhance: Enhance,
    speech: Store,
    noise: Store,
    measures: Measures,
    *,
    manifest: Manifest | None = None,
    watch: Watch = lambda _done, _all: None,
    folder: Path | None = None,
    model: str = "",
) -> Results:
    """Score the noisy, the baselines' and the enhanced waves of every test mixture.

    Several processes (`sslse.ranks`) share the work batch by batch; each has all the results.

    Args:
        enhance: noisy waves (batch, samples) to enhanced ones, on the stores' device.
        speech: test utterances.
        noise: test noises.
        measures: metrics and baselines.
        manifest: of the mixtures; None plans those of the recipe.
        watch: told how many mixtures of this process are scored, of how many.
        folder: where finished rows are kept until `sslse.evaluate.unfinished.finish`, so that the
            same evaluation goes on where it was killed; None keeps none.
        model: names what enhances, such as a digest of its file.

    Raises:
        DataError: samples are not those of the manifest.
        RunError: a scoring process died.
    """
    settings = measures.recipe.evaluate
    manifest = manifest or plan_manifest(speech, noise, settings)

    def batches() -> Iterator[Batch]:
        for first, chosen, waves in verified_batches(
            manifest, speech, noise, settings.batch_size, FILE, shares=ranks.shares()
        ):
            clean, noisy = (_samples(one) for one in waves)
            yield Batch(first, chosen, clean, noisy, partial(_enhanced, enhance, waves[1]))

    about = {
        "model": model,
        "batch_size": settings.batch_size,
        "torch": torch.__version__,
        "device": str(speech.device.type),
        "threads": torch.get_num_threads(),
    }
    return score_batches(batches(), manifest, measures, about=about, watch=watch, folder=folder)


def score_batches(
    batches: Iterable[Batch],
    manifest: Manifest,
    measures: Measures,
    *,
    about: dict[str, Any],
    watch: Watch = lambda _done, _all: None,
    folder: Path | None = None,
) -> Results:
    """Score mixtures that are made already, wherever they come from.

    Scores of noisy waves and baselines are kept in the cache folder for every other evaluation of
    the same mixtures (`sslse.evaluate.known_scores`).

    Args:
        batches: of this process.
        manifest: of all mixtures.
        measures: metrics and baselines.
        about: what decides the enhanced waves.
        watch: told how many mixtures of this process are scored, of how many.
        folder: where finished rows are kept; None keeps none.

    Raises:
        RunError: a scoring process died.
    """
    recipe, rate = measures.recipe, manifest.sample_rate
    keys = metric_keys(recipe.metrics, measures.metrics, rate)
    estimates = baseline_keys(recipe.baselines, measures.baselines, rate)
    known = KnownScores(cache_folder(recipe.data.cache) / FOLDER, keys, estimates)
    decides = {"manifest": manifest.digest, "metrics": keys, "baselines": estimates}
    unfinished = Unfinished(folder, {**about, **decides})
    scorer = Scorer(
        _named(recipe.metrics),
        rate,
        baselines=_named(recipe.baselines),
        workers=recipe.evaluate.workers or ranks.cores(),
        plugin_files=measures.plugin_files,
    )
    count = _share_of(len(manifest.mixtures), recipe.evaluate.batch_size)
    names = list(measures.metrics), list(measures.baselines)
    work = Work(scorer, *names, known, unfinished, watch=lambda done: watch(done, count))
    with ranks.meeting() as collect:
        try:
            for batch in batches:
                work.take(batch)
            everyone = collect(work.finish())
            for number, scores in (item for part in everyone[1:] for item in part.items()):
                known.add_all(manifest.mixtures[number], scores)
        except BrokenExecutor as error:
            raise RunError(
                f"a scoring process died: {error}; try again with evaluate.workers=1"
            ) from error
        finally:
            scorer.close()
            known.save()
    whole = {number: scores for part in everyone for number, scores in part.items()}
    rows = [Row(mixture, whole[number]) for number, mixture in enumerate(manifest.mixtures)]
    return Results(rows, measures.metrics, measures.baselines, manifest.digest, rate)


def rehearse(measures: Measures, speech: Store, noise: Store) -> None:
    """Score one noisy mixture, so that what cannot work here says so before training.

    Raises:
        RecipeError: metrics or baselines refuse the sample rate, miss a package, or break their
            contract.
    """
    recipe, rate = measures.recipe, speech.sample_rate
    settings = replace(recipe.evaluate, utterances=1, snr_db=recipe.evaluate.snr_db[:1])
    mixtures = plan_mixtures(speech, noise, settings)
    waves = make_mixtures(mixtures, speech, noise, settings.samples)
    clean, noisy = (_samples(one)[0] for one in waves)
    problems = []
    for choice in (*recipe.metrics, *recipe.baselines):
        try:
            if choice.kind == "metric":
                metric = measures.metrics[choice.name]
                contract_of(metric)
                with _missing_allowed():
                    score_of(metric, clean, noisy, noisy, rate)
            else:
                baseline = measures.baselines[choice.name]
                contract_of(baseline)
                with _missing_allowed():
                    estimate_of(baseline, noisy, clean, rate)
        except ContractError as error:
            problems.append(choice.broken(str(error)))
        except (SslseError, ImportError) as error:
            problems.append(choice.problem(str(error)))
    if problems:
        raise RecipeError(problems)


@contextlib.contextmanager
def _missing_allowed() -> Iterator[None]:
    """Let pass what a plugin raises where it has no score: another mixture may have one."""
    try:
        yield
    except (SslseError, ImportError):
        raise
    except Exception:  # noqa: BLE001, S110 - packages raise any kind
        pass


@torch.no_grad()
def _enhanced(enhance: Enhance, noisy: Tensor) -> list[Samples | str]:
    return list(_samples(enhance(noisy)))


def _named(choices: Sequence[Choice]) -> list[tuple[str, dict[str, Any]]]:
    return [(one.name, one.options) for one in choices]


def _samples(waves: Tensor) -> Samples:
    samples: Samples = waves.float().cpu().numpy()
    return samples


def _share_of(count: int, size: int) -> int:
    """Return how many of all mixtures this process takes."""
    share, shares = ranks.shares()
    firsts = range(share * size, count, shares * size)
    return sum(min(size, count - first) for first in firsts)
