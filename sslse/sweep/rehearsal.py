"""Do for every run of a sweep what ``sslse check`` does, before the first one starts."""

import gc
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from sslse.device import choose_device
from sslse.errors import RunError, SslseError
from sslse.prepare import prepare
from sslse.recipe import Recipe
from sslse.registry import Registry
from sslse.run_folder import check_folder
from sslse.run_state import read_state
from sslse.sweep.plan import Plan, Planned
from sslse.train.estimate import estimate_seconds

Say = Callable[[str], None]


@dataclass(frozen=True)
class Forecast:
    """What a sweep has before it.

    Args:
        runs: that are not evaluated yet.
        seconds: a CPU trains for all of them, on the threads of one job; None on other devices.
    """

    runs: int
    seconds: float | None


def check_plan(
    plan: Plan, planned: Planned, registry: Registry, say: Say, *, threads: int | None = None
) -> Forecast:
    """Build every run's parts, open its corpora, rehearse its steps and metrics.

    Runs that differ in the seed alone are built once, those that are evaluated not at all. The
    corpora are packed here, so that the runs need not wait for each other.

    Args:
        plan: of the sweep.
        planned: its runs with their recipes.
        registry: the installed components.
        say: told what opening the corpora says, each line once.
        threads: CPU threads of a run; None leaves torch's own choice.

    Raises:
        RunError: listing what is wrong with which run.
    """
    device = choose_device(plan.device)
    if threads is not None:
        torch.set_num_threads(threads)
    say = _once(say)
    faults: dict[str, list[str]] = {}
    seconds: dict[str, float] = {}
    left, total = 0, 0.0
    for member, recipe in planned:
        try:
            check_folder(plan.run_folder(member), recipe, registry, resume=True)
            rest = _rest(plan.run_folder(member))
            if rest is None:
                continue
            if member.label not in seconds:
                seconds[member.label] = 0.0
                seconds[member.label] = _training_seconds(recipe, registry, device, say)
        except (SslseError, OSError) as error:
            faults.setdefault(_told(error), []).append(member.name)
            continue
        left += 1
        total += rest * seconds[member.label]
    if faults:
        raise RunError("\n".join(_lines(faults, len(planned))))
    return Forecast(left, total if device.type == "cpu" else None)


def _training_seconds(recipe: Recipe, registry: Registry, device: torch.device, say: Say) -> float:
    """Prepare a run; return the seconds it trains on a CPU, 0 on other devices."""
    eager = replace(recipe, train=replace(recipe.train, compile=False))
    trainer = prepare(eager, registry, device, say).trainer
    seconds = estimate_seconds(trainer) if device.type == "cpu" else 0.0
    del trainer
    gc.collect()
    if device.type == "cuda":
        torch.cuda.empty_cache()
    return seconds


def _rest(folder: Path) -> float | None:
    """Return the share of its training a run has before it; None where it is evaluated."""
    state = read_state(folder) if folder.is_dir() else None
    if state is None or not state.epochs:
        return 1.0
    if state.word == "evaluated":
        return None
    return 0.0 if state.word == "trained" else 1.0 - (state.epoch or 0.0) / state.epochs


def _once(say: Say) -> Say:
    said: set[str] = set()

    def one(text: str) -> None:
        if text not in said:
            said.add(text)
            say(text)

    return one


def _told(error: SslseError | OSError) -> str:
    if isinstance(error, OSError):
        return f"{error.filename or ''}: {(error.strerror or str(error)).lower()}".strip(": ")
    return str(error)


def _lines(faults: dict[str, list[str]], count: int) -> list[str]:
    """Say each fault once, with the first run that has it where not all have."""
    lines = []
    for text, names in faults.items():
        more = f" and {len(names) - 1} more" if len(names) > 1 else ""
        lines.append(text if len(names) == count else f"{names[0]}{more}: {text}")
    return lines
