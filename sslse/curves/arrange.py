"""Which curves stand in which panel: all in all, or as in the figures of the paper."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sslse.curves.course import LOSSES, SCORE, Course, full_names, group
from sslse.errors import RunError

Arrangement = Literal["methods", "schedules", "low_data"]
ARRANGEMENTS: tuple[Arrangement, ...] = ("methods", "schedules", "low_data")
COLUMNS = 3
# The paper's three metrics; of the first, whichever there is.
METRICS = (("pesq_nb", "pesq_wb"), ("stoi", "estoi"), ("si_sdr",))
OBJECTIVES = {
    "normal": "Normal",
    "byol": "BYOL",
    "simsiam": "SimSiam",
    "simclr": "SimCLR",
    "moco_v2": "MoCo v2",
    "swav": "SwAV",
    "barlow_twins": "Barlow Twins",
}
_THROUGHOUT = ("mix", "se")


@dataclass(frozen=True)
class Panel:
    """One plot.

    Args:
        row: what its row is about; empty where all rows are about the same.
        figure: full name of what it shows.
        curves: the runs of each curve, seeds of one recipe, by label.
    """

    row: str
    figure: str
    curves: dict[str, list[Course]]


def arrange(
    courses: Sequence[Course],
    *,
    y: Sequence[str] = (),
    arrangement: Arrangement | None = None,
    say: Callable[[str], None] = lambda _: None,
) -> list[list[Panel]]:
    """Return the panels in rows.

    ``methods``: the objectives under a schedule that never changes (the paper's figure 4);
    ``schedules``: base, round and pretrain in a row for each objective (figure 5); ``low_data``:
    the objectives where training and test part are swapped (figure 6). Without one of these every
    run is in every panel.

    Args:
        courses: of the runs.
        y: names of figures; those of the paper, or all scores and losses, where none is given.
        arrangement: of the paper.
        say: told of runs that are in no panel.

    Raises:
        RunError: no run fits, or none has such a figure.
    """
    figures = full_names(y, courses) if y else _default(courses, arrangement)
    if arrangement is None:
        panels = [Panel("", one, group(courses)) for one in figures]
        return [panels[first : first + COLUMNS] for first in range(0, len(panels), COLUMNS)]
    chosen = [one for one in courses if _fits(one, arrangement)]
    for one in courses:
        if one not in chosen:
            say(f"{one.folder}: is left out of the figure {arrangement!r}: {_about(one)}")
    if not chosen:
        raise RunError(f"no run fits the figure {arrangement!r}: {_WANTED[arrangement]}")
    if arrangement != "schedules":
        curves = _labelled(chosen, _objective_label)
        return [[Panel("", one, curves) for one in figures]]
    rows = []
    for objective in dict.fromkeys(_name(one, "objective") for one in chosen):
        of_row = [one for one in chosen if _name(one, "objective") == objective]
        curves = _labelled(of_row, _schedule_label)
        title = OBJECTIVES.get(objective, objective)
        rows.append([Panel(title, one, curves) for one in figures])
    return rows


_WANTED = {
    "methods": "it shows runs with the schedule mix or se, without data.swap",
    "schedules": "it shows runs of an objective other than normal, without data.swap",
    "low_data": "it shows runs with data.swap",
}


def _default(courses: Sequence[Course], arrangement: Arrangement | None) -> list[str]:
    known = dict.fromkeys(name for course in courses for name in course.figures)
    scores = [name for name in known if name.startswith(SCORE)]
    if arrangement is None:
        return [*scores, *(name for name in LOSSES if name in known)]
    wanted = (
        [f"{SCORE}{name}" for name in names if f"{SCORE}{name}" in known] for names in METRICS
    )
    found = [names[0] for names in wanted if names] or scores
    if not found:
        raise RunError(
            "no run has scores of its training; set evaluate.every, for example --set "
            "evaluate.every=5, or choose what to draw with --y"
        )
    return found


def _fits(course: Course, arrangement: Arrangement) -> bool:
    swapped = bool(_section(course, "data").get("swap"))
    if arrangement == "low_data":
        return swapped
    if arrangement == "methods":
        return not swapped and _name(course, "schedule") in _THROUGHOUT
    return not swapped and _name(course, "objective") != "normal"


def _about(course: Course) -> str:
    swapped = ", data.swap" if _section(course, "data").get("swap") else ""
    return f"objective {_name(course, 'objective')}, schedule {_name(course, 'schedule')}{swapped}"


def _labelled(
    courses: Sequence[Course], label_of: Callable[[Course], str]
) -> dict[str, list[Course]]:
    """Group runs; label a group by what it is, or as `group` does where two would be the same."""
    groups = group(courses)
    labels = {name: label_of(seeds[0]) for name, seeds in groups.items()}
    taken = list(labels.values())
    return {
        labels[name] if taken.count(labels[name]) == 1 else name: seeds
        for name, seeds in groups.items()
    }


def _objective_label(course: Course) -> str:
    objective = _name(course, "objective")
    return OBJECTIVES.get(objective, objective)


def _schedule_label(course: Course) -> str:
    schedule = _section(course, "schedule")
    name = _name(course, "schedule")
    if name == "mix":
        return "base"
    for option in ("period", "epochs"):
        if option in schedule:
            return f"{name} ({schedule[option]})"
    return name


def _section(course: Course, name: str) -> dict[str, Any]:
    section = course.recipe.get(name)
    return section if isinstance(section, dict) else {}


def _name(course: Course, kind: str) -> str:
    return str(_section(course, kind).get("name", ""))
