"""Read many recordings in their order, in several processes where that pays."""

import contextlib
import multiprocessing
import os
import pickle
import signal
import threading
import time
from collections import deque
from collections.abc import Generator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.connection import wait

import torch

from sslse.api import Corpus, Recording
from sslse.data.recording import Packed, pack_recording
from sslse.errors import DataError

ALONE_SECONDS = 5.0
WORTH_SECONDS = 20.0
TASK_SECONDS = 0.1
LARGEST_TASK = 32
TASKS_A_PROCESS = 2

Results = list[Packed | str]


def read_in_order(
    corpus: Corpus, recordings: Sequence[Recording], sample_rate: int, *, processes: int
) -> Generator[Packed | str]:
    """Give every recording packed, or the reason why it is unusable, whoever reads it.

    Other processes take over after some seconds, if there is much left: most corpora are packed
    before they would have started. A corpus that cannot be sent to them is read by this one alone.

    Args:
        corpus: what to read from.
        recordings: in the order in which they are given.
        sample_rate: in Hz.
        processes: at most so many read.

    Raises:
        DataError: a process died.
    """
    started = time.monotonic()
    for place, recording in enumerate(recordings):
        spent = time.monotonic() - started
        left = len(recordings) - place
        if (
            processes > 1
            and place
            and spent > ALONE_SECONDS
            and spent / place * left > WORTH_SECONDS
        ):
            size = min(max(int(TASK_SECONDS * place / spent), 1), LARGEST_TASK)
            done = place
            for packed in _read_elsewhere(corpus, recordings[place:], sample_rate, processes, size):
                yield packed
                done += 1
            for one in recordings[done:]:
                yield _read_here(corpus, one, sample_rate)
            return
        yield _read_here(corpus, recording, sample_rate)


def _read_here(corpus: Corpus, recording: Recording, sample_rate: int) -> Packed | str:
    """Read one recording with one thread: the samples do not depend on how many there are."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        return pack_recording(corpus, recording, sample_rate)
    finally:
        torch.set_num_threads(before)


def _read_elsewhere(
    corpus: Corpus, recordings: Sequence[Recording], sample_rate: int, processes: int, size: int
) -> Generator[Packed | str]:
    """Read so many recordings a task in other processes; give nothing where they cannot."""
    try:
        sent = pickle.dumps(corpus)
    except (pickle.PicklingError, TypeError, AttributeError):
        return
    pool = ProcessPoolExecutor(
        processes,
        mp_context=multiprocessing.get_context("spawn"),
        initializer=_start,
        initargs=(sent, sample_rate),
    )
    pending: deque[Future[Results | None]] = deque()
    try:
        for first in range(0, len(recordings), size):
            task = pickle.dumps(recordings[first : first + size])
            pending.append(pool.submit(_read_task, task))
            if len(pending) >= TASKS_A_PROCESS * processes:
                results = pending.popleft().result()
                if results is None:
                    return
                yield from results
        while pending:
            yield from pending.popleft().result() or []
    except BrokenProcessPool as error:
        raise DataError(
            f"a process that read the corpus died: {error}; it may have been out of memory. "
            "Start again: what is packed is kept"
        ) from error
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


_here: tuple[Corpus, int] | None = None


def _start(sent: bytes, sample_rate: int) -> None:
    """Begin a process: it ends with its parent, and leaves Ctrl-C to it."""
    global _here  # noqa: PLW0603 - a process holds its corpus for its life
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    torch.set_num_threads(1)
    # A one-file plugin cannot be imported here.
    with contextlib.suppress(ImportError, AttributeError):
        _here = pickle.loads(sent), sample_rate  # noqa: S301 - from the parent, not from a file


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)


def _read_task(task: bytes) -> Results | None:
    """Read the recordings of a task; None where the corpus could not be sent here."""
    if _here is None:
        return None
    corpus, sample_rate = _here
    recordings: Sequence[Recording] = pickle.loads(task)  # noqa: S301 - from the parent
    return [pack_recording(corpus, one, sample_rate) for one in recordings]
