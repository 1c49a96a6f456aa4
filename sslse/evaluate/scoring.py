"""Compute metrics and baselines in worker processes; a failed item is counted, never fatal."""

import contextlib
import math
import multiprocessing
import multiprocessing.connection
import os
import signal
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from sslse.api import Baseline, Metric, Samples
from sslse.device import usable_cores
from sslse.errors import ContractError
from sslse.evaluate.answers import estimate_of, score_of
from sslse.registry import discover

Named = tuple[str, dict[str, Any]]
Wanted = Sequence[Sequence[str]] | None
NICE = 10
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


@dataclass(frozen=True)
class Scores:
    """Metrics of one wave: values (NaN where one failed) and the reasons of failures."""

    values: dict[str, float]
    reasons: dict[str, str]


def score(
    metrics: dict[str, Metric],
    clean: Samples,
    estimate: Samples,
    noisy: Samples,
    sample_rate: int,
) -> Scores:
    """Score one estimate with every metric.

    Where the clean wave is silent, or the estimate is silent or not finite, no metric is asked:
    packages crash, or give a number that means nothing. A package that draws from numpy's global
    generator (pystoi) draws the same every time, so that scores do too. A metric that changes a
    wave it is lent has no score, and changes none of the others'.
    """
    if fault := _unscorable(clean, estimate):
        return no_scores(list(metrics), fault)
    values: dict[str, float] = {}
    reasons: dict[str, str] = {}
    for name, metric in metrics.items():
        try:
            with _same_draws():
                value = score_of(metric, clean, estimate, noisy, sample_rate)
            if not math.isfinite(value):
                reasons[name] = f"the score is {value}"
        except Exception as error:  # noqa: BLE001 - the packages raise many kinds
            value = math.nan
            reasons[name] = _reason(error)
        values[name] = value
    return Scores(values, reasons)


def no_scores(metrics: Sequence[str], reason: str) -> Scores:
    """Return what a wave gets that cannot be scored at all."""
    return Scores(dict.fromkeys(metrics, math.nan), dict.fromkeys(metrics, reason))


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
    if isinstance(error, ContractError):
        return str(error)
    first = error.args[0] if error.args else ""
    message = first.decode(errors="replace") if isinstance(first, bytes) else str(error)
    return f"{type(error).__name__}: {' '.join(message.split()) or 'no message'}"


class Scorer:
    """Scores estimates in worker processes, or in this one where one worker is asked for.

    Args:
        metrics: names and options, built anew in every worker.
        sample_rate: in Hz.
        baselines: names and options, as the metrics.
        workers: processes; None means one per core.
        plugin_files: one-file plugins that metrics and baselines may come from.
        background: in worker processes always, which let others have the cores first.
    """

    def __init__(
        self,
        metrics: Sequence[Named],
        sample_rate: int,
        *,
        baselines: Sequence[Named] = (),
        workers: int | None = None,
        plugin_files: Sequence[Path] = (),
        background: bool = False,
    ) -> None:
        count = workers or usable_cores()
        arguments = (list(metrics), sample_rate, list(plugin_files), list(baselines))
        here = count == 1 and not background
        self._here = _Bench(*arguments) if here else None
        self._pool: Executor | None = None
        if not here:
            self._pool = ProcessPoolExecutor(
                count,
                mp_context=multiprocessing.get_context("spawn"),
                initializer=_start_worker,
                initargs=(*arguments, background),
            )

    def submit(
        self,
        clean: Samples,
        estimates: Samples,
        wanted: Wanted = None,
        baselines: Sequence[str] = (),
    ) -> "Future[list[Scores]]":
        """Score several estimates (estimates, samples) of one clean wave (samples,).

        Args:
            clean: float wave.
            estimates: float waves, the first of them the noisy one.
            wanted: names of the metrics of each estimate, then of each baseline; None means all of
                all.
            baselines: names of those that make estimates as well, scored after the others.
        """
        asked = (clean, estimates, wanted, list(baselines))
        if self._pool is not None:
            with _one_thread_per_worker(), _no_interrupts():
                return self._pool.submit(_score_in_worker, *asked)
        done: Future[list[Scores]] = Future()
        if self._here is not None:
            done.set_result(self._here.score(*asked))
        return done

    def close(self) -> None:
        """End the workers; what is not yet scored is dropped."""
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)


class _Bench:
    """The metrics and baselines of one process."""

    def __init__(
        self,
        metrics: Sequence[Named],
        sample_rate: int,
        files: Sequence[Path],
        baselines: Sequence[Named] = (),
    ) -> None:
        registry = discover(files)
        self._metrics: dict[str, Metric] = {
            name: registry.get("metric", name).load()(**options) for name, options in metrics
        }
        self._baselines: dict[str, Baseline] = {
            name: registry.get("baseline", name).load()(**options) for name, options in baselines
        }
        self._sample_rate = sample_rate

    def score(
        self, clean: Samples, estimates: Samples, wanted: Wanted, baselines: Sequence[str] = ()
    ) -> list[Scores]:
        """Score every row of the estimates, then what the baselines make of the first."""
        noisy = estimates[0]
        waves = [*estimates, *(self._estimate(name, noisy, clean) for name in baselines)]
        chosen = [list(self._metrics)] * len(waves) if wanted is None else wanted
        return [
            no_scores(names, one)
            if isinstance(one, str)
            else score(self._some(names), clean, one, noisy, self._sample_rate)
            for one, names in zip(waves, chosen, strict=True)
        ]

    def _some(self, names: Sequence[str]) -> dict[str, Metric]:
        return {name: self._metrics[name] for name in names}

    def _estimate(self, name: str, noisy: Samples, clean: Samples) -> Samples | str:
        """Return what a baseline makes of a noisy wave, or why it is no wave."""
        try:
            return estimate_of(self._baselines[name], noisy, clean, self._sample_rate)
        except Exception as error:  # noqa: BLE001 - a baseline is a plugin
            return _reason(error)


_bench: _Bench | None = None


def _start_worker(
    metrics: Sequence[Named],
    sample_rate: int,
    files: Sequence[Path],
    baselines: Sequence[Named],
    background: bool,
) -> None:
    global _bench  # noqa: PLW0603 - a worker process holds its metrics for its life
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that asks
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    threading.Thread(target=_end_with_parent, daemon=True).start()
    if background and hasattr(os, "nice"):
        os.nice(NICE)
    _bench = _Bench(metrics, sample_rate, files, baselines)


def _end_with_parent() -> None:
    """Wait for the process that asks; where it is killed, its workers would wait for ever."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        multiprocessing.connection.wait([parent.sentinel])
        os._exit(1)


def _score_in_worker(
    clean: Samples, estimates: Samples, wanted: Wanted, baselines: Sequence[str]
) -> list[Scores]:
    if _bench is None:
        raise RuntimeError("the worker was not started by Scorer")
    return _bench.score(clean, estimates, wanted, baselines)


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


@contextlib.contextmanager
def _no_interrupts() -> Iterator[None]:
    """Hold back SIGINT, also from processes that are started within, until they ignore it."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
