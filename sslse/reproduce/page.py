"""The page of a reproduction: the paper's tables and figures, expected against obtained."""

import json
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from sslse.compare import Comparison
from sslse.curves import Course
from sslse.device import usable_cores
from sslse.reproduce.claims import claims
from sslse.reproduce.matrix import ENTRIES, Scaled
from sslse.reproduce.tables import per_snr, table_2
from sslse.reproduce.tiers import Tier
from sslse.run_folder import PROVENANCE
from sslse.sweep.plan import Member, Plan
from sslse.sweep.running import Outcome, is_evaluated

TABLES = "tables.csv"
FIGURES: dict[int, tuple[Literal["methods", "schedules", "low_data"], str]] = {
    4: ("methods", "BYOL, SimSiam and Normal"),
    5: ("schedules", "CL throughout, in rounds, and at the beginning only"),
    6: ("low_data", "trained on the test part, tested on the training part"),
}


@dataclass(frozen=True)
class About:
    """What was run.

    Args:
        tier: its settings.
        plan: its runs.
        scaled: what became of schedules' options in epochs.
        outcomes: of the runs.
    """

    tier: Tier
    plan: Plan
    scaled: tuple[Scaled, ...]
    outcomes: tuple[Outcome, ...]

    def evaluated(self, *, low_data: bool) -> list[Member]:
        """Return the runs on all data, or on little, that are evaluated."""
        return [
            one
            for one in self.plan.members
            if ENTRIES[one.label].low_data == low_data and is_evaluated(self.plan.run_folder(one))
        ]


@dataclass(frozen=True)
class Found:
    """What came out.

    Args:
        members: that are evaluated.
        main: comparison of the runs on all data with Normal.
        rounds: comparisons of the runs in rounds with those where CL stays.
        pretrained: comparison of SimSiam pretrain with SimSiam round; None where there is none.
        low_data: comparison of the low-data runs with Normal; None where there is none.
        courses: of all members.
        figures: paths of each figure, from the page.
    """

    members: tuple[Member, ...]
    main: Comparison
    rounds: tuple[Comparison, ...]
    pretrained: Comparison | None
    low_data: Comparison | None
    courses: tuple[Course, ...]
    figures: dict[int, list[str]]


def page(about: About, found: Found) -> str:
    """Write the page as Markdown."""
    parts = [_head(about, found), _tables(found), _figures(found), _claims(found)]
    return "\n".join(line for part in [*parts, _how(about, found)] for line in part)


def _head(about: About, found: Found) -> Iterator[str]:
    yield f"# The paper's tables and figures: tier {about.tier.name}\n"
    yield f"{about.tier.about.strip()}\n"
    yield (
        "Written by `sslse reproduce`. *paper*: the paper's own figures, from its own data and "
        "network. *here*: the runs in this folder, means over the same test mixtures for all of "
        "them, ± the standard deviation over seeds where there are several. `-`: the paper has "
        "none, or no such run is evaluated.\n"
    )
    missing = [one for one in about.plan.members if one not in found.members]
    if missing:
        faults = {one.member.name: one.fault for one in about.outcomes if one.fault}
        yield f"**{len(missing)} of {len(about.plan.members)} runs are not evaluated:**\n"
        for one in missing:
            yield f"- `{one.name}`: {faults.get(one.name, 'not run')}"
        yield ""


def _tables(found: Found) -> Iterator[str]:
    yield "## Table 2: means over all test mixtures\n"
    yield table_2(found.main)
    for number, title, text in per_snr(found.main):
        yield f"## Table {number}: {title} per SNR\n"
        yield text
    if found.low_data is not None:
        yield "## Low data: means over all test mixtures\n"
        yield (
            "Trained on the test part, tested on the training part; the paper gives curves only "
            "(figure 6).\n"
        )
        yield table_2(found.low_data, paper=False)
    yield f"The figures of tables 2 to 5, one a line: [{TABLES}]({TABLES})\n"


def _figures(found: Found) -> Iterator[str]:
    for number, (_, title) in FIGURES.items():
        paths = found.figures.get(number, [])
        yield f"## Figure {number}: {title}\n"
        for path in paths:
            if path.endswith(".png"):
                yield f"![Figure {number}: {title}]({path})\n"
        links = ", ".join(f"[{Path(path).name}]({path})" for path in paths)
        yield f"{links or 'No run of it is evaluated.'}\n"


def _claims(found: Found) -> Iterator[str]:
    main = found.main
    yield "## The paper's claims, in SI-SDR\n"
    yield "| claim | answer | here |\n| --- | --- | --- |"
    for one in claims(main, found.rounds, found.pretrained, found.low_data, found.courses):
        yield f"| {one.text} | {one.word} | {'<br>'.join(one.here)} |"
    yield (
        f"\nDifferences are over all test mixtures, with {main.confidence:.0%} intervals from a "
        f"bootstrap over {main.clusters} {main.clustered_by}s and {main.noises} noise recordings; "
        "better, worse or undecided after Holm's adjustment over the runs and metrics of a "
        "comparison, said of a model where it has one training seed. A claim is confirmed where "
        "all it speaks of is decided in its favour (runs of the paper's own tables only), not "
        "confirmed where some is decided against it and none in its favour; one training seed "
        "decides nothing. Figures during the training are of the part of the test mixtures that "
        "the curves show.\n"
    )
    yield from (f"- {note}" for note in main.notes)
    yield ""


def _how(about: About, found: Found) -> Iterator[str]:
    plan, tier = about.plan, about.tier
    made = _provenance(plan.run_folder(found.members[0]))
    packages = ", ".join(f"{name} {one}" for name, one in made.get("packages", {}).items() if one)
    yield "## How it was made\n"
    yield f"```\n{shlex.join(plan.command)}\n```\n"
    yield f"- data: {', '.join(tier.data)}; settings: `{'` `'.join(tier.sets)}`"
    yield f"- low data also: `{'` `'.join(tier.low_data)}`"
    for one in about.scaled:
        yield (
            f"- `{one.recipe}`: `schedule.{one.option}` is {one.used} of {one.epochs} epochs, as "
            f"published {one.published} of {one.published_epochs}"
        )
    lasts = [one.lines[-1] for one in found.courses if one.lines]
    steps = ", ".join(map(str, sorted({int(one["step"]) for one in lasts})))
    seconds = sum(float(one["seconds"]) for one in lasts)
    seeds = ", ".join(map(str, sorted({one.seed for one in found.members})))
    yield f"- {len(found.members)} runs; seeds: {seeds}; optimizer steps of a run: {steps}"
    yield f"- seconds of training, all runs together: {seconds:.0f}"
    yield f"- test mixtures: {found.main.mixtures} (manifest `{found.main.manifest}`)"
    if found.low_data is not None:
        mixtures, manifest = found.low_data.mixtures, found.low_data.manifest
        yield f"- test mixtures, low data: {mixtures} (manifest `{manifest}`)"
    yield (
        f"- machine: {made.get('platform', 'unknown')}, {usable_cores()} CPU cores; a run's "
        f"device: {made.get('device', 'unknown')}"
    )
    yield f"- Python {made.get('python', 'unknown')}, {packages}"
    yield f"- commit: {made.get('commit') or 'not a checkout'}\n"


def _provenance(folder: Path) -> dict[str, Any]:
    try:
        content: dict[str, Any] = json.loads((folder / PROVENANCE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content
