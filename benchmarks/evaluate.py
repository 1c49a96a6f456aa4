"""PESQ, STOI and SI-SDR of two-second mixtures: sslse's Scorer, bare packages, torchmetrics.

python benchmarks/evaluate.py [--mixtures 2000] [--workers N] [--json FILE] [--quick]

One wave a mixture is scored with PESQ (narrow and wide band), STOI, extended STOI and SI-SDR. The
bare packages run in one process with one thread; perfect scaling is their time divided by the
workers. The ways take turns, a block of mixtures each; shares are of blocks of the same turn. Then
`sslse.evaluate` itself scores noisy and enhanced waves: for a first model, and for another model on
the same mixtures, whose noisy scores are in the cache.
"""

import multiprocessing
import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace
from functools import partial
from typing import Any
from unittest import mock

import numpy as np
import torch
from measure import options, publish, ratio, show, table
from numpy.typing import NDArray

from sslse.build import open_material
from sslse.device import choose_device, usable_cores
from sslse.evaluate.evaluation import evaluate, measures_of
from sslse.evaluate.mixtures import make_mixtures, plan_mixtures
from sslse.evaluate.scoring import Scorer
from sslse.recipe import Recipe, load_recipe
from sslse.registry import Registry, discover

Waves = list[tuple[NDArray[np.float32], NDArray[np.float32]]]
METRICS = ("pesq_nb", "pesq_wb", "stoi", "estoi", "si_sdr")
SAMPLES = 32000
RATE = 16000
TOLERANCE = {"si_sdr": 0.01}
BATCH = 32
BLOCK = 100
BARE = "bare packages, 1 process of 1 thread"


def bare(waves: Waves) -> list[list[float]]:
    """Score with the packages alone."""
    from pesq import pesq
    from pystoi import stoi

    return [
        [
            pesq(RATE, clean, noisy, "nb"),
            pesq(RATE, clean, noisy, "wb"),
            stoi(clean, noisy, RATE),
            stoi(clean, noisy, RATE, extended=True),
            _si_sdr(clean.astype(np.float64), noisy.astype(np.float64)),
        ]
        for clean, noisy in waves
    ]


def _si_sdr(clean: NDArray[np.float64], noisy: NDArray[np.float64]) -> float:
    clean, noisy = clean - clean.mean(), noisy - noisy.mean()
    target = (noisy @ clean) / (clean @ clean) * clean
    rest = target - noisy
    return float(10 * np.log10((target @ target) / (rest @ rest)))


def scored(waves: Waves, scorer: Scorer) -> list[list[float]]:
    """Score with sslse's Scorer."""
    futures = [scorer.submit(clean, noisy[np.newaxis]) for clean, noisy in waves]
    return [[one.result()[0].values[name] for name in METRICS] for one in futures]


def torchmetrics(waves: Waves, processes: int) -> list[list[float]]:
    """Score with torchmetrics' functions, on batches; its PESQ uses so many processes."""
    from torchmetrics.functional import audio

    rows: list[list[float]] = []
    for first in range(0, len(waves), BATCH):
        chosen = waves[first : first + BATCH]
        clean, noisy = (torch.from_numpy(np.stack(one)) for one in zip(*chosen, strict=True))
        pesq = partial(
            audio.perceptual_evaluation_speech_quality, noisy, clean, RATE, n_processes=processes
        )
        stoi = partial(audio.short_time_objective_intelligibility, noisy, clean, RATE)
        si_sdr = audio.scale_invariant_signal_distortion_ratio(noisy, clean, zero_mean=True)
        columns = [pesq("nb"), pesq("wb"), stoi(), stoi(extended=True), si_sdr]
        rows += torch.stack([one.double() for one in columns], dim=1).tolist()
    return rows


def mixtures_of(recipe: Recipe, registry: Registry, count: int) -> Waves:
    """Return so many mixtures of the shipped corpora; every seed plans others."""
    material = open_material(recipe, registry, torch.device("cpu"))
    speech, noise = material.test_speech, material.test_noise
    found: Waves = []
    seed = 0
    while len(found) < count:
        planned = plan_mixtures(speech, noise, replace(recipe.evaluate, seed=seed))
        clean, noisy = make_mixtures(planned, speech, noise, SAMPLES)
        found += list(zip(clean.numpy(), noisy.numpy(), strict=True))
        seed += 1
    return found[:count]


def check(expected: list[list[float]], found: list[list[float]], name: str) -> None:
    """Refuse to compare the speed of what gives other scores."""
    difference = np.abs(np.array(expected) - np.array(found)).max(0)
    for metric, value in zip(METRICS, difference, strict=True):
        if not value < TOLERANCE.get(metric, 1e-5):
            raise SystemExit(f"{name} gives another {metric}: it differs by {value:g}")


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    """Return the seconds a call takes, and what it gives."""
    started = time.perf_counter()
    result = work()
    return time.perf_counter() - started, result


