"""Collect a step's figures on the device; write them as lines of JSON."""

import json
import os
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from sslse import ranks
from sslse.atomic import write_whole
from sslse.errors import RunError

TIMING = ("seconds", "pairs_per_second")


def take(scalars: dict[str, Tensor]) -> dict[str, float]:
    """Bring scalars from the device, in one transfer."""
    values = torch.stack([value.detach().double() for value in scalars.values()]).tolist()
    return dict(zip(scalars, values, strict=True))


class Averages:
    """Means of named scalars over steps, kept on the device until they are asked for."""

    def __init__(self) -> None:
        self._sums: dict[str, Tensor] = {}
        self._counts: dict[str, int] = {}

    def add(self, scalars: dict[str, Tensor]) -> None:
        """Add one step's scalars."""
        for name, value in scalars.items():
            figure = value.detach().double()
            self._sums[name] = self._sums[name] + figure if name in self._sums else figure
            self._counts[name] = self._counts.get(name, 0) + 1

    def take(self) -> dict[str, float]:
        """Return the means, in one transfer, and start anew."""
        if not self._sums:
            return {}
        means = {name: value / self._counts[name] for name, value in take(self._sums).items()}
        self._sums, self._counts = {}, {}
        return means

    def state_dict(self) -> dict[str, Any]:
        """Return the sums and counts."""
        return {"sums": dict(self._sums), "counts": dict(self._counts)}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take what `state_dict` returned."""
        self._sums, self._counts = dict(state["sums"]), dict(state["counts"])


class MetricsFile:
    """The run's ``metrics.jsonl``; rank 0 writes it.

    Args:
        path: of the file.
        step: keep the lines up to this many steps; a resumed run writes the others again.

    Attributes:
        kept: lines that were there already.
        seconds: of training in them.
    """

    def __init__(self, path: Path, step: int) -> None:
        self.kept = [line for line in read_metrics(path) if line["step"] <= step]
        self._path = path
        if ranks.main():
            write_whole(path, "".join(json.dumps(line) + "\n" for line in self.kept))
        self.seconds = float(self.kept[-1]["seconds"]) if self.kept else 0.0

    def write(self, line: dict[str, Any]) -> None:
        """Append a line.

        Raises:
            OSError: it cannot be written; the error names the file.
        """
        if not ranks.main():
            return
        try:
            with self._path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(line) + "\n")
        except OSError as error:
            raise OSError(error.errno, error.strerror, str(self._path)) from error

    def sync(self) -> None:
        """Flush what was written to the disk."""
        if ranks.main():
            with self._path.open("ab") as file:
                os.fsync(file.fileno())


def read_metrics(path: Path) -> list[dict[str, Any]]:
    """Read the lines of a ``metrics.jsonl``; a line cut short by a crash is left out.

    Raises:
        RunError: it is damaged.
    """
    if not path.is_file():
        return []
    try:
        texts = path.read_text(encoding="utf-8").splitlines()
    except UnicodeDecodeError as error:
        raise RunError(f"{path}: is damaged: {error}") from error
    lines = []
    for number, text in enumerate(texts, 1):
        try:
            line = json.loads(text)
        except json.JSONDecodeError:
            break
        except RecursionError:
            line = None
        if not isinstance(line, dict) or not isinstance(line.get("step"), int | float):
            raise RunError(f"{path}: is damaged: line {number} holds no step with its figures")
        lines.append(line)
    return lines
