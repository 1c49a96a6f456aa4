"""The logger mlflow."""

import importlib.util
import math
import time
from pathlib import Path
from typing import Any, Literal

from sslse.api import Logger, OptionError

FOLDER = "mlflow"
STATUS = {"finished": "FINISHED", "stopped": "KILLED", "failed": "FAILED"}
LONGEST = 6000  # characters of a parameter that MLflow takes
AT_ONCE = 100  # parameters that it takes in one call
MARKS = {"lines": "epoch", "scores": "failed"}  # metrics that every line has


class MLflow(Logger):
    """Write a run to MLflow: its recipe as parameters, every logged figure as a metric.

    A resumed run goes on in the MLflow run that it began; lines that are there already, which come
    again to the very same numbers, are left out. ``mlflow ui --backend-store-uri
    sqlite:///runs/byol/mlflow/mlflow.db`` shows a run that was not sent to a server.

    Args:
        uri: tracking URI, such as ``http://localhost:5000``; None: a database in the run directory.
        experiment: of MLflow, made where there is none of that name.
    """

    def __init__(self, *, uri: str | None = None, experiment: str = "sslse") -> None:
        if importlib.util.find_spec("mlflow") is None:
            raise OptionError(
                "mlflow needs the package mlflow; install it with: pip install mlflow"
            )
        self.uri = uri
        self.experiment = experiment

    def start(self, folder: Path, recipe: dict[str, Any], step: int) -> None:  # noqa: ARG002
        """See `sslse.api.Logger`."""
        from mlflow import MlflowClient

        place = folder.resolve() / FOLDER
        place.mkdir(exist_ok=True)
        self._client = MlflowClient(self.uri or f"sqlite:///{place / 'mlflow.db'}")
        known = place / "run_id"
        if known.is_file():
            self._run = known.read_text(encoding="utf-8")
            self._client.update_run(self._run, status="RUNNING")
        else:
            self._run = self._begin(place, recipe)
            known.write_text(self._run, encoding="utf-8")
        self._last = {kind: self._newest(name) for kind, name in MARKS.items()}

    def log(self, line: dict[str, Any]) -> None:
        """See `sslse.api.Logger`."""
        self._take("lines", {name: one for name, one in line.items() if name != "step"}, line)

    def scores(self, line: dict[str, Any]) -> None:
        """See `sslse.api.Logger`."""
        scores = {name: one for name, one in line.items() if name.startswith("score/")}
        self._take("scores", {**scores, "failed": line["failed"]}, line)

    def finish(
        self, summary: dict[str, Any] | None, status: Literal["finished", "stopped", "failed"]
    ) -> None:
        """See `sslse.api.Logger`."""
        if summary is not None:
            means = summary["mean"]["enhanced"]
            self._write({f"test/{name}": value for name, value in means.items()}, 0)
        self._client.set_terminated(self._run, STATUS[status])

    def _begin(self, place: Path, recipe: dict[str, Any]) -> str:
        """Make the MLflow run, with the recipe as its parameters; return its id."""
        from mlflow.entities import Param

        experiment = self._client.get_experiment_by_name(self.experiment)
        number = (
            self._client.create_experiment(
                self.experiment, None if self.uri else (place / "artifacts").as_uri()
            )
            if experiment is None
            else experiment.experiment_id
        )
        run = self._client.create_run(number, run_name=recipe["name"]).info.run_id
        entries = [Param(name, text[:LONGEST]) for name, text in _flat(recipe)]
        for first in range(0, len(entries), AT_ONCE):
            self._client.log_batch(run, params=entries[first : first + AT_ONCE])
        return str(run)

    def _newest(self, name: str) -> int:
        """Return the last step of a metric; -1 where there is none."""
        return max(
            (one.step for one in self._client.get_metric_history(self._run, name)), default=-1
        )

    def _take(self, kind: str, figures: dict[str, Any], line: dict[str, Any]) -> None:
        if line["step"] > self._last[kind]:
            self._write(figures, line["step"])
            self._last[kind] = line["step"]

    def _write(self, figures: dict[str, Any], step: int) -> None:
        from mlflow.entities import Metric

        now = time.time_ns() // 1_000_000
        self._client.log_batch(
            self._run,
            metrics=[
                Metric(name, float(value), now, step)
                for name, value in figures.items()
                if isinstance(value, int | float) and math.isfinite(value)
            ],
        )


def _flat(value: Any, name: str = "") -> list[tuple[str, str]]:
    """Return the entries of a recipe as paths and texts: ``train.epochs``, ``400``."""
    if isinstance(value, dict):
        return [
            entry
            for key, one in value.items()
            for entry in _flat(one, f"{name}.{key}".removeprefix("."))
        ]
    return [(name, str(value))]
