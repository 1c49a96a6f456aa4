"""Runs are started, waited for, resumed and told about; one that fails stops no other."""

import signal
import sys
import threading
import time

import pytest

from sslse.device import usable_cores
from sslse.errors import RunError, Stopped
from sslse.run_lock import locked
from sslse.sweep import running
from sslse.sweep.plan import Member, Plan
from sslse.sweep.running import command_of, find_member, run_members, threads_of


def test_runs_that_fail_are_told_and_the_others_go_on(scripted):
    plan = scripted(a="ends", b="fails", c="dies", d="ends")
    said = []
    outcomes = run_members(plan, plan.members, say=said.append)
    assert [one.member.name for one in outcomes] == ["a", "b", "c", "d"]
    assert [bool(one.fault) for one in outcomes] == [False, True, True, False]
    log = plan.folder / "logs" / "b.log"
    assert outcomes[1].fault == (f"exit code 2: mine.yaml: it is wrong (all it said: {log})")
    assert outcomes[2].fault.startswith("killed by SIGKILL")
    assert log.read_text().startswith("says something")
    assert any(line.startswith("[4/4] d: evaluated after ") for line in said)
    assert any("si_sdr 0.00 -> 5.00" in line for line in said)


def test_what_is_evaluated_is_not_run_again_and_what_failed_is(scripted):
    plan = scripted(a="ends", b="fails")
    run_members(plan, plan.members, say=lambda _: None)
    scripted(b="ends")
    said = []
    outcomes = run_members(plan, plan.members, say=said.append)
    assert [one.fault for one in outcomes] == ["", ""]
    assert said[0] == "1 of 2 runs are evaluated already"
    assert "b: goes on" in said
    assert len((plan.folder / "a" / "started").read_text().splitlines()) == 1
    assert len((plan.folder / "b" / "started").read_text().splitlines()) == 2


def test_as_many_at_a_time_as_asked_for_share_the_cores(scripted, times):
    plan = scripted(a="meets b", b="meets a", c="ends")
    run_members(plan, plan.members, jobs=2, say=lambda _: None)
    spans = [times(plan, name) for name in "abc"]
    overlaps = [
        min(one[1], other[1]) > max(one[0], other[0])
        for place, one in enumerate(spans)
        for other in spans[:place]
    ]
    assert sum(overlaps) >= 1
    moments = [start for start, _ in spans]
    assert all(sum(start <= at < end for start, end in spans) <= 2 for at in moments)
    threads = (plan.folder / "a" / "started").read_text().split()[1]
    assert threads == str(max(1, usable_cores() // 2))
    assert threads_of(1) is None


def test_a_run_another_process_writes_is_waited_for(scripted):
    plan = scripted(a="ends", b="ends")
    said = []
    release = threading.Event()

    def hold():
        with locked(plan.folder / "a"):
            release.wait()

    holder = threading.Thread(target=hold)
    holder.start()
    while not (plan.folder / "a" / "lock").is_file():
        time.sleep(0.01)

    def say(line):
        said.append(line)
        if line.startswith("[1/2] b"):
            release.set()

    outcomes = run_members(plan, plan.members, say=say)
    holder.join()
    assert [one.fault for one in outcomes] == ["", ""]
    assert said[0].startswith("a: another process writes it (process ")
    assert said[-1].startswith("[2/2] a: evaluated")


def test_a_signal_reaches_the_runs(scripted):
    plan = scripted(a="waits", b="ends")

    def stop():
        while not (plan.folder / "a" / "started").is_file():
            time.sleep(0.01)
        signal.raise_signal(signal.SIGTERM)

    def say(line):
        if line == "a: starts":
            threading.Thread(target=stop, daemon=True).start()

    with pytest.raises(Stopped):
        run_members(plan, plan.members, say=say)
    assert not (plan.folder / "a" / "ended").exists()
    assert not (plan.folder / "b").exists()
    with locked(plan.folder / "a"):  # nobody holds it
        pass


def test_the_command_of_a_run(tmp_path, monkeypatch):
    monkeypatch.setattr(running, "usable_cores", lambda: 8)
    plan = Plan(tmp_path, "a", (Member("m,seed=0", "m", 0),), "cuda:0", ("/a/b.py",))
    member = plan.members[0]
    expected = [sys.executable, "-m", "sslse", "run", f"{tmp_path}/recipes/m,seed=0.yaml"]
    expected += ["--out", f"{tmp_path}/m,seed=0", "--resume", "--device", "cuda:0"]
    expected += ["--plugin", "/a/b.py"]
    assert command_of(plan, member) == expected
    assert command_of(plan, member, jobs=3) == [*expected, "--set", "evaluate.workers=2"]
    assert find_member(plan, 0) is member
    with pytest.raises(RunError, match=r"--task 1: .* has 1 runs; possible: 0 to 0"):
        find_member(plan, 1)
