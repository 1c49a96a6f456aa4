"""What the report says, from the files of a run directory."""

import csv
import json
import math
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jinja2

import sslse
from sslse.evaluate.results import CONDITIONS
from sslse.probe.results import probed_lines, read_probed, unusable_probes
from sslse.recipe.reader import read_file
from sslse.report.curves import Phase, plot_ratios, plot_training, plot_weights, shades
from sslse.run_folder import METRICS, PROVENANCE, RECIPE
from sslse.train.log import TIMING, read_metrics

TEMPLATE = "report.html.j2"
EXTREMES = 5
RANKED_BY = "si_sdr"
_NOT_DRAWN = {"step", "epoch", "learning_rate", "weight_cl", "weight_se", "warnings", *TIMING}
_TITLES = {
    "loss": "weighted sum of the losses",
    "cl": "contrastive loss (CL)",
    "se": "enhancement loss (SE)",
    "latent/std": "latent/std: near 1 spread out, 0 collapsed",
    "latent/rank": "latent/rank: directions in use (RankMe)",
    "latent/alignment": "latent/alignment: distance of the views, 0 where they are one",
    "latent/uniformity": "latent/uniformity: lower is more spread out, 0 collapsed",
    "output/level_db": "output/level_db: outputs relative to inputs",
    "output/copied": "output/copied: share of the disturbance left",
    "gradient_cosine": "gradient_cosine: 1 the losses pull alike, -1 they fight",
}
_NO_SCORE = "no score"


@dataclass(frozen=True)
class Panel:
    """A plot and its title."""

    title: str
    svg: str


@dataclass(frozen=True)
class Comparison:
    """A metric of noisy and enhanced waves, as text."""

    noisy: str
    enhanced: str
    difference: str


@dataclass(frozen=True)
class Item:
    """A mixture of the evaluation and how much one metric gained."""

    row: dict[str, str]
    scores: Comparison
    gain: float


def render(folder: Path) -> str:
    """Return the report of an evaluated run directory as HTML.

    Raises:
        RecipeError: its recipe is unreadable.
    """
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    lines = read_metrics(folder / METRICS)
    phases = shades(lines)
    provenance = _read_json(folder / PROVENANCE)
    summary = _read_json(folder / "evaluation.json")
    probed = read_probed(folder)
    ranked_by, items = _ranked(folder / "evaluation.csv", list(summary["mean"]["noisy"]))
    few = max(1, min(EXTREMES, len(items) // 2))
    return environment.get_template(TEMPLATE).render(
        recipe=read_file(folder / RECIPE).plain(),
        recipe_text=(folder / RECIPE).read_text(encoding="utf-8"),
        version=sslse.__version__,
        provenance=provenance,
        provenance_groups=_groups(provenance),
        summary=summary,
        means=_compare(summary["mean"]),
        per_snr={snr_db: _compare(means) for snr_db, means in summary["per_snr"].items()},
        failures=list(_failures(summary)),
        legend={phase.label: phase.tint for phase in phases},
        weights=_weights(lines, phases),
        curves=_curves(lines, phases),
        ratios=_ratios(summary),
        probed=probed,
        probes=probed_lines(probed) if probed else [],
        unusable=unusable_probes(probed) if probed else [],
        ranked_by=ranked_by,
        worst=items[:few],
        best=items[::-1][:few],
    )


def _read_json(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return content


def _compare(means: dict[str, dict[str, float | None]]) -> dict[str, Comparison]:
    noisy, enhanced = (means[condition] for condition in CONDITIONS)
    return {name: _comparison(noisy[name], enhanced[name]) for name in noisy}


def _comparison(noisy: float | None, enhanced: float | None) -> Comparison:
    if noisy is None or enhanced is None:
        return Comparison(_NO_SCORE, _NO_SCORE, "")
    return Comparison(f"{noisy:z.3f}", f"{enhanced:z.3f}", f"{enhanced - noisy:+z.3f}")


def _failures(summary: dict[str, Any]) -> Iterator[tuple[str, str, str, int]]:
    for condition, metrics in summary["failures"].items():
        for metric, reasons in metrics.items():
            for reason, count in reasons.items():
                yield metric, condition, reason, count


def _curves(lines: Sequence[dict[str, Any]], phases: Sequence[Phase]) -> list[Panel]:
    epochs = [line["epoch"] for line in lines]
    names = dict.fromkeys(name for line in lines for name in line if name not in _NOT_DRAWN)
    panels = []
    for number, name in enumerate(names):
        values = [line.get(name, math.nan) for line in lines]
        svg = plot_training(f"training-{number}", epochs, values, phases)
        panels.append(Panel(_TITLES.get(name, name), svg))
    return panels


def _weights(lines: Sequence[dict[str, Any]], phases: Sequence[Phase]) -> Panel | None:
    """Plot the schedule, if it ever changes."""
    epochs, cl, se = ([line[n] for line in lines] for n in ("epoch", "weight_cl", "weight_se"))
    if len(set(zip(cl, se, strict=True))) <= 1:
        return None
    return Panel("weights of the losses", plot_weights("weights", epochs, cl, se, phases))


def _ratios(summary: dict[str, Any]) -> list[Panel]:
    per_snr = summary["per_snr"]
    snr_db = [float(one) for one in per_snr]
    panels = []
    for number, name in enumerate(summary["mean"]["noisy"]):
        noisy, enhanced = (
            [math.nan if one[kind][name] is None else one[kind][name] for one in per_snr.values()]
            for kind in CONDITIONS
        )
        panels.append(Panel(name, plot_ratios(f"ratio-{number}", snr_db, noisy, enhanced)))
    return panels


def _ranked(path: Path, metrics: Sequence[str]) -> tuple[str, list[Item]]:
    """Return the metric that ranks and the scored mixtures, least gain first."""
    if not metrics:
        return "", []
    metric = RANKED_BY if RANKED_BY in metrics else metrics[0]
    items = []
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            noisy, enhanced = (float(row[f"{metric}_{condition}"]) for condition in CONDITIONS)
            if math.isfinite(noisy) and math.isfinite(enhanced):
                items.append(Item(row, _comparison(noisy, enhanced), enhanced - noisy))
    return metric, sorted(items, key=lambda item: item.gain)


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
