"""Enhance several files at once, in processes of which any may die."""

import contextlib
import multiprocessing
import signal
import time
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any

import torch

from sslse.enhance.job import Enhanced
from sslse.enhance.loading import ModelSource
from sslse.enhance.plan import Job
from sslse.enhance.running import Watcher, run_job
from sslse.enhance.sound_files import partial_of
from sslse.errors import RunError, SslseError

TELL_SECONDS = 0.2
ADVANCED, ENDED, BROKEN = "advanced", "ended", "broken"


def enhance_in_processes(
    source: ModelSource, jobs: Sequence[Job], count: int, watcher: Watcher
) -> None:
    """Enhance files in processes, each with its share of the threads and its own model.

    A process that dies takes the file with it that it was at; another one is started.

    Args:
        source: of the model.
        jobs: in the order they are begun.
        count: processes at most.
        watcher: is told, in this process.

    Raises:
        RunError: a process could not load the model.
    """
    waiting = deque(jobs)
    threads = max(1, torch.get_num_threads() // count)
    workers: dict[Connection, _Worker] = {}
    try:
        while workers or waiting:
            while waiting and len(workers) < count:
                worker = _Worker.start(source, threads, waiting.popleft())
                workers[worker.connection] = worker
            for one in wait(list(workers)):
                worker = workers[one]  # type: ignore[index]  # what was given to wait
                if not worker.listen(watcher):
                    continue
                del workers[worker.connection]
                if waiting and worker.process.is_alive():
                    worker.begin(waiting.popleft())
                    workers[worker.connection] = worker
                else:
                    worker.end()
    finally:
        for worker in workers.values():
            worker.kill()


@dataclass
class _Worker:
    process: BaseProcess
    connection: Connection
    job: Job

    @classmethod
    def start(cls, source: ModelSource, threads: int, job: Job) -> "_Worker":
        context = multiprocessing.get_context("spawn")  # after a fork torch's threads hang
        here, there = context.Pipe()
        process = context.Process(target=_work, args=(there, source, threads), daemon=True)
        with _interrupts_blocked():
            process.start()
        there.close()  # so that its end is noticed
        worker = cls(process, here, job)
        worker.begin(job)
        return worker

    def begin(self, job: Job) -> None:
        self.job = job
        with contextlib.suppress(OSError):  # dead: told by what is read
            self.connection.send(job)

    def listen(self, watcher: Watcher) -> bool:
        """Take one message; tell whether the job is over."""
        try:
            kind, told = self.connection.recv()
        except (EOFError, OSError):
            self.process.join()
            partial_of(self.job.target).unlink(missing_ok=True)
            watcher.ended(self.job, self._death())
            return True
        if kind == BROKEN:
            raise RunError(told)
        if kind == ADVANCED:
            watcher.advanced(self.job, *told)
            return False
        watcher.ended(self.job, told)
        return True

    def end(self) -> None:
        """Let the process end."""
        self.connection.close()
        self.process.join()

    def kill(self) -> None:
        """End the process, and remove what it was writing."""
        self.process.terminate()
        self.end()
        partial_of(self.job.target).unlink(missing_ok=True)

    def _death(self) -> str:
        code = self.process.exitcode or 0
        cause = f"by {signal.Signals(-code).name}" if code < 0 else f"with exit code {code}"
        return (
            f"{self.job.source}: the process that enhanced it ended {cause}, for lack of memory "
            "perhaps: fewer --jobs take less"
        )


@dataclass
class _Teller:
    """Tells the other end, now and then."""

    connection: Connection
    last: float = 0.0

    def advanced(self, job: Job, done: float, seconds: float) -> None:  # noqa: ARG002
        now = time.monotonic()
        if now - self.last >= TELL_SECONDS:
            self.last = now
            self.connection.send((ADVANCED, (done, seconds)))

    def ended(self, job: Job, result: Enhanced | str) -> None:  # noqa: ARG002
        self.connection.send((ENDED, result))


def _work(connection: Connection, source: ModelSource, threads: int) -> None:
    """Load the model, then do one job after another until the other end is closed."""
    torch.set_num_threads(threads)
    teller = _Teller(connection)
    try:
        model = source.load()
    except SslseError as error:
        connection.send((BROKEN, str(error)))
        return
    with contextlib.suppress(EOFError, OSError):
        while True:
            job = connection.recv()
            teller.ended(job, run_job(model, job, teller))


@contextlib.contextmanager
def _interrupts_blocked() -> Iterator[None]:
    """Let a process that is started here never see Ctrl-C: the one that started it ends it."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    resource_tracker.ensure_running()  # which would unblock it
    before: Any = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
