"""Compute metrics in worker processes; a failed item is counted, never fatal."""

import contextlib
import math
import multiprocessing
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from sslse.api import Metric, Samples
from sslse.device import usable_cores
from sslse.registry import discover

Named = tuple[str, dict[str, Any]]
Wanted = Sequence[Sequence[str]] | None
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


@dataclass(frozen=True)
class Scores:
    """Metrics of one wave: values (NaN where one failed) and the reasons of failures."""

    values: dict[str, float]
    reasons: dict[str, str]


def score(
    metrics: dict[str, Metric], clean: Samples, estimate: Samples, sample_rate: int
) -> Scores:
    """Score one estimate with every metric.

    Where the clean wave is silent, or the estimate is silent or not finite, no metric is asked:
    packages crash, or give a number that means nothing. A package that draws from numpy's global
    generator (pystoi) draws the same every time, so that scores do too.
    """
    if fault := _unscorable(clean, estimate):
        return Scores(dict.fromkeys(metrics, math.nan), dict.fromkeys(metrics, fault))
    values: dict[str, float] = {}
    reasons: dict[str, str] = {}
    for name, metric in metrics.items():
        try:
            with _same_draws():
                value = metric.score(clean, estimate, sample_rate)
            if not math.isfinite(value):
                reasons[name] = f"the score is {value}"
        except Exception as error:  # noqa: BLE001 - the packages raise many kinds
            value = math.nan
            reasons[name] = _reason(error)
        values[name] = value
    return Scores(values, reasons)


@contextlib.contextmanager
def _same_draws() -> Iterator[None]:
    """Seed numpy's global generator within the block and put it back after it."""
    before = np.random.get_state()  # noqa: NPY002 - the packages draw from no other
    np.random.seed(0)  # noqa: NPY002
    try:
        yield
    finally:
        np.random.set_state(before)  # noqa: NPY002


def _unscorable(clean: Samples, estimate: Samples) -> str | None:
    """Say why no metric can score these waves; None where metrics can try."""
    if not clean.any():
        return "the clean wave is silent"
    if not np.isfinite(estimate).all():
        return "the estimate is not finite"
    if not estimate.any():
        return "the estimate is silent"
    return None


def _reason(error: Exception) -> str:
    """Say an error in one line; pesq's carry their message as bytes."""
    first = error.args[0] if error.args else ""
    message = first.decode(errors="replace") if isinstance(first, bytes) else str(error)
    return f"{type(error).__name__}: {' '.join(message.split()) or 'no message'}"


class Scorer:
    """Scores estimates in worker processes, or in this one where one worker is asked for.

    Args:
        metrics: names and options, built anew in every worker.
        sample_rate: in Hz.
        workers: processes; None means one per core.
        plugin_files: one-file plugins the metrics may come from.
    """

    def __init__(
        self,
        metrics: Sequence[Named],
        sample_rate: int,
        *,
        workers: int | None = None,
        plugin_files: Sequence[Path] = (),
    ) -> None:
        count = workers or usable_cores()
        arguments = (list(metrics), sample_rate, list(plugin_files))
        self._here = _Bench(*arguments) if count == 1 else None
        self._pool: Executor | None = None
        if count > 1:
            self._pool = ProcessPoolExecutor(
                count,
                mp_context=multiprocessing.get_context("spawn"),
                initializer=_start_worker,
                initargs=arguments,
            )

    def submit(
        self, clean: Samples, estimates: Samples, wanted: Wanted = None
    ) -> "Future[list[Scores]]":
        """Score several estimates (estimates, samples) of one clean wave (samples,).

        Args:
            clean: float wave.
            estimates: float waves.
            wanted: names of the metrics of each estimate; None means all of all.
        """
        if self._pool is not None:
            with _one_thread_per_worker():
                return self._pool.submit(_score_in_worker, clean, estimates, wanted)
        done: Future[list[Scores]] = Future()
        if self._here is not None:
            done.set_result(self._here.score(clean, estimates, wanted))
        return done

    def close(self) -> None:
        """End the workers; what is not yet scored is dropped."""
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)


class _Bench:
    """The metrics of one process."""

    def __init__(self, metrics: Sequence[Named], sample_rate: int, files: Sequence[Path]) -> None:
        registry = discover(files)
        self._metrics: dict[str, Metric] = {
            name: registry.get("metric", name).load()(**options) for name, options in metrics
        }
        self._sample_rate = sample_rate

    def score(self, clean: Samples, estimates: Samples, wanted: Wanted) -> list[Scores]:
        """Score every row of the estimates."""
        chosen = [list(self._metrics)] * len(estimates) if wanted is None else wanted
        return [
            score({name: self._metrics[name] for name in names}, clean, one, self._sample_rate)
            for one, names in zip(estimates, chosen, strict=True)
        ]


_bench: _Bench | None = None


def _start_worker(metrics: Sequence[Named], sample_rate: int, files: Sequence[Path]) -> None:
    global _bench  # noqa: PLW0603 - a worker process holds its metrics for its life
    _bench = _Bench(metrics, sample_rate, files)


def _score_in_worker(clean: Samples, estimates: Samples, wanted: Wanted) -> list[Scores]:
    if _bench is None:
        raise RuntimeError("the worker was not started by Scorer")
    return _bench.score(clean, estimates, wanted)


@contextlib.contextmanager
def _one_thread_per_worker() -> Iterator[None]:
    """Let worker processes, started within, use one thread each for linear algebra."""
    before = {name: os.environ.get(name) for name in _THREADS}
    os.environ.update(dict.fromkeys(_THREADS, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
