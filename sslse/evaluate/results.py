"""What an evaluation found: one row a mixture, means over all and per SNR."""

import csv
import io
import json
import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from sslse.api import Baseline, Metric
from sslse.atomic import write_whole
from sslse.errors import RunError
from sslse.evaluate.answers import contract_of
from sslse.evaluate.conditions import ENHANCED, NOISY, ScoresOf, conditions_of
from sslse.evaluate.mixtures import Mixture
from sslse.evaluate.named import how_again

CSV = "evaluation.csv"
SUMMARY = "evaluation.json"
ENTRIES = {
    "conditions",
    "mean",
    "per_snr",
    "counts",
    "failures",
    "metrics",
    "contract",
    "baselines",
    "manifest",
    "sample_rate",
}


@dataclass(frozen=True)
class Row:
    """A mixture and the scores of its waves, by condition."""

    mixture: Mixture
    scores: ScoresOf

    def score(self, condition: str, metric: str) -> float:
        """Return one value, NaN where it failed."""
        return self.scores[condition].values[metric]

    def counts(self, condition: str, metric: str) -> bool:
        """Say whether the row counts in the mean of a condition; see `Results`."""
        needed = dict.fromkeys([NOISY, ENHANCED, condition])
        return all(math.isfinite(self.score(one, metric)) for one in needed)

    def failed(self, condition: str) -> int:
        """Return how many scores of a condition failed."""
        return len(self.scores[condition].reasons)


@dataclass(frozen=True)
class Results:
    """All rows of an evaluation.

    A mixture counts in the means of noisy and enhanced only where both have a score, so that they
    are over the same mixtures, whatever baselines there are. In the mean of a baseline it counts
    where the baseline has a score too; ``counts`` says where that is fewer.

    Args:
        rows: one a mixture.
        metrics: by name, in the order of the recipe.
        baselines: by name, in the order of the recipe.
        manifest: digest of the mixtures' manifest.
        sample_rate: in Hz.
    """

    rows: Sequence[Row]
    metrics: dict[str, Metric]
    baselines: dict[str, Baseline]
    manifest: str
    sample_rate: int

    @property
    def conditions(self) -> list[str]:
        """What was scored, in the order of every table."""
        return conditions_of(self.baselines)

    def summary(self) -> dict[str, Any]:
        """Return what ``evaluation.json`` holds; a bound of a range that is infinite is null."""
        ratios = sorted({row.mixture.snr_db for row in self.rows})
        at = {
            f"{snr_db:g}": [row for row in self.rows if row.mixture.snr_db == snr_db]
            for snr_db in ratios
        }
        return {
            "conditions": self.conditions,
            "mean": self._means(self.rows),
            "per_snr": {snr_db: self._means(rows) for snr_db, rows in at.items()},
            "counts": {
                "mixtures": len(self.rows),
                "utterances": len({row.mixture.speech for row in self.rows}),
                "scored": self._counted(ENHANCED),
                "scored_by_condition": {one: self._counted(one) for one in self.conditions},
                "failed": self._failed(self.rows),
                "failed_per_snr": {snr_db: self._failed(rows) for snr_db, rows in at.items()},
            },
            "failures": {condition: self._failures(condition) for condition in self.conditions},
            "metrics": {
                name: {"better": one.better, "unit": one.unit, "range": _range(one)}
                for name, one in self.metrics.items()
            },
            "contract": {name: contract_of(one) for name, one in self.metrics.items()},
            "baselines": {
                name: {"oracle": one.oracle, **contract_of(one)}
                for name, one in self.baselines.items()
            },
            "manifest": self.manifest,
            "sample_rate": self.sample_rate,
        }

    def _means(self, rows: Sequence[Row]) -> dict[str, dict[str, float | None]]:
        return {
            condition: {metric: _mean(rows, condition, metric) for metric in self.metrics}
            for condition in self.conditions
        }

    def _counted(self, condition: str) -> dict[str, int]:
        return {
            metric: sum(row.counts(condition, metric) for row in self.rows)
            for metric in self.metrics
        }

    def _failed(self, rows: Sequence[Row]) -> dict[str, int]:
        return {one: sum(row.failed(one) for row in rows) for one in self.conditions}

    def _failures(self, condition: str) -> dict[str, dict[str, int]]:
        reasons: dict[str, Counter[str]] = {}
        for row in self.rows:
            for metric, reason in row.scores[condition].reasons.items():
                reasons.setdefault(metric, Counter())[reason] += 1
        return {metric: dict(counter) for metric, counter in reasons.items()}

    def write(self, folder: Path) -> None:
        """Write ``evaluation.csv``, then ``evaluation.json``, each whole or not at all."""
        table = io.StringIO(newline="")
        writer = csv.writer(table, lineterminator="\n")
        head = list(asdict(self.rows[0].mixture)) if self.rows else []
        scored = [f"{metric}_{one}" for metric in self.metrics for one in self.conditions]
        writer.writerow([*head, *scored, "failures"])
        writer.writerows(self._line(row) for row in self.rows)
        write_whole(folder / CSV, table.getvalue())
        summary = json.dumps(self.summary(), indent=2, ensure_ascii=False, allow_nan=False)
        write_whole(folder / SUMMARY, summary + "\n")

    def _line(self, row: Row) -> list[Any]:
        values = [row.score(one, metric) for metric in self.metrics for one in self.conditions]
        reasons = [
            f"{metric} {condition}: {reason}"
            for condition in self.conditions
            for metric, reason in row.scores[condition].reasons.items()
        ]
        return [*asdict(row.mixture).values(), *values, "; ".join(reasons)]


def read_summary(folder: Path) -> dict[str, Any] | None:
    """Return a run's ``evaluation.json``, or None where there is none.

    Raises:
        RunError: it is damaged, or of a version that wrote less.
    """
    path = folder / SUMMARY
    if not path.is_file():
        return None
    try:
        summary: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        if not set(summary) >= ENTRIES:
            raise ValueError("entries are missing")  # noqa: TRY301 - refused as the others
    except (ValueError, TypeError, RecursionError) as error:
        raise RunError(f"{path}: is damaged: {error}; {how_again(folder)}") from error
    return summary


def _range(metric: Metric) -> list[float | None]:
    return [bound if math.isfinite(bound) else None for bound in metric.range]


def _mean(rows: Sequence[Row], condition: str, metric: str) -> float | None:
    values = [row.score(condition, metric) for row in rows if row.counts(condition, metric)]
    return math.fsum(values) / len(values) if values else None
