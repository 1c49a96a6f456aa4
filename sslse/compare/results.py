"""Evaluated folders that may be compared, as rows of scores over the same mixtures."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from sslse.compare.agreement import check_agreement, common_metrics
from sslse.compare.pooling import Entry, make_entries
from sslse.compare.reading import read_evaluated
from sslse.errors import RunError

By = Literal["all", "snr_db", "noise_kind"]
Cluster = Literal["speaker", "utterance"]


@dataclass(frozen=True)
class Measure:
    """A metric: which direction is better, its unit, and what is behind it."""

    name: str
    better: Literal["higher", "lower"]
    unit: str
    contract: dict[str, Any]


@dataclass(frozen=True)
class Results:
    """The scores of all rows.

    Args:
        entries: noisy, baselines, runs in the order given.
        metrics: those that every run has.
        mixtures: fields of each, as text.
        manifest: digest of the mixtures.
        sample_rate: in Hz.
        notes: what was left out.
    """

    entries: tuple[Entry, ...]
    metrics: tuple[Measure, ...]
    mixtures: tuple[dict[str, str], ...]
    manifest: str
    sample_rate: int
    notes: tuple[str, ...]

    def groups(self, by: By) -> dict[str, NDArray[np.bool_]]:
        """Return which mixtures are in each group, (mixtures,).

        Args:
            by: ``all``: one group without a name; ``snr_db``: in the order of the ratios;
                ``noise_kind``: in the order of the alphabet, without mixtures of unknown kind.
        """
        if by == "all":
            return {"": np.ones(len(self.mixtures), dtype=bool)}
        if by == "snr_db":
            ratios = np.array([float(one["snr_db"]) for one in self.mixtures])
            return {f"{ratio:g}": ratios == ratio for ratio in np.unique(ratios)}
        kinds = np.array([one.get("noise_kind", "") for one in self.mixtures])
        return {str(kind): kinds == kind for kind in np.unique(kinds) if kind}

    def clusters(self, by: Cluster) -> tuple[NDArray[np.int64], str]:
        """Number each mixture's speaker or utterance.

        Args:
            by: ``speaker``, with the utterance where that is unknown, or ``utterance``.

        Returns:
            The numbers (mixtures,), and what they stand for in words.
        """
        names = [
            ("speaker", one["speaker"])
            if by == "speaker" and one.get("speaker")
            else ("utterance", one.get("speech", ""))
            for one in self.mixtures
        ]
        number = {name: place for place, name in enumerate(dict.fromkeys(names))}
        kinds = sorted({kind for kind, _ in names})
        return np.array([number[name] for name in names], dtype=np.int64), " or ".join(kinds)

    def noises(self) -> NDArray[np.int64]:
        """Number each mixture's noise recording, (mixtures,); all alike where none is known."""
        names = [one.get("noise", "") for one in self.mixtures]
        number = {name: place for place, name in enumerate(dict.fromkeys(names))}
        return np.array([number[name] for name in names], dtype=np.int64)

    def counted(self, metric: str) -> NDArray[np.bool_]:
        """Tell which mixtures count, (mixtures,): those every row with any score has one for."""
        whole = np.ones(len(self.mixtures), dtype=bool)
        for entry in self.entries:
            if scored(entry, metric):
                whole &= np.isfinite(entry.scores[metric]).all(0)
        return whole


def scored(entry: Entry, metric: str) -> bool:
    """Tell whether every seed of a row has some score."""
    return bool(np.isfinite(entry.scores[metric]).any(1).all())


def load_results(folders: Sequence[Path], metrics: Sequence[str] = ()) -> Results:
    """Read evaluated folders and refuse what cannot be compared.

    Args:
        folders: run directories, or what ``sslse evaluate --enhanced`` wrote; at least one.
        metrics: those to compare; empty takes all that every folder has.

    Raises:
        RunError: a folder is missing, damaged or given twice; test mixtures or metrics differ; a
            seed of a recipe is given twice.
        RecipeError: a recipe is unreadable.
    """
    given = [folder.resolve() for folder in folders]
    for place, folder in enumerate(given):
        if folder in given[:place]:
            raise RunError(f"{folders[place]}: is given twice")
    evaluated = [read_evaluated(folder) for folder in folders]
    names, notes = common_metrics(evaluated, metrics)
    check_agreement(evaluated, names)
    first = evaluated[0]
    measures = tuple(
        Measure(
            name,
            first.measures[name]["better"],
            first.measures[name]["unit"],
            first.contract[name],
        )
        for name in names
    )
    entries = make_entries(evaluated, names)
    return Results(
        entries, measures, first.mixtures, first.manifest, first.sample_rate, tuple(notes)
    )
