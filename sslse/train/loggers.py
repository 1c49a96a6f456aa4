"""The loggers of a run: none of them can stop it."""

import copy
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

from sslse.api import Logger
from sslse.train.observer import Observer

Say = Callable[[str], None]


class Loggers(Observer):
    """Pass the lines of a run on to its loggers, each with a copy of its own.

    What a logger raises is said once. One whose start fails is left out; the others are called on.
    As a context manager it tells them the end: with `summary`, and how the block was left.

    Args:
        loggers: by name.
        folder: the run directory.
        recipe: plain values.
        say: told what a logger raised.

    Attributes:
        summary: of the evaluation, once there is one.
    """

    def __init__(
        self, loggers: dict[str, Logger], folder: Path, recipe: dict[str, Any], say: Say
    ) -> None:
        self.summary: dict[str, Any] | None = None
        self._waiting = dict(loggers)
        self._started: dict[str, Logger] = {}
        self._folder = folder
        self._recipe = recipe
        self._say = say
        self._faulty: set[str] = set()

    def started(self, step: int, seconds: float = 0.0) -> None:  # noqa: ARG002 - as observers are
        """Start the loggers; the second call does nothing."""
        for name, one in self._waiting.items():
            if self._call(name, "start", one.start, self._folder, self._recipe, step):
                self._started[name] = one
        self._waiting = {}

    def logged(self, line: dict[str, Any]) -> None:
        """Pass on a line of ``metrics.jsonl``."""
        for name, one in self._started.items():
            self._call(name, "log", one.log, line)

    def scored(self, line: dict[str, Any]) -> None:
        """Pass on a line of ``scores.jsonl``."""
        for name, one in self._started.items():
            self._call(name, "scores", one.scores, line)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        status: Literal["finished", "stopped", "failed"] = "finished"
        if kind is not None:
            status = "stopped" if issubclass(kind, KeyboardInterrupt) else "failed"
        for name, one in self._started.items():
            self._call(name, "finish", one.finish, self.summary, status)

    def _call(self, name: str, what: str, method: Callable[..., None], *values: Any) -> bool:
        """Call a method of a logger with copies; tell whether it went well."""
        try:
            method(*copy.deepcopy(values))
        except (Exception, SystemExit) as error:  # noqa: BLE001 - a logger stops no run
            if name not in self._faulty:
                self._faulty.add(name)
                reason = " ".join(f"{type(error).__name__}: {error}".split())
                left = "; it is left out" if what == "start" else ""
                self._say(f"warning: logger {name!r} failed in {what}: {reason}{left}")
            return False
        return True
