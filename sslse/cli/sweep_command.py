"""``sslse sweep``."""

import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sslse.cli.manual import STOPPED, Manual
from sslse.cli.options import common_options, device_option, find_components, recipe_options
from sslse.cli.sweeping import (
    FAILED,
    check_and_forecast,
    given_command,
    plan_options,
    run_plan,
    show_plan,
    write_script,
)

if TYPE_CHECKING:
    from sslse.sweep.plan import Plan


@click.command(
    "sweep",
    cls=Manual,
    reads="The recipe and its corpora; or the plan in the folder of a sweep.",
    writes="A folder with the plan, every run, what each said, and the comparison at the end.",
    exits={1: "some run failed, the others went on; the same command tries it again", **STOPPED},
    examples=(
        (
            "two values, three seeds each: six runs",
            "sslse sweep quickstart --set objective.tau=0.9,0.99 --seeds 3",
        ),
        (
            "check and list them, start none",
            "sslse sweep quickstart --set objective=byol,simsiam --dry-run",
        ),
        ("two at a time", "sslse sweep quickstart --set views=2,3,4 --jobs 2"),
        (
            "as an array of SLURM tasks",
            "sslse sweep byol --set objective.tau=0.9,0.99 --slurm tau.sh",
        ),
        ("go on where a sweep stands", "sslse sweep runs/quickstart_sweep"),
    ),
)
@recipe_options
@click.option("--seeds", type=click.IntRange(min=1), help="Runs of each combination [1].")
@click.option(
    "--out", type=click.Path(path_type=Path), help="Folder of the sweep [runs/RECIPE NAME_sweep]."
)
@device_option
@plan_options
@click.option(
    "--task",
    type=click.IntRange(min=0),
    help="Run this one alone, counted from 0; RECIPE is the folder of a sweep.",
)
@common_options
def command(
    recipe: str,
    data: tuple[str, ...],
    sets: tuple[str, ...],
    seeds: int | None,
    out: Path | None,
    jobs: int,
    device: str,
    dry_run: bool,
    slurm: Path | None,
    task: int | None,
    plugins: tuple[Path, ...],
) -> None:
    """Run RECIPE with every combination of option values, each with several seeds.

    --set takes several values, divided by commas: --set objective.tau=0.9,0.99. All combinations
    are checked before the first one starts, and all runs are compared at the end. The same command
    goes on where a sweep stands; so does the folder of the sweep in place of RECIPE.
    """
    from sslse.sweep.plan import PLAN, read_plan

    if (Path(recipe) / PLAN).is_file():
        if sets or data or seeds or out or plugins:
            raise click.UsageError(
                f"{recipe} is planned already; --set, --data, --seeds, --out and --plugin go with "
                "a recipe"
            )
        plan = read_plan(Path(recipe))
        plan = plan if device == "auto" else replace(plan, device=device)
    elif task is not None:
        raise click.UsageError(f"--task needs the folder of a sweep; {recipe} holds no {PLAN}")
    else:
        plan = _plan(recipe, data, sets, seeds, out, jobs, device, plugins, write=not dry_run)
    if dry_run:
        show_plan(plan)
    elif slurm is not None:
        write_script(plan, slurm, then=f"sslse sweep {plan.folder}")
    elif not _run(plan, jobs, task):
        sys.exit(FAILED)


def _plan(
    recipe: str,
    data: tuple[str, ...],
    sets: tuple[str, ...],
    seeds: int | None,
    out: Path | None,
    jobs: int,
    device: str,
    plugins: tuple[Path, ...],
    *,
    write: bool,
) -> "Plan":
    """Plan and check a sweep, and keep the plan."""
    registry = find_components(plugins)

    from sslse.recipe.packaged import find_recipe
    from sslse.sweep.plan import Plan, write_plan
    from sslse.sweep.planning import plan_grid

    planned = plan_grid(recipe, registry, data=data, sets=sets, seeds=seeds)
    title = f"{find_recipe(recipe).stem}_sweep"
    plan = Plan(
        out or Path("runs") / title,
        title,
        tuple(member for member, _ in planned),
        device,
        tuple(str(file.resolve()) for file in plugins),
        given_command(),
    )
    check_and_forecast(plan, planned, registry, jobs)
    if write:
        write_plan(plan, planned)
    return plan


def _run(plan: "Plan", jobs: int, task: int | None) -> bool:
    """Run all members and compare them, or one alone; tell whether none failed."""
    from sslse.sweep.closing import close_sweep, tell_failed
    from sslse.sweep.running import find_member

    if task is not None:
        return tell_failed(run_plan(plan, [find_member(plan, task)], jobs), click.echo)
    return close_sweep(plan, run_plan(plan, plan.members, jobs), click.echo)
