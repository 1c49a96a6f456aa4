"""Kill runs at random moments and resume them: ``python killing.py FOLDER KILLS SEED -- RUN...``.

Every run is a process of its own, forked from this one, which has imported everything and computed
nothing. Half of the moments are at a random time; the others at a random touch of the run directory
(a file opened there, or renamed), or up to 5 ms after it: while files are written. Prints as JSON
the moments, and the folders of the runs that came to their end; ``FOLDER/whole`` is undisturbed.
"""

import json
import os
import random
import signal
import sys
import threading
import time
from pathlib import Path

import sslse.report
import sslse.run  # noqa: F401 - all that a run imports, before the fork
from sslse.cli import main

TOUCHES = ("open", "os.rename")


def start(arguments, folder, on_touch):
    """Fork a run; return its process."""
    process = os.fork()
    if process:
        return process
    count = 0

    def hook(event, details):
        nonlocal count
        if event in TOUCHES and str(folder) in str(details[0]):
            count += 1
            on_touch(count)

    quiet = os.open(folder.with_suffix(".log"), os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(quiet, 1)
    os.dup2(quiet, 2)
    sys.addaudithook(hook)
    code = 70
    try:
        main([*arguments, "--out", str(folder), "--resume"])
    except SystemExit as end:
        code = end.code or 0
    finally:
        folder.with_suffix(".touches").write_text(str(count))
        os._exit(code)


def die(seconds):
    if not seconds:
        os.kill(os.getpid(), signal.SIGKILL)
    threading.Timer(seconds, os.kill, (os.getpid(), signal.SIGKILL)).start()


def finish(arguments, folder):
    """Run to the end; return its seconds."""
    started = time.monotonic()
    _, status = os.waitpid(start(arguments, folder, lambda _: None), 0)
    code = os.waitstatus_to_exitcode(status)
    if code:
        sys.exit(f"exit code {code}: {folder.with_suffix('.log').read_text()}")
    return time.monotonic() - started


def kill(arguments, folder, moment):
    """Run and kill; tell whether it was before the end."""
    at = moment.get("touch")
    process = start(arguments, folder, lambda count: die(moment["after"]) if count == at else None)
    if at is None:
        time.sleep(moment["after"])
        os.kill(process, signal.SIGKILL)
    _, status = os.waitpid(process, 0)
    code = os.waitstatus_to_exitcode(status)
    if code not in (0, -signal.SIGKILL):
        sys.exit(f"exit code {code}: {folder.with_suffix('.log').read_text()}")
    return code != 0


def experiment(folder, kills, seed, arguments):
    draws = random.Random(seed)
    seconds = finish(arguments, folder / "whole")
    count = int((folder / "whole.touches").read_text())
    moments, runs = [], [folder / "run0"]
    while len(moments) < kills:
        if draws.random() < 0.5:
            moment = {"after": draws.uniform(0, seconds)}
        else:
            after = draws.choice([0, draws.uniform(0, 0.005)])
            moment = {"touch": draws.randint(1, count), "after": after}
        if kill(arguments, runs[-1], moment):
            moments.append(moment)
        else:
            runs.append(folder / f"run{len(runs)}")
    finish(arguments, runs[-1])
    return {"seconds": seconds, "touches": count, "moments": moments, "runs": len(runs)}


if __name__ == "__main__":
    place, number, seed, _, *command = sys.argv[1:]
    print(json.dumps(experiment(Path(place), int(number), int(seed), command)))
