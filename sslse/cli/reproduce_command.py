"""``sslse reproduce``."""

import sys
from dataclasses import replace
from pathlib import Path

import click

from sslse.cli import completion
from sslse.cli.manual import STOPPED, Manual
from sslse.cli.options import common_options, device_option, find_components, overlay_options
from sslse.cli.sweeping import (
    FAILED,
    check_and_forecast,
    given_command,
    plan_options,
    run_plan,
    show_plan,
    write_script,
)


@click.command(
    "reproduce",
    cls=Manual,
    reads="The tier's settings, the packaged recipes, and the tier's data or that of --data.",
    writes="A folder with all runs, README.md, tables.csv and figures/.",
    exits={
        1: "some run failed, or there is nothing to show yet; the same command goes on",
        **STOPPED,
    },
    examples=(
        ("does everything run? minutes on a CPU", "sslse reproduce --tier smoke --jobs 2"),
        (
            "as published, on a GPU (TIMIT_ROOT and NONSPEECH_ROOT must be set)",
            "sslse reproduce --tier full",
        ),
        (
            "other corpora, three seeds; list the runs first",
            "sslse reproduce --tier small --data folders --seeds 3 --dry-run",
        ),
    ),
)
@click.option(
    "--tier",
    default="smoke",
    show_default=True,
    metavar="smoke|small|full|FILE",
    shell_complete=completion.words("smoke", "small", "full"),
    help="How large: minutes on a CPU, hours on a CPU, as published on a GPU, or a file.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="Folder of runs and report [runs/reproduce_TIER].",
)
@click.option("--seeds", type=click.IntRange(min=1), help="Runs of each recipe [the tier's].")
@click.option(
    "--beyond",
    is_flag=True,
    help="Also what the paper only names: other methods in rounds, adapting weights, more noises.",
)
@overlay_options
@device_option
@plan_options
@common_options
def command(
    tier: str,
    out: Path | None,
    seeds: int | None,
    beyond: bool,
    jobs: int,
    data: tuple[str, ...],
    sets: tuple[str, ...],
    device: str,
    dry_run: bool,
    slurm: Path | None,
    plugins: tuple[Path, ...],
) -> None:
    """Run the paper's whole matrix; write its tables 2-5 and figures 4-6 beside those obtained.

    All runs have equally many optimizer steps and the same test mixtures. The same command goes on
    where it was stopped, and writes README.md, tables and figures anew. --data replaces the tier's
    data; --set is laid over all runs.
    """
    registry = find_components(plugins)

    from sslse.reproduce.matrix import plan_matrix, scaled
    from sslse.reproduce.tiers import read_tier
    from sslse.sweep.plan import Plan, write_plan

    chosen = read_tier(tier)
    chosen = replace(chosen, data=list(data) or chosen.data)
    planned = plan_matrix(chosen, registry, sets=sets, seeds=seeds, beyond=beyond)
    plan = Plan(
        out or Path("runs") / f"reproduce_{chosen.name}",
        f"reproduce_{chosen.name}",
        tuple(member for member, _ in planned),
        device,
        tuple(str(file.resolve()) for file in plugins),
        given_command(),
    )
    check_and_forecast(plan, planned, registry, jobs)
    if dry_run:
        show_plan(plan)
        return
    write_plan(plan, planned)
    if slurm is not None:
        write_script(plan, slurm, then="the same command without --slurm")
        return
    outcomes = run_plan(plan, plan.members, jobs)

    from sslse.reproduce.page import About
    from sslse.reproduce.writing import write_page
    from sslse.sweep.closing import tell_failed

    about = About(chosen, plan, tuple(scaled(planned, registry)), tuple(outcomes))
    page = write_page(about, click.echo)
    if not tell_failed(outcomes, click.echo) or page is None:
        sys.exit(FAILED)
