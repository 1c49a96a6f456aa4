"""Scores of noisy waves and baselines, kept in the cache folder: every run needs the same."""

import contextlib
import hashlib
import inspect
import json
import math
import os
import sys
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path
from typing import Any

from sslse import ranks
from sslse.api import Baseline, Metric
from sslse.evaluate.answers import contract_of
from sslse.evaluate.conditions import NOISY, ScoresOf
from sslse.evaluate.mixtures import Mixture
from sslse.recipe import Choice

FORMAT = 3
FOLDER = "scores"


def metric_keys(
    choices: Iterable[Choice], metrics: dict[str, Metric], sample_rate: int
) -> dict[str, str]:
    """Name what decides the scores of each metric; see `_key`."""
    return {one.name: _key(one, metrics[one.name], sample_rate) for one in choices}


def baseline_keys(
    choices: Iterable[Choice], baselines: dict[str, Baseline], sample_rate: int
) -> dict[str, str]:
    """Name what decides the estimates of each baseline; see `_key`."""
    return {one.name: _key(one, baselines[one.name], sample_rate) for one in choices}


def _key(choice: Choice, component: Metric | Baseline, sample_rate: int) -> str:
    """Name a component by name, options, contract (packages, versions, modes), rate and source.

    The source is that of its whole package, so that one under development is not taken for what it
    was before; numpy's version stands for how its functions round.
    """
    about = contract_of(component)
    parts = [FORMAT, choice.name, choice.options, about, _source(component), sample_rate]
    return _digest([*parts, version("numpy")])


def _source(component: Metric | Baseline) -> str:
    """Return a digest of a component's module and, in a package, of the modules beside it."""
    digest = hashlib.blake2b(digest_size=16)
    with contextlib.suppress(OSError, TypeError):
        file = Path(inspect.getfile(type(component)))
        packaged = getattr(sys.modules.get(type(component).__module__), "__package__", "")
        for path in sorted(file.parent.glob("*.py")) if packaged else [file]:
            digest.update(path.read_bytes())
    return digest.hexdigest()


class KnownScores:
    """Scores by metric, mixture and condition.

    One file a metric and its version. A mixture is known by the digests of its waves, a baseline's
    estimate of it by what decides the estimate, so that it need not be made. A file that is damaged
    counts as empty and is written anew; a folder that cannot be written costs time, not the
    evaluation. Failures are not kept: they may be the machine's.

    Args:
        folder: of the files.
        metrics: `metric_keys`.
        baselines: `baseline_keys`.
    """

    def __init__(self, folder: Path, metrics: dict[str, str], baselines: dict[str, str]) -> None:
        self._files = {name: folder / f"{key}.json" for name, key in metrics.items()}
        self._known = {name: _read(path) for name, path in self._files.items()}
        self._new: dict[str, dict[str, float]] = {name: {} for name in metrics}
        self._estimates = baselines | {NOISY: NOISY}

    def get(self, mixture: Mixture, condition: str) -> dict[str, float]:
        """Return the scores that are known of a condition, by metric."""
        wave = self._wave(mixture, condition)
        return {name: known[wave] for name, known in self._known.items() if wave in known}

    def add(self, mixture: Mixture, condition: str, scores: dict[str, float]) -> None:
        """Keep scores, by metric; those that failed (NaN) are left out."""
        wave = self._wave(mixture, condition)
        for name, value in scores.items():
            if math.isfinite(value) and wave not in self._known[name]:
                self._known[name][wave] = self._new[name][wave] = value

    def add_all(self, mixture: Mixture, scores: ScoresOf) -> None:
        """Keep the scores of all conditions that no model changes."""
        for condition in self._estimates:
            self.add(mixture, condition, scores[condition].values)

    def save(self) -> None:
        """Write what is new beside what the files hold by now, each file whole or not at all.

        Of several ranks, the first writes.
        """
        if not ranks.main():
            return
        for name, path in self._files.items():
            if self._new[name]:
                with contextlib.suppress(OSError):
                    path.parent.mkdir(parents=True, exist_ok=True)
                    _write(path, _read(path) | self._new[name])
                    self._new[name] = {}

    def _wave(self, mixture: Mixture, condition: str) -> str:
        return _digest([mixture.clean, mixture.noisy, self._estimates[condition]])


def _read(path: Path) -> dict[str, float]:
    """Return a file's scores; none where it is missing or not what was written."""
    try:
        held = json.loads(path.read_text(encoding="utf-8"))
        scores: dict[str, float] = held["scores"]
        whole = held["digest"] == _digest(sorted(scores.items()))
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return {}
    return scores if whole else {}


def _write(path: Path, scores: dict[str, float]) -> None:
    text = json.dumps({"digest": _digest(sorted(scores.items())), "scores": scores})
    partial = path.with_suffix(f".{os.getpid()}.partial")
    partial.write_text(text, encoding="utf-8")
    partial.replace(path)


def _digest(content: Any) -> str:
    text = json.dumps(content, sort_keys=True, default=str)
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()