def two_models(recipe: Recipe, registry: Registry) -> tuple[float, float, int]:
    """Return the seconds of evaluating one model, then another, and the mixtures of each."""
    material = open_material(recipe, registry, torch.device("cpu"))
    parts = material.test_speech, material.test_noise, measures_of(recipe, registry)
    first, results = timed(partial(evaluate, torch.tanh, *parts))
    second, _ = timed(partial(evaluate, torch.sin, *parts))
    return first, second, len(results.rows)


def main() -> None:
    """Measure and print."""
    parser = options(__doc__ or "")
    parser.add_argument("--mixtures", type=int, default=2000)
    parser.add_argument("--workers", type=int, default=usable_cores())
    arguments = parser.parse_args()
    if arguments.quick:
        arguments.mixtures = 4
    registry = discover()
    sets = [f"evaluate.metrics=[{', '.join(METRICS)}]", f"evaluate.workers={arguments.workers}"]
    seed = time.time_ns() % 2**30  # no mixture of it is scored yet
    sets += [f"evaluate.samples={SAMPLES}", f"evaluate.seed={seed}"]
    sets += ["evaluate.baselines=[]", *(["evaluate.utterances=1"] if arguments.quick else [])]
    recipe = load_recipe("quickstart", registry, sets=sets)
    waves = mixtures_of(recipe, registry, arguments.mixtures)
    figures = compare(waves, arguments.workers)
    first, second, count = two_models(recipe, registry)
    figures["evaluate, first model"] = {"seconds": first, "mixtures": count}
    figures["evaluate, next model"] = {"seconds": second, "mixtures": count}
    rows = []
    for name, figure in figures.items():
        share = show(figure["of_perfect"]) if "of_perfect" in figure else ""
        milliseconds = 1000 * figure["seconds"] / figure["mixtures"]
        rows.append([name, str(figure["mixtures"]), show(milliseconds), share])
    head = ["", "mixtures", "ms a mixture", f"of perfect scaling to {arguments.workers}"]
    print(table(head, rows))
    publish(
        arguments,
        choose_device("cpu"),
        {"mixtures": len(waves), "workers": arguments.workers, "figures": figures},
    )


def compare(waves: Waves, workers: int) -> dict[str, dict[str, Any]]:
    """Time every way of scoring, block by block in turn; refuse if their scores differ."""
    named: list[tuple[str, dict[str, Any]]] = [(name, {}) for name in METRICS]
    counts = dict.fromkeys((1, workers))
    ways: dict[str, Callable[[Waves], list[list[float]]]] = {}
    with ExitStack() as held:
        alone = held.enter_context(one_thread_processes(1))
        ways[BARE] = lambda block: alone.submit(bare, block).result()
        several = held.enter_context(one_thread_processes(workers))
        ways[f"bare packages, {workers} such processes, each its share"] = partial(
            shared, pool=several, workers=workers
        )
        for count in counts:
            scorer = held.enter_context(closing(Scorer(named, RATE, workers=count)))
            ways[f"sslse Scorer, {count} workers"] = partial(scored, scorer=scorer)
        for count in counts:
            ways[f"torchmetrics, {count} processes for PESQ"] = partial(
                torchmetrics, processes=count
            )
        start: dict[str, float] = {}
        for name in list(ways):
            try:
                start[name], _ = timed(partial(ways[name], waves[: 2 * workers]))
            except ImportError as error:
                print(f"{name}: not installed ({error})")
                del ways[name]
        laps: dict[str, list[float]] = {name: [] for name in ways}
        for first in range(0, len(waves), BLOCK):
            block = waves[first : first + BLOCK]
            expected: list[list[float]] = []
            for name, way in ways.items():
                taken, found = timed(partial(way, block))
                laps[name].append(taken)
                expected = expected or found
                check(expected, found, name)
    perfect = [lap / workers for lap in laps[BARE]]
    return {
        name: {
            "mixtures": len(waves),
            "seconds": sum(laps[name]),
            "start_seconds": start[name],
            "of_perfect": ratio(perfect, laps[name]),
        }
        for name in laps
    }


@contextmanager
def one_thread_processes(count: int) -> Iterator[ProcessPoolExecutor]:
    """Give processes of their own whose libraries use one thread, as sslse's workers do."""
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
    with mock.patch.dict(os.environ, dict.fromkeys(names, "1")):
        context = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(count, mp_context=context) as pool:
            shared([], pool, count)
            yield pool


def shared(waves: Waves, pool: ProcessPoolExecutor, workers: int) -> list[list[float]]:
    """Score with the packages alone, each process every so manyth wave: what the cores give."""
    parts = list(pool.map(bare, [waves[first::workers] for first in range(workers)]))
    return [parts[place % workers][place // workers] for place in range(len(waves))]


if __name__ == "__main__":
    main()
