"""What the folders of compared runs add to their numbers: curves and sounds."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sslse.compare.comparison import Row as Entry
from sslse.evaluate.examples import FOLDER, WAVES
from sslse.evaluate.named import run_of
from sslse.report.curves import Stroke, plot_curves
from sslse.report.listening import MOST_BYTES, Example, Part, Row, make_example, read_examples
from sslse.report.reading import read_scores, read_training
from sslse.report.scores import Look
from sslse.report.training import SCORE, TITLES, Panel, as_number, unit_of
from sslse.run_folder import METRICS

FIGURES = ("se", "cl", "latent/std", "latent/rank")
MOST_HEARD = 6  # runs

Logs = Sequence[tuple[Look, list[dict[str, Any]]]]


@dataclass(frozen=True)
class Heard:
    """A mixture that several runs have enhanced.

    Args:
        example: noisy, each run's wave, clean.
        scores: by metric: of the noisy wave, then of each run's, None where there is none.
    """

    example: Example
    scores: dict[str, list[tuple[str, float | None]]]


def plot_logs(runs: Sequence[Entry], looks: dict[str, Look]) -> Iterator[Panel]:
    """Plot losses and latents of all runs over epochs.

    Raises:
        RunError: a log is damaged.
    """
    logs = [
        (looks[run.label], read_training(run_of(Path(folder)) / METRICS))
        for run in runs
        for folder in run.folders
    ]
    for number, name in enumerate(FIGURES):
        if any(name in line for _, lines in logs for line in lines):
            svg = _plot(f"log-{number}", logs, name)
            yield Panel(TITLES[name], svg)


def plot_scores(runs: Sequence[Entry], looks: dict[str, Look]) -> Iterator[tuple[Panel, Panel]]:
    """Plot what was scored during the trainings, by metric over epochs and over time.

    Raises:
        RunError: a log is damaged.
    """
    logs = [
        (looks[run.label], read_scores(run_of(Path(folder))))
        for run in runs
        for folder in run.folders
    ]
    unit, seconds = unit_of(max((lines[-1]["seconds"] for _, lines in logs if lines), default=0))
    names = dict.fromkeys(
        name for _, lines in logs for line in lines for name in line if name.startswith(SCORE)
    )
    for number, name in enumerate(names):
        title = name.removeprefix(SCORE)
        over = f"training time ({unit})"
        over_epochs = _plot(f"score-{number}-0", logs, name)
        over_time = _plot(f"score-{number}-1", logs, name, key="seconds", scale=seconds, over=over)
        yield Panel(title, over_epochs), Panel(title, over_time)


def hear_runs(runs: Sequence[Entry]) -> list[Heard]:
    """Return the mixtures to hear that the runs with sounds share.

    Raises:
        RunError: ``examples/`` of a run is damaged.
    """
    found: dict[str, tuple[Path, dict[tuple[str, ...], Row]]] = {}
    for run in runs[:MOST_HEARD]:
        folder = Path(run.folders[0])
        if rows := {row.mixture: row for row in read_examples(folder)}:
            found[run.label] = folder / FOLDER, rows
    shared = [set(rows) for _, rows in found.values()]
    heard = []
    room = MOST_BYTES
    for mixture in next((rows for _, rows in found.values()), {}):
        if all(mixture in rows for rows in shared):
            one = _hear({label: (path, rows[mixture]) for label, (path, rows) in found.items()})
            room -= one.example.bytes
            if room < 0:
                break
            heard.append(one)
    return heard


def _hear(found: dict[str, tuple[Path, Row]]) -> Heard:
    noisy, enhanced, clean = WAVES
    label, (folder, row) = next(iter(found.items()))
    outer = {name: Part(name, folder / row.files[name], row.factor) for name in (noisy, clean)}
    inner = [
        Part(name, path / one.files[enhanced], one.factor) for name, (path, one) in found.items()
    ]
    scores = {
        metric: [
            (noisy, values.get(noisy)),
            *((name, one.scores.get(metric, {}).get(enhanced)) for name, (_, one) in found.items()),
        ]
        for metric, values in row.scores.items()
    }
    told = replace(row, why=f"{row.why} of {label}") if "gain" in row.why else row
    return Heard(make_example(told, [outer[noisy], *inner, outer[clean]]), scores)


def _plot(
    name: str,
    logs: Logs,
    figure: str,
    *,
    key: str = "epoch",
    scale: float = 1,
    over: str = "epoch",
) -> str:
    strokes = [
        Stroke(
            [line[key] / scale for line in lines],
            [as_number(line.get(figure)) for line in lines],
            look.colour,
        )
        for look, lines in logs
        if any(figure in line for line in lines)
    ]
    return plot_curves(name, strokes, over=over)
