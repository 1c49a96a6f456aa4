"""What an evaluation found: one row a mixture, means over all and per SNR."""

import csv
import json
import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from sslse.errors import RunError
from sslse.evaluate.mixtures import Mixture
from sslse.evaluate.scoring import Scores

CONDITIONS = ("noisy", "enhanced")


@dataclass(frozen=True)
class Row:
    """A mixture and the scores of both its waves."""

    mixture: Mixture
    noisy: Scores
    enhanced: Scores

    def score(self, condition: str, metric: str) -> float:
        """Return one value, NaN where it failed."""
        scores: Scores = getattr(self, condition)
        return scores.values[metric]

    def paired(self, metric: str) -> bool:
        """Say whether both waves have a score, so that the row counts in the means."""
        return all(math.isfinite(self.score(condition, metric)) for condition in CONDITIONS)


@dataclass(frozen=True)
class Results:
    """All rows of an evaluation.

    Args:
        rows: one a mixture.
        metrics: names, in the order of the recipe.
        contract: what is behind every number, by metric.
    """

    rows: Sequence[Row]
    metrics: Sequence[str]
    contract: dict[str, Any]

    def summary(self) -> dict[str, Any]:
        """Return what ``evaluation.json`` holds.

        A mixture counts in a mean only where noisy and enhanced both have a score, so that the
        two means are over the same mixtures.
        """
        ratios = sorted({row.mixture.snr_db for row in self.rows})
        return {
            "mean": self._means(self.rows),
            "per_snr": {
                f"{snr_db:g}": self._means([r for r in self.rows if r.mixture.snr_db == snr_db])
                for snr_db in ratios
            },
            "counts": {
                "mixtures": len(self.rows),
                "utterances": len({row.mixture.speech for row in self.rows}),
                "scored": {
                    metric: sum(row.paired(metric) for row in self.rows) for metric in self.metrics
                },
            },
            "failures": {condition: self._failures(condition) for condition in CONDITIONS},
            "contract": self.contract,
        }

    def _means(self, rows: Sequence[Row]) -> dict[str, dict[str, float | None]]:
        return {
            condition: {metric: _mean(rows, condition, metric) for metric in self.metrics}
            for condition in CONDITIONS
        }

    def _failures(self, condition: str) -> dict[str, dict[str, int]]:
        reasons: dict[str, Counter[str]] = {}
        for row in self.rows:
            scores: Scores = getattr(row, condition)
            for metric, reason in scores.reasons.items():
                reasons.setdefault(metric, Counter())[reason] += 1
        return {metric: dict(counter) for metric, counter in reasons.items()}

    def write(self, folder: Path) -> None:
        """Write ``evaluation.csv``, then ``evaluation.json``, each whole or not at all."""
        partial = folder / "evaluation.csv.partial"
        with partial.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file, lineterminator="\n")
            head = list(asdict(self.rows[0].mixture)) if self.rows else []
            scored = [f"{m}_{condition}" for m in self.metrics for condition in CONDITIONS]
            writer.writerow([*head, *scored, "failures"])
            writer.writerows(self._line(row) for row in self.rows)
        partial.replace(folder / "evaluation.csv")
        summary = json.dumps(self.summary(), indent=2, ensure_ascii=False, allow_nan=False)
        _write(folder / "evaluation.json", summary + "\n")

    def _line(self, row: Row) -> list[Any]:
        values = [row.score(condition, m) for m in self.metrics for condition in CONDITIONS]
        reasons = [
            f"{metric} {condition}: {reason}"
            for condition in CONDITIONS
            for metric, reason in getattr(row, condition).reasons.items()
        ]
        return [*asdict(row.mixture).values(), *values, "; ".join(reasons)]


def read_summary(folder: Path) -> dict[str, Any] | None:
    """Return a run's ``evaluation.json``, or None where there is none.

    Raises:
        RunError: it is damaged.
    """
    path = folder / "evaluation.json"
    if not path.is_file():
        return None
    try:
        summary: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        if set(summary) != {"mean", "per_snr", "counts", "failures", "contract"}:
            raise ValueError("entries are missing")  # noqa: TRY301 - refused as the others
    except (ValueError, TypeError, RecursionError) as error:
        raise RunError(
            f"{path}: is damaged: {error}; 'sslse evaluate {folder}' writes it again"
        ) from error
    return summary


def _mean(rows: Sequence[Row], condition: str, metric: str) -> float | None:
    values = [row.score(condition, metric) for row in rows if row.paired(metric)]
    return math.fsum(values) / len(values) if values else None


def _write(path: Path, text: str) -> None:
    partial = path.with_name(f"{path.name}.partial")
    partial.write_text(text, encoding="utf-8")
    partial.replace(path)
