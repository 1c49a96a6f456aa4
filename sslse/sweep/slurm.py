"""A SLURM array that runs a sweep, one combination a task."""

import shlex
import sys
from pathlib import Path

from sslse.sweep.plan import LOGS, Plan

TASK = "$SLURM_ARRAY_TASK_ID"


def array_script(plan: Plan, here: Path) -> str:
    """Write an sbatch script.

    A task ends by itself where its run is evaluated already, so that the same script is submitted
    again after failures and time limits. `exec` lets SLURM's signal reach the sweep, which passes
    it to the run, which saves its state.

    Args:
        plan: of the sweep, written already.
        here: the folder relative paths of recipes start in.
    """
    folder = plan.folder.resolve()
    words = [sys.executable, "-m", "sslse", "sweep", str(folder), "--task"]
    directives = [
        f"--job-name={_plain(plan.title)}",
        f"--array=0-{len(plan.members) - 1}",
        f"--output={_plain(f'{folder / LOGS}/slurm-%A_%a.out')}",
        "--ntasks=1",
        "--cpus-per-task=8",
        *(["--gpus-per-node=1"] if plan.device != "cpu" else []),
        "--time=24:00:00",
        "--signal=B:TERM@120",
    ]
    lines = [
        "#!/bin/bash",
        f"# {len(plan.members)} runs, one a task. Change what your cluster wants; --array=...%4",
        "# has four at a time. Submit it again after failures and time limits:",
        "# what is evaluated is skipped, and what is stopped goes on.",
        *(f"#SBATCH {one}" for one in directives),
        "set -euo pipefail",
        f"cd {shlex.quote(str(here.resolve()))}",
        'export OMP_NUM_THREADS="${SLURM_CPUS_PER_TASK:-1}"',
        f'exec {shlex.join(words)} "{TASK}"',
    ]
    return "\n".join(lines) + "\n"


def _plain(text: str) -> str:
    """Write a text as a directive takes it: on one line, in quotes where it has spaces."""
    text = " ".join(text.replace('"', "").split())
    return f'"{text}"' if " " in text else text
