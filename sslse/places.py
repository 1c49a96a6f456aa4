"""Which of several processes this is, as its launcher says."""

import contextlib
import json
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sslse.errors import RunError

PORTS = range(20_000, 40_000)


@dataclass(frozen=True)
class Place:
    """This process among the others, as its launcher says.

    Args:
        rank: over all machines.
        world: processes.
        local_rank: on this machine.
        meeting: where they find each other, as torch's ``init_method``.
        devices_shown: whether the launcher shows each process its own devices only.
    """

    rank: int
    world: int
    local_rank: int
    meeting: str
    devices_shown: bool = False


def find_place(environment: Mapping[str, str]) -> Place | None:
    """Read what torchrun, or else SLURM's srun, tells a process; None where neither started it.

    Raises:
        RunError: a variable is no number, or the rank is not below the number of processes.
    """
    if "RANK" in environment and "WORLD_SIZE" in environment:
        place = Place(
            _number(environment, "RANK"),
            _number(environment, "WORLD_SIZE"),
            _number(environment, "LOCAL_RANK"),
            "env://",
        )
    elif "SLURM_PROCID" in environment and "SLURM_STEP_NUM_TASKS" in environment:
        # SLURM_NTASKS would be there in a batch script too, which is one process.
        place = Place(
            _number(environment, "SLURM_PROCID"),
            _number(environment, "SLURM_STEP_NUM_TASKS"),
            _number(environment, "SLURM_LOCALID"),
            _slurm_meeting(environment),
            devices_shown=True,
        )
    else:
        return None
    if place.rank >= place.world:
        raise RunError(f"the launcher says rank {place.rank} of {place.world} processes")
    return place


def started_by(environment: Mapping[str, str]) -> tuple[list[str], str]:
    """Return the words that start ``sslse`` as this process was, and what they leave open."""
    if "TORCHELASTIC_RUN_ID" in environment:
        machines, local = (environment.get(f"{one}_WORLD_SIZE", "1") for one in ("GROUP", "LOCAL"))
        several = ["--nnodes", machines] if machines != "1" else []
        words = ["torchrun", *several, "--nproc-per-node", local, "-m", "sslse"]
        return words, "on every machine, with its --rdzv options" if several else ""
    if "SLURM_PROCID" in environment and "SLURM_STEP_NUM_TASKS" in environment:
        words = ["srun", "--kill-on-bad-exit=1", "python", "-m", "sslse"]
        return words, "in a job like this one; or submit its script again"
    return ["sslse"], ""


def tell_torchrun(environment: Mapping[str, str], text: str) -> None:
    """Let torchrun end its own traceback in why this process ended."""
    if name := environment.get("TORCHELASTIC_ERROR_FILE"):
        about = {"message": text, "extraInfo": {"timestamp": str(int(time.time()))}}
        with contextlib.suppress(OSError):
            Path(name).write_text(json.dumps({"message": about}), encoding="utf-8")


def _number(environment: Mapping[str, str], name: str) -> int:
    text = environment.get(name, "0")
    if not text.isdigit():
        raise RunError(f"{name}={text}: is no number; it is the launcher's to set")
    return int(text)


def _slurm_meeting(environment: Mapping[str, str]) -> str:
    """Return an address on the step's first machine, the same for all its processes."""
    host = environment.get("MASTER_ADDR") or _first_host(environment["SLURM_STEP_NODELIST"])
    job = _number(environment, "SLURM_JOB_ID") + _number(environment, "SLURM_STEP_ID")
    port = environment.get("MASTER_PORT") or PORTS[job % len(PORTS)]
    return f"tcp://{host}:{port}"


def _first_host(nodes: str) -> str:
    """Return the first of SLURM's short list: ``gpu07`` of ``gpu[07-09,12],big1``."""
    match = re.match(r"([^,\[]+)(?:\[([^\],-]+)[^\]]*\]([^,\[]*))?", nodes)
    if match is None:
        raise RunError(f"SLURM_STEP_NODELIST={nodes}: names no machine")
    return "".join(part or "" for part in match.groups())
