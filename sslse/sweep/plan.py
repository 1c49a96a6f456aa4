"""The plan of a sweep: its runs, each with its recipe, and the file that keeps them."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from sslse.atomic import write_whole
from sslse.errors import RunError
from sslse.recipe import Recipe
from sslse.run_folder import RECIPE

FORMAT = 1
PLAN = "sweep.json"
RECIPES = "recipes"
LOGS = "logs"


@dataclass(frozen=True)
class Member:
    """A run of a sweep.

    Args:
        name: of the run and its directory in the sweep's folder.
        label: the name in its recipe; runs that differ in the seed alone share it.
        seed: of the run.
        values: what it has of every axis, by path.
    """

    name: str
    label: str
    seed: int
    values: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Plan:
    """The runs of a sweep, and how they are started.

    Args:
        folder: of the sweep; every run lies in it under its name.
        title: what it is a sweep of.
        members: in the order they are started.
        device: as for ``--device``.
        plugins: one-file plugins.
        command: that made the plan.
    """

    folder: Path
    title: str
    members: tuple[Member, ...]
    device: str = "auto"
    plugins: tuple[str, ...] = ()
    command: tuple[str, ...] = ()

    def run_folder(self, member: Member) -> Path:
        """Return the directory of a run."""
        return self.folder / member.name

    def recipe_file(self, member: Member) -> Path:
        """Return the file of a run's recipe, every default filled in."""
        return self.folder / RECIPES / f"{member.name}.yaml"

    def log_file(self, member: Member) -> Path:
        """Return the file of what a run says."""
        return self.folder / LOGS / f"{member.name}.log"


Planned = list[tuple[Member, Recipe]]


def write_plan(plan: Plan, planned: Planned) -> None:
    """Write ``sweep.json`` and the recipes of all runs; what was there is replaced.

    Raises:
        RunError: the folder is that of a run.
    """
    if (plan.folder / RECIPE).is_file():
        raise RunError(f"{plan.folder}: is the directory of a run; choose another with --out")
    for name in (RECIPES, LOGS):
        (plan.folder / name).mkdir(parents=True, exist_ok=True)
    for member, recipe in planned:
        write_whole(plan.recipe_file(member), recipe.to_yaml())
    content = {
        "format": FORMAT,
        "title": plan.title,
        "command": list(plan.command),
        "device": plan.device,
        "plugins": list(plan.plugins),
        "members": [asdict(one) for one in plan.members],
    }
    text = json.dumps(content, indent=2, ensure_ascii=False) + "\n"
    write_whole(plan.folder / PLAN, text)


def read_plan(folder: Path) -> Plan:
    """Read what `write_plan` wrote.

    Raises:
        RunError: the folder is no sweep, or its plan is damaged.
    """
    path = folder / PLAN
    if not path.is_file():
        raise RunError(f"{folder}: holds no {PLAN}; give the folder of a sweep")
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if content["format"] != FORMAT:
            raise ValueError(f"its format is {content['format']!r}")  # noqa: TRY301
        members = tuple(Member(**one) for one in content["members"])
        return Plan(
            folder,
            str(content["title"]),
            members,
            str(content["device"]),
            tuple(content["plugins"]),
            tuple(content["command"]),
        )
    except (OSError, ValueError, TypeError, KeyError, RecursionError) as error:
        raise RunError(f"{path}: is damaged: {error}; plan the sweep again") from error
