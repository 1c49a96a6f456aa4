"""Scores of noisy waves, kept in the cache folder: every run on the same mixtures needs them."""

import contextlib
import hashlib
import inspect
import json
import math
import os
from pathlib import Path
from typing import Any

from sslse.api import Metric, Samples

FORMAT = 1
FOLDER = "noisy_scores"


def wave_key(clean: Samples, noisy: Samples) -> str:
    """Name a mixture by its samples: whatever changes them, corpora or mixing, names another."""
    digest = hashlib.blake2b(digest_size=16)
    for wave in (clean, noisy):
        digest.update(f"{wave.dtype.str} {wave.shape} ".encode())
        digest.update(wave.tobytes())
    return digest.hexdigest()


def metric_key(
    name: str, options: dict[str, Any], contract: dict[str, Any], metric: Metric, sample_rate: int
) -> str:
    """Name what decides a metric's scores.

    Args:
        name: of the metric.
        options: as in the recipe.
        contract: `sslse.api.Metric.contract`: packages, versions, modes.
        metric: its source file counts too, so that one under development is not taken for what it
            was before.
        sample_rate: in Hz.
    """
    parts = [FORMAT, name, options, contract, _source(metric), sample_rate]
    text = json.dumps(parts, sort_keys=True, default=str)
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def _source(metric: Metric) -> str:
    with contextlib.suppress(OSError, TypeError):
        if path := inspect.getsourcefile(type(metric)):
            return hashlib.blake2b(Path(path).read_bytes(), digest_size=16).hexdigest()
    return ""


class NoisyScores:
    """Scores of noisy waves by metric and mixture.

    One file a metric and its version. A file that is damaged counts as empty and is written anew;
    a folder that cannot be written costs time, not the evaluation. Failures are not kept: they may
    be the machine's.

    Args:
        folder: of the files.
        metrics: `metric_key` by metric name.
    """

    def __init__(self, folder: Path, metrics: dict[str, str]) -> None:
        self._files = {name: folder / f"{key}.json" for name, key in metrics.items()}
        self._known = {name: _read(path) for name, path in self._files.items()}
        self._new: dict[str, dict[str, float]] = {name: {} for name in metrics}

    def get(self, wave: str) -> dict[str, float]:
        """Return the scores that are known of a mixture, by metric."""
        return {name: known[wave] for name, known in self._known.items() if wave in known}

    def add(self, wave: str, scores: dict[str, float]) -> None:
        """Keep scores of a mixture, by metric; those that failed (NaN) are left out."""
        for name, value in scores.items():
            if math.isfinite(value) and wave not in self._known[name]:
                self._known[name][wave] = self._new[name][wave] = value

    def save(self) -> None:
        """Write what is new beside what the files hold by now, each file whole or not at all."""
        for name, path in self._files.items():
            if self._new[name]:
                with contextlib.suppress(OSError):
                    path.parent.mkdir(parents=True, exist_ok=True)
                    _write(path, _read(path) | self._new[name])
                    self._new[name] = {}


def _read(path: Path) -> dict[str, float]:
    """Return a file's scores; none where it is missing or not what was written."""
    try:
        held = json.loads(path.read_text(encoding="utf-8"))
        scores: dict[str, float] = held["scores"]
        whole = held["digest"] == _digest(scores)
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        return {}
    return scores if whole else {}


def _write(path: Path, scores: dict[str, float]) -> None:
    text = json.dumps({"digest": _digest(scores), "scores": scores})
    partial = path.with_suffix(f".{os.getpid()}.partial")
    partial.write_text(text, encoding="utf-8")
    partial.replace(path)


def _digest(scores: dict[str, float]) -> str:
    text = json.dumps(sorted(scores.items()))
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()
