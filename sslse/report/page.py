"""What the report says, from the files of a run directory."""

import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from sslse.evaluate.examples import WAVES
from sslse.evaluate.named import run_of
from sslse.probe.results import probed_lines, read_probed, unusable_probes
from sslse.recipe.reader import read_file
from sslse.report.curves import Stroke, plot_curves, shades
from sslse.report.dots import kinds_of_noise, plot_kinds
from sslse.report.listening import MIXTURE, Example, make_examples
from sslse.report.reading import (
    Evaluation,
    read_evaluation,
    read_object,
    read_rows,
    read_scores,
    read_training,
    readable,
)
from sslse.report.scores import Compared, Item, Look, compare, compare_means, looks, rank
from sslse.report.spectrogram import RANGE_DB
from sslse.report.template import fill
from sslse.report.training import Panel, as_number, plot_figures, plot_schedule, plot_scored
from sslse.run_folder import METRICS, PROVENANCE, RECIPE

TEMPLATE = "report.html.j2"
EXTREMES = 8


def render(folder: Path) -> str:
    """Return the report of an evaluated run directory as HTML, or of an evaluation within one.

    Raises:
        RecipeError: its recipe is unreadable.
        RunError: one of its files is missing or damaged.
    """
    run = run_of(folder)
    evaluation = read_evaluation(folder)
    drawn = looks(evaluation)
    lines = read_training(run / METRICS)
    phases = shades(lines)
    provenance = read_object(run / PROVENANCE)
    probed = read_probed(run)
    rows = read_rows(
        folder,
        ["snr_db", *(f"{name}_{one.name}" for name in evaluation.names for one in drawn)],
    )
    examples, left_out = make_examples(folder)
    kinds = kinds_of_noise(rows)
    losses, health = plot_figures(lines, phases)
    with readable(run / RECIPE):
        recipe = read_file(run / RECIPE).plain()
        text = (run / RECIPE).read_text(encoding="utf-8")
        about = [
            f"objective {recipe['objective']['name']}",
            f"schedule {recipe['schedule']['name']}",
            f"{recipe['train']['epochs']} epochs",
            f"seed {recipe['seed']}",
        ]
        title = str(recipe["name"]) + (f": {folder.name}" if run != folder else "")
    return fill(
        TEMPLATE,
        title=title,
        about=about,
        recipe_text=text,
        started=_text(provenance.get("started")),
        device=_text(provenance.get("device")),
        provenance_groups=_groups(provenance),
        evaluation=evaluation,
        looks=drawn,
        # In tables what was gained stands first, so that a phone shows it without scrolling.
        columns=sorted(drawn, key=lambda one: one.name not in WAVES),
        means=compare_means(evaluation.mean, evaluation),
        per_snr={
            f"{snr_db:g}": compare_means(means, evaluation)
            for snr_db, means in sorted(evaluation.per_snr.items())
        },
        failures=list(_failures(evaluation)),
        failed=_failed(evaluation),
        ratios=_ratios(evaluation, drawn),
        kinds=[
            plot_kinds(rows, kinds, name, drawn, evaluation.measure(name))
            for name in evaluation.names
            if kinds
        ],
        examples=examples,
        left_out=left_out,
        range_db=round(RANGE_DB),
        scores_of=lambda example: _compare_example(example, evaluation),
        items=_items(rows, evaluation, examples),
        ranked_by=next(iter(evaluation.names), ""),
        legend={phase.label: phase.tint for phase in phases},
        weights=plot_schedule(lines, phases),
        losses=losses,
        health=health,
        scored=list(plot_scored(read_scores(run), phases)),
        contracts=[*evaluation.contract.items(), *evaluation.baselines.items()],
        probed=probed,
        probed_mixtures=_probed_mixtures(probed),
        probes=probed_lines(probed) if probed else [],
        unusable=unusable_probes(probed) if probed else [],
    )


def _failures(evaluation: Evaluation) -> Iterator[tuple[str, str, str, int]]:
    for condition, metrics in evaluation.failures.items():
        for metric, reasons in metrics.items():
            for reason, count in reasons.items():
                yield metric, condition, reason, count


def _failed(evaluation: Evaluation) -> dict[str, int]:
    """Count the failed scores by metric."""
    counts = dict.fromkeys(evaluation.names, 0)
    for metric, _, _, count in _failures(evaluation):
        counts[metric] = counts.get(metric, 0) + count
    return counts


def _compare_example(example: Example, evaluation: Evaluation) -> dict[str, Compared]:
    return {
        name: compare({one: scores.get(one) for one in WAVES[:2]}, evaluation.measure(name))
        for name, scores in example.row.scores.items()
    }


def _probed_mixtures(probed: dict[str, Any] | None) -> str:
    settings = (probed or {}).get("settings")
    return _text(settings.get("mixtures") if isinstance(settings, dict) else None)


def _ratios(evaluation: Evaluation, drawn: Sequence[Look]) -> list[Panel]:
    snr_db = sorted(evaluation.per_snr)
    panels = []
    for number, name in enumerate(evaluation.names):
        strokes = [
            Stroke(
                snr_db,
                [as_number(evaluation.per_snr[one][look.name][name]) for one in snr_db],
                look.colour,
                look.dashed,
            )
            for look in drawn
        ]
        svg = plot_curves(f"ratio-{number}", strokes, over="SNR (dB)", marks=snr_db)
        panels.append(Panel(name, svg))
    return panels


def _items(
    rows: Sequence[dict[str, Any]], evaluation: Evaluation, examples: Sequence[Example]
) -> list[tuple[Item, str, int]]:
    """Return the worst and the best mixtures: each with a word, and its place among the examples.

    The place counts from 1; 0 where there is nothing to hear.
    """
    if not evaluation.names:
        return []
    metric = evaluation.names[0]
    items = rank(rows, metric, evaluation.measure(metric))
    few = min(EXTREMES, (len(items) + 1) // 2)
    places = {example.row.mixture: place for place, example in enumerate(examples, 1)}
    worst = [("worst", item) for item in items[:few]]
    best = [("best", item) for item in items[few:][::-1][:few]]
    return [(item, word, places.get(_mixture(item.row), 0)) for word, item in [*worst, *best]]


def _mixture(row: dict[str, Any]) -> tuple[str, ...]:
    return tuple(str(row.get(name, "")) for name in MIXTURE)


def _groups(provenance: dict[str, Any]) -> dict[str, dict[str, str]]:
    """Sort what a run was made with into one table of single facts and one for each group."""
    facts: dict[str, str] = {}
    groups = {"run": facts}
    for name, value in provenance.items():
        if isinstance(value, dict):
            if value:
                groups[name.replace("_", " ")] = {key: _text(one) for key, one in value.items()}
        else:
            facts[name] = _text(value)
    return groups


def _text(value: Any) -> str:
    if isinstance(value, list):
        return shlex.join(str(one) for one in value)
    return "unknown" if value is None else str(value)
