"""What the commands that run many members of a plan share."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sslse.cli.options import Command

if TYPE_CHECKING:
    from sslse.registry import Registry
    from sslse.sweep.plan import Member, Plan, Planned
    from sslse.sweep.running import Outcome

FAILED = 1
SIGNALLED = 128


def plan_options(command: Command) -> Command:
    """Add ``--jobs``, ``--dry-run`` and ``--slurm``."""
    for option in (
        click.option(
            "--slurm",
            metavar="FILE",
            type=click.Path(path_type=Path),
            help="Check every run, write an sbatch script that runs one a task, start none.",
        ),
        click.option("--dry-run", is_flag=True, help="Check every run, list them, start none."),
        click.option(
            "--jobs",
            default=1,
            show_default=True,
            type=click.IntRange(min=1),
            help="Runs at a time; they share the cores.",
        ),
    ):
        command = option(command)
    return command


def given_command() -> tuple[str, ...]:
    """Return the command line that was given, as a user writes it."""
    from sslse.cli.main import ARGUMENTS

    return ("sslse", *click.get_current_context().meta.get(ARGUMENTS, ()))


def check_and_forecast(plan: "Plan", planned: "Planned", registry: "Registry", jobs: int) -> None:
    """Check all runs; say how many there are and how long they take."""
    from sslse.run_list import duration
    from sslse.sweep.rehearsal import check_plan
    from sslse.sweep.running import threads_of

    threads = threads_of(jobs)
    forecast = check_plan(plan, planned, registry, click.echo, threads=threads)
    done = len(planned) - forecast.runs
    words = f"{plan.title}: {len(planned)} runs" + (f", {done} of them evaluated" if done else "")
    if forecast.seconds is not None and forecast.runs:
        words += f"; training takes about {duration(forecast.seconds)} on this CPU"
        if jobs > 1:
            words += f", about {duration(forecast.seconds / jobs)} with {jobs} runs at a time"
    click.echo(words)


def show_plan(plan: "Plan") -> None:
    """List the runs of a plan and how far they are."""
    from sslse.run_state import read_state

    for number, member in enumerate(plan.members):
        folder = plan.run_folder(member)
        state = str(read_state(folder)) if folder.is_dir() else "not started"
        click.echo(f"{number}  {member.name}  {state}")


def write_script(plan: "Plan", path: Path, then: str) -> None:
    """Write the sbatch script of a plan, and say what to do with it."""
    from sslse.atomic import write_whole
    from sslse.sweep.slurm import array_script

    write_whole(path, array_script(plan, Path.cwd()))
    click.echo(f"{path}: submit it with: sbatch {path}\nwhen it has ended: {then}")


def run_plan(plan: "Plan", members: "Sequence[Member]", jobs: int) -> "list[Outcome]":
    """Run members; where a signal stops it, say how to go on and exit."""
    from sslse.errors import Stopped
    from sslse.sweep.running import run_members

    try:
        return run_members(plan, members, jobs=jobs, say=click.echo)
    except Stopped as stop:
        click.echo(f"{stop}; what is saved stays, the same command goes on", err=True)
        sys.exit(SIGNALLED + stop.number)
