"""What the paper claims of its curves, beside what these runs show."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import mean, stdev
from typing import Literal

from scipy.special import stdtrit

from sslse.compare import Comparison
from sslse.compare.comparison import Verdict
from sslse.compare.paper import published
from sslse.curves import Course
from sslse.reproduce.matrix import ENTRIES

METRIC = "si_sdr"
EARLY = 0.25
CONFIDENCE = 0.95
Curve = list[tuple[float, float]]
Word = Literal["confirmed", "not confirmed", "undecided", "not measured"]


@dataclass(frozen=True)
class Claim:
    """A claim, and what the runs say of it.

    Args:
        text: the paper's, in a sentence.
        word: ``confirmed`` where everything asked of it is decided in its favour, ``not confirmed``
            where something is decided against it and nothing in its favour, else ``undecided``.
            One training seed decides nothing.
        here: what was measured, a line each.
    """

    text: str
    word: Word
    here: tuple[str, ...]


def claims(
    methods: Comparison | None,
    rounds: Sequence[Comparison],
    pretrained: Comparison | None,
    low_data: Comparison | None,
    courses: Sequence[Course],
) -> list[Claim]:
    """Put the paper's claims beside what was measured, in SI-SDR.

    Args:
        methods: comparison of the runs on all data with Normal.
        rounds: comparisons of the runs of one objective with its base, where CL stays.
        pretrained: comparison of SimSiam, removed for good, with SimSiam in rounds.
        low_data: comparison of the low-data runs with Normal.
        courses: of all runs.
    """
    curves = _curves(courses)
    early = list(_early(curves, ("byol", "simsiam")))
    of_paper = [name for name in published() if name in ENTRIES]
    return [
        Claim(
            f"A contrastive loss speeds up early training: after {EARLY:.0%} of it, against Normal",
            _word(verdict for _, verdict in early),
            tuple(line for line, _ in early),
        ),
        Claim(
            "It makes the model better: at the end, against Normal",
            _word(_verdicts(methods, of_paper)),
            tuple(_differences(methods)),
        ),
        Claim(
            "Taking it away in rounds helps more: at the end, against the base",
            _word(verdict for one in rounds for verdict in _verdicts(one)),
            tuple(line for one in rounds for line in _differences(one)),
        ),
        Claim(
            "Removing it for good (SimSiam pretrain) overfits: at the end, against SimSiam round; "
            "and the end below the best of the curve",
            _word(_OPPOSITE[verdict] for verdict in _verdicts(pretrained)),
            (
                *_differences(pretrained),
                *_overfitting(curves, ("simsiam_pretrain", "simsiam_round", "byol_pretrain")),
            ),
        ),
        Claim(
            "The gain holds with little data: at the end, against Normal",
            _word(_verdicts(low_data)),
            tuple(_differences(low_data)),
        ),
    ]


_OPPOSITE: dict[Verdict, Verdict] = {
    "better": "worse",
    "worse": "better",
    "undecided": "undecided",
}


def _word(verdicts: Iterable[Verdict]) -> Word:
    """Say what several verdicts say of a claim that all are ``better``."""
    found = set(verdicts)
    if not found:
        return "not measured"
    if found == {"better"}:
        return "confirmed"
    return "not confirmed" if "worse" in found and "better" not in found else "undecided"


def _curves(courses: Sequence[Course]) -> dict[str, dict[int, Curve]]:
    """Return SI-SDR over the share of the training by recipe and seed."""
    by_name: dict[str, dict[int, Curve]] = {}
    for course in courses:
        points = course.values(f"score/{METRIC}")
        if points and points[-1].step:
            end = points[-1].step
            line = [(one.step / end, one.value) for one in points]
            by_name.setdefault(course.name, {})[course.seed] = line
    return by_name


def _early(
    curves: dict[str, dict[int, Curve]], names: Sequence[str]
) -> Iterable[tuple[str, Verdict]]:
    """Say how far each curve is above Normal's after the first part of the training.

    Seeds see the same data under either recipe, so differences are taken seed by seed. The interval
    is Student's over them; the mixtures are taken as they are.
    """
    normal = {seed: _at(line) for seed, line in curves.get("normal", {}).items()}
    for name in names:
        own = {seed: _at(line) for seed, line in curves.get(name, {}).items()}
        pairs = [(value, normal.get(seed)) for seed, value in own.items()]
        gaps = [ours - theirs for ours, theirs in pairs if ours is not None and theirs is not None]
        if not gaps:
            continue
        value, between = mean(gaps), " (one seed: no interval)"
        verdict: Verdict = "undecided"
        if len(gaps) > 1:
            reach = float(stdtrit(len(gaps) - 1, (1 + CONFIDENCE) / 2))
            reach *= stdev(gaps) / math.sqrt(len(gaps))
            between = f" [{value - reach:+.2f}, {value + reach:+.2f}] over {len(gaps)} seeds"
            if abs(value) > reach:
                verdict = "better" if value > 0 else "worse"
        yield f"{ENTRIES[name].title} {value:+.2f} dB{between}: {verdict}", verdict


def _at(line: Curve) -> float | None:
    """Return where a curve stands after the first part of the training."""
    before = [value for share, value in line if 0 < share <= EARLY]
    return before[-1] if before else None


def _overfitting(curves: dict[str, dict[int, Curve]], names: Sequence[str]) -> list[str]:
    """Say how far each curve, the mean over seeds, ends below its best."""
    told = []
    for name in names:
        if lines := list(curves.get(name, {}).values()):
            line = [(at[0][0], mean(value for _, value in at)) for at in zip(*lines, strict=False)]
            share, best = max(line, key=lambda one: one[1])
            last = line[-1][1]
            told.append(
                f"{ENTRIES[name].title} ends {best - last:.2f} dB below its best ({best:.2f} after "
                f"{share:.0%})"
            )
    return told


def _verdicts(comparison: Comparison | None, names: Sequence[str] = ()) -> list[Verdict]:
    """Return the verdicts on the methods of the runs, or on those of some recipes.

    One on a single training may be one on its seed, so it decides nothing.
    """
    if comparison is None:
        return []
    found: list[Verdict] = []
    for row in comparison.rows:
        one = comparison.difference(row.label, METRIC)
        if one is None or one.value is None or (names and row.name not in names):
            continue
        found.append(one.verdict if one.verdict in _OPPOSITE else "undecided")
    return found


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
