"""What the paper claims of its curves, beside what these runs show."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import mean

from sslse.compare import Comparison
from sslse.curves import Course
from sslse.reproduce.matrix import ENTRIES

METRIC = "si_sdr"
EARLY = 0.25
Curve = list[tuple[float, float]]


@dataclass(frozen=True)
class Claim:
    """A claim, and what the runs say of it.

    Args:
        text: the paper's, in a sentence.
        here: what was measured, a line each.
    """

    text: str
    here: tuple[str, ...]


def claims(
    methods: Comparison | None,
    rounds: Sequence[Comparison],
    low_data: Comparison | None,
    courses: Sequence[Course],
) -> list[Claim]:
    """Put the paper's claims beside what was measured, in SI-SDR.

    Args:
        methods: comparison of the runs on all data with Normal.
        rounds: comparisons of the runs of one objective with its base, where CL stays.
        low_data: comparison of the low-data runs with Normal.
        courses: of all runs.
    """
    curves = _curves(courses)
    return [
        Claim(
            f"A contrastive loss speeds up early training: after {EARLY:.0%} of it",
            tuple(_early(curves, ("normal", "byol", "simsiam"))),
        ),
        Claim(
            "It makes the model better: at the end, against Normal",
            tuple(_differences(methods)),
        ),
        Claim(
            "Taking it away in rounds helps more: at the end, against the base",
            tuple(line for one in rounds for line in _differences(one)),
        ),
        Claim(
            "Removing it for good (SimSiam pretrain) overfits: the end below the best of the curve",
            tuple(_overfitting(curves, ("simsiam_pretrain", "simsiam_round", "byol_pretrain"))),
        ),
        Claim(
            "The gain holds with little data: at the end, against Normal",
            tuple(_differences(low_data)),
        ),
    ]


def _curves(courses: Sequence[Course]) -> dict[str, Curve]:
    """Return SI-SDR over the share of the training, the mean over seeds, by recipe."""
    by_name: dict[str, list[Curve]] = {}
    for course in courses:
        points = course.values(f"score/{METRIC}")
        if points and points[-1].step:
            end = points[-1].step
            line = [(one.step / end, one.value) for one in points]
            by_name.setdefault(course.name, []).append(line)
    return {
        name: [(at[0][0], mean(value for _, value in at)) for at in zip(*lines, strict=False)]
        for name, lines in by_name.items()
    }


def _early(curves: dict[str, Curve], names: Sequence[str]) -> list[str]:
    """Say where each curve stands after the first part of the training."""
    told = []
    for name in names:
        before = [value for share, value in curves.get(name, []) if 0 < share <= EARLY]
        if before:
            told.append(f"{ENTRIES[name].title} {before[-1]:.2f} dB")
    return told


def _overfitting(curves: dict[str, Curve], names: Sequence[str]) -> list[str]:
    """Say how far each curve ends below its best."""
    told = []
    for name in names:
        if line := curves.get(name):
            share, best = max(line, key=lambda one: one[1])
            last = line[-1][1]
            told.append(
                f"{ENTRIES[name].title} {best - last:.2f} dB (best {best:.2f} after {share:.0%})"
            )
    return told


def _differences(comparison: Comparison | None) -> list[str]:
    """Say each run's difference from the reference, with its interval and verdict."""
    told = []
    for row in comparison.rows if comparison else ():
        one = comparison.difference(row.label, METRIC) if comparison else None
        if one is not None and one.value is not None:
            between = "" if one.low is None else f" [{one.low:+.2f}, {one.high:+.2f}]"
            title = ENTRIES[row.name].title if row.name in ENTRIES else row.label
            told.append(f"{title} {one.value:+.2f} dB{between}: {one.verdict}")
    return told
