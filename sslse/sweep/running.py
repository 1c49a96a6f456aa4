"""Run the members of a plan, each as a process of its own."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from sslse.device import usable_cores
from sslse.errors import RunError
from sslse.run_lock import held
from sslse.run_state import read_state
from sslse.sweep.plan import Member, Plan
from sslse.train.signals import signals_raise

LOOK_SECONDS = 0.2
TELL_SECONDS = 60.0
THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
TAIL_BYTES = 4096

Say = Callable[[str], None]


@dataclass(frozen=True)
class Outcome:
    """How a run ended.

    Args:
        member: that was run.
        fault: why it failed; empty where it is evaluated.
        seconds: it took in this call; 0 where it was evaluated before.
    """

    member: Member
    fault: str = ""
    seconds: float = 0.0


@dataclass(frozen=True)
class _Process:
    member: Member
    process: "subprocess.Popen[bytes]"
    began: float


def threads_of(jobs: int) -> int | None:
    """Return the CPU threads of each of several jobs; None leaves a lone one all it finds."""
    return None if jobs == 1 else max(1, usable_cores() // jobs)


def is_evaluated(folder: Path) -> bool:
    """Tell whether a run needs nothing more."""
    return folder.is_dir() and read_state(folder).word == "evaluated"


def run_members(plan: Plan, members: Sequence[Member], *, jobs: int = 1, say: Say) -> list[Outcome]:
    """Run what is not evaluated yet, several at a time, each resumed where it stands.

    A run is a process of its own (``python -m sslse run``): its memory is given back, a crash or
    a kill for want of memory ends one run and no other, and its threads are its own. A run that
    fails is told and the others go on. Where another process writes a run directory, such as a run
    left over from a sweep that was killed, it is waited for.

    Args:
        plan: of the sweep.
        members: of it, in the order they are started.
        jobs: runs at a time; they share the cores.
        say: told what starts and ends.

    Returns:
        Of every member, in their order.

    Raises:
        Stopped: a signal asked to stop; the runs were passed it, and have saved what they had.
    """
    work = _Work(plan, members, jobs, say)
    with signals_raise():
        try:
            last = time.monotonic()
            while not work.done:
                work.start_some()
                time.sleep(LOOK_SECONDS)
                work.collect()
                if time.monotonic() - last > TELL_SECONDS:
                    last = time.monotonic()
                    work.tell()
        finally:
            work.end()
    return [work.ended[one.name] for one in members]


class _Work:
    """What waits, what runs and what has ended."""

    def __init__(self, plan: Plan, members: Sequence[Member], jobs: int, say: Say) -> None:
        self._plan = plan
        self._jobs = jobs
        self._say = say
        self._count = len(members)
        self._held: set[str] = set()
        self._running: list[_Process] = []
        evaluated = [one for one in members if is_evaluated(plan.run_folder(one))]
        self._waiting = [one for one in members if one not in evaluated]
        self.ended = {one.name: Outcome(one) for one in evaluated}
        if evaluated:
            say(f"{len(evaluated)} of {len(members)} runs are evaluated already")

    @property
    def done(self) -> bool:
        """Whether nothing is left to wait for."""
        return not self._waiting and not self._running

    def start_some(self) -> None:
        """Start runs while there is room, but none that another process writes."""
        for member in list(self._waiting):
            if len(self._running) >= self._jobs:
                return
            folder = self._plan.run_folder(member)
            if holder := held(folder):
                if member.name not in self._held:
                    self._held.add(member.name)
                    self._say(
                        f"{member.name}: another process writes it ({holder}); waiting for it"
                    )
                continue
            self._waiting.remove(member)
            began = time.monotonic()
            if is_evaluated(folder):
                self._end(Outcome(member))
                continue
            self._say(f"{member.name}: {'goes on' if folder.is_dir() else 'starts'}")
            command = command_of(self._plan, member, self._jobs)
            process = start(command, self._plan.log_file(member), threads_of(self._jobs))
            self._running.append(_Process(member, process, began))

    def collect(self) -> None:
        """Take out what has ended."""
        for one in list(self._running):
            if one.process.poll() is not None:
                self._running.remove(one)
                self._end(_outcome(self._plan, one))

    def tell(self) -> None:
        """Say how far the runs are."""
        states = [f"{one.member.name}: {self._state(one.member)}" for one in self._running]
        self._say("; ".join(states) or "waiting")

    def _state(self, member: Member) -> str:
        folder = self._plan.run_folder(member)
        return str(read_state(folder)) if folder.is_dir() else "starting"

    def end(self) -> None:
        """Ask what still runs to stop, and wait until it has saved what it has."""
        for one in self._running:
            if one.process.poll() is None:
                one.process.send_signal(signal.SIGTERM)
        for one in self._running:
            one.process.wait()

    def _end(self, outcome: Outcome) -> None:
        self.ended[outcome.member.name] = outcome
        self._say(f"[{len(self.ended)}/{self._count}] {_told(self._plan, outcome)}")


def command_of(plan: Plan, member: Member, jobs: int = 1) -> list[str]:
    """Return the command line that runs a member."""
    command = [sys.executable, "-m", "sslse", "run", str(plan.recipe_file(member))]
    command += ["--out", str(plan.run_folder(member)), "--resume", "--device", plan.device]
    for file in plan.plugins:
        command += ["--plugin", file]
    if threads := threads_of(jobs):
        command += ["--set", f"evaluate.workers={threads}"]
    return command


def start(command: Sequence[str], log: Path, threads: int | None) -> "subprocess.Popen[bytes]":
    """Start a run; what it says is added to the log.

    Args:
        command: its command line.
        log: a file, made where it is missing.
        threads: of its linear algebra; None leaves them.
    """
    environment = dict(os.environ)
    if threads is not None:
        environment |= dict.fromkeys(THREADS, str(threads))
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as file:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            env=environment,
        )


def _outcome(plan: Plan, one: _Process) -> Outcome:
    code, seconds = one.process.returncode, time.monotonic() - one.began
    if not code and is_evaluated(plan.run_folder(one.member)):
        return Outcome(one.member, "", seconds)
    log = plan.log_file(one.member)
    if code < 0:
        reason = f"killed by {signal.Signals(-code).name}"
    else:
        reason = f"exit code {code}: {_last_line(log)}"
    return Outcome(one.member, f"{reason} (all it said: {log})", seconds)


def _last_line(log: Path) -> str:
    with log.open("rb") as file:
        file.seek(max(0, file.seek(0, os.SEEK_END) - TAIL_BYTES))
        lines = file.read().decode(errors="replace").splitlines()
    said = [line.strip() for line in lines if line.strip()]
    kept = [line for line in said if not line.startswith("continue with:")]
    return kept[-1] if kept else "it said nothing"


def _told(plan: Plan, outcome: Outcome) -> str:
    member = outcome.member
    if outcome.fault:
        return f"{member.name}: failed after {outcome.seconds:.0f} s: {outcome.fault}"
    state = read_state(plan.run_folder(member))
    gains = [
        f"{name} {state.score('noisy', name):.2f} -> {state.score('enhanced', name):.2f}"
        for name in state.metrics[:3]
    ]
    return f"{member.name}: evaluated after {outcome.seconds:.0f} s: {', '.join(gains)}"


def find_member(plan: Plan, number: int) -> Member:
    """Return a member by its place, counted from 0.

    Raises:
        RunError: there is none.
    """
    if not 0 <= number < len(plan.members):
        raise RunError(
            f"--task {number}: {plan.folder} has {len(plan.members)} runs; "
            f"possible: 0 to {len(plan.members) - 1}"
        )
    return plan.members[number]
