"""Run jobs one after another; a job that fails is told, and the rest goes on."""

from collections.abc import Sequence
from typing import Protocol

import torch

from sslse.enhance.job import Enhanced, enhance_file
from sslse.enhance.model import Model
from sslse.enhance.plan import Job
from sslse.errors import DataError


class Watcher(Protocol):
    """Is told how far jobs are."""

    def advanced(self, job: Job, done: float, seconds: float) -> None:
        """Tell that so many seconds of sound were taken, of as many as the header says."""

    def ended(self, job: Job, result: Enhanced | str) -> None:
        """Tell what was done, or in one line why nothing was."""


def run_job(model: Model, job: Job, watcher: Watcher) -> Enhanced | str:
    """Enhance a file; return what was done, or in one line why nothing was."""
    try:
        return enhance_file(
            model,
            job.source,
            job.target,
            lambda done, seconds: watcher.advanced(job, done, seconds),
        )
    except DataError as error:
        return str(error)
    except OSError as error:
        place = f" ({error.filename})" if error.filename else ""
        return f"{job.source}: {(error.strerror or str(error)).lower()}{place}"
    except (MemoryError, torch.OutOfMemoryError):
        return f"{job.source}: takes more memory than there is"


def enhance_here(model: Model, jobs: Sequence[Job], watcher: Watcher) -> None:
    """Enhance files one after another, in this process."""
    for job in jobs:
        watcher.ended(job, run_job(model, job, watcher))
