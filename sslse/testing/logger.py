"""`check_logger`: what a logger promises a run."""

import contextlib
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sslse.api import Logger
from sslse.testing.construct import Target, construct, find
from sslse.testing.rules import hold, rule
from sslse.testing.states import global_random, touched

CONTRACT = "sslse.api.Logger"
OWN_FILES = ("recipe.yaml", "metrics.jsonl", "scores.jsonl", "model.safetensors")
RECIPE: dict[str, Any] = {
    "name": "byol",
    "seed": 0,
    "objective": {"name": "byol", "tau": 0.99},
    "augmentations": [{"name": "add_noise", "snr_db": [-5.0, 5.0]}],
    "train": {"epochs": 3, "clip_norm": None},
    "loggers": [],
}
SUMMARY: dict[str, Any] = {
    "mean": {"noisy": {"si_sdr": 0.1, "stoi": None}, "enhanced": {"si_sdr": 7.5, "stoi": None}},
    "counts": {"mixtures": 4, "scored": {"si_sdr": 4, "stoi": 0}},
}
SECONDS = 5.0


def check_logger(target: Target, /, **options: Any) -> None:
    """Hold a logger against the contract of `sslse.api.Logger`.

    It is given run directories of its own, in another working directory, and never a network.

    Args:
        target: the class, or the name it is registered under.
        **options: of the logger, as a recipe would say them.

    Raises:
        AssertionError: a rule is broken.
        RegistryError: no logger of that name is installed.
    """
    label, component = find("logger", target)
    hold(label, LoggerCase(component, options), LOGGER_RULES)


@dataclass(frozen=True)
class LoggerCase:
    """A logger to check."""

    target: Callable[..., Any]
    options: Mapping[str, Any]

    def make(self) -> Logger:
        """Construct the logger."""
        logger: Logger = construct(self.target, self.options, {})
        return logger


@contextlib.contextmanager
def run_directory() -> Iterator[Path]:
    """Give a run directory ``run`` with its own files, beside an empty working directory."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as place:
        folder, working = Path(place, "run"), Path(place, "working")
        folder.mkdir()
        working.mkdir()
        for name in OWN_FILES:
            (folder / name).write_text(name, encoding="utf-8")
        with contextlib.chdir(working):
            yield folder


def lines(first: int, last: int) -> Iterator[tuple[str, dict[str, Any]]]:
    """Give the lines of a run, and of which kind each is: all figures there, some, or none."""
    if first == 0:
        yield "scores", _scored(0, None)
    for step in range(first + 1, last + 1):
        line = {"step": step, "epoch": step / 2, "seconds": 0.5 * step, "pairs_per_second": 9.5}
        yield "log", line | {"learning_rate": 0.0, "weight_cl": 0, "weight_se": 1.0}
        figures = {"loss": -1.5e9, "cl": -0.9, "objective/hinge": 0.0, "latent/std": 1e-12}
        yield "log", line | figures | {"skipped": 3}
        if step % 2 == 0:
            yield "scores", _scored(step - 2, 1.25)


def _scored(step: int, score: float | None) -> dict[str, Any]:
    scores = {"score/si_sdr": score, "score/stoi": None}
    return {"step": step, "epoch": step / 2, "seconds": 0.5 * step, **scores, "failed": 4}


def take(logger: Logger, folder: Path, first: int, last: int) -> None:
    """Let a logger take a run from one step to another, without an end."""
    logger.start(folder, RECIPE, first)
    for kind, line in lines(first, last):
        getattr(logger, kind)(line)


@rule("is constructed from options by keyword alone", see="sslse.options")
def constructs(case: LoggerCase) -> str | None:
    """Construct it."""
    with run_directory():
        logger = case.make()
    return None if isinstance(logger, Logger) else f"{type(logger).__name__} is no {CONTRACT}"


@rule("does nothing before start", see=CONTRACT)
def waits(case: LoggerCase) -> str | None:
    """Look for files and threads after it is constructed."""
    before = set(threading.enumerate())
    with run_directory() as folder:
        case.make()
        if seen := _written(folder) or _beside():
            return seen
    if new := set(threading.enumerate()) - before:
        return f"it started the thread {next(iter(new)).name!r}"
    return None


@rule("takes every line that a run can have", see=CONTRACT)
def takes(case: LoggerCase) -> str | None:
    """Take lines with all figures, with few, and with scores that are None."""
    with run_directory() as folder:
        logger = case.make()
        take(logger, folder, 0, 4)
        logger.finish(SUMMARY, "finished")
    return None


@rule("writes into a folder of its own in the run directory, and nowhere else", see=CONTRACT)
def writes(case: LoggerCase) -> str | None:
    """Look at the run directory and the working directory after a run."""
    with run_directory() as folder:
        logger = case.make()
        take(logger, folder, 0, 2)
        logger.finish(SUMMARY, "finished")
        return _beside() or _changed(folder)


@rule("goes on with the log of a run that was killed", see="sslse.api.Logger.start")
def resumes(case: LoggerCase) -> str | None:
    """Start again in the same run directory, from an earlier step and from the start."""
    with run_directory() as folder:
        killed = [case.make(), case.make()]
        take(killed[0], folder, 0, 4)
        take(killed[1], folder, 2, 3)
        logger = case.make()
        take(logger, folder, 0, 4)
        logger.finish(SUMMARY, "finished")
        for one in killed:
            one.finish(None, "failed")
    return None


@rule("ends however the run ended, and leaves no thread that would keep it", see=CONTRACT)
def ends(case: LoggerCase) -> str | None:
    """End without a line and without a summary, with every status."""
    before = set(threading.enumerate())
    for status in ("finished", "stopped", "failed"):
        with run_directory() as folder:
            logger = case.make()
            logger.start(folder, RECIPE, 0)
            logger.finish(None, status)
    for one in set(threading.enumerate()) - before:
        if not one.daemon:
            one.join(SECONDS)
            if one.is_alive():
                return f"the thread {one.name!r} still runs"
    return None


@rule("draws from no global random generator", see=CONTRACT)
def draws(case: LoggerCase) -> str | None:
    """Compare the generators before and after a run."""
    before = global_random()
    with run_directory() as folder:
        logger = case.make()
        take(logger, folder, 0, 2)
        logger.finish(SUMMARY, "finished")
    drawn = touched(before)
    return f"it moved {drawn[0]} global generator" if drawn else None


LOGGER_RULES = (constructs, waits, takes, writes, ends, resumes, draws)


def _written(folder: Path) -> str | None:
    new = sorted(one.name for one in folder.iterdir() if one.name not in OWN_FILES)
    return f"it wrote {new[0]!r} into the run directory" if new else None


def _beside() -> str | None:
    """Name what lies in the working directory."""
    new = sorted(one.name for one in Path.cwd().iterdir())
    return f"it wrote {new[0]!r} into the working directory" if new else None


def _changed(folder: Path) -> str | None:
    """Name a file of the run that is not as it was, or one that is not in a folder."""
    for one in sorted(folder.iterdir()):
        if one.name not in OWN_FILES and not one.is_dir():
            return f"it wrote the file {one.name!r} into the run directory itself"
    for name in OWN_FILES:
        path = folder / name
        if not path.is_file() or path.read_text(encoding="utf-8", errors="replace") != name:
            return f"it changed {name!r}"
    return None
