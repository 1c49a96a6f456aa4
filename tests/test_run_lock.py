import json
import os
import subprocess
import sys
import threading
import time

import pytest

from sslse.errors import RunError
from sslse.run_lock import LOCK, held, locked

HOLD = """
import sys
import threading
import time
from pathlib import Path
from sslse.run_lock import locked
with locked(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def holder(tmp_path):
    """Another process that holds ``run``."""
    command = [sys.executable, "-c", HOLD, tmp_path / "run"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout.readline() == b"held\n"
        yield process
        process.kill()


def test_a_second_run_is_refused_and_told_who_writes(holder, tmp_path):
    words = rf"run: another run writes here \(process {holder.pid} on .*\); wait for it or stop it"
    with pytest.raises(RunError, match=words), locked(tmp_path / "run"):
        pass
    assert json.loads((tmp_path / "run" / LOCK).read_text())["process"] == holder.pid


def test_a_killed_holder_holds_nothing(holder, tmp_path):
    holder.kill()
    holder.wait()
    assert (tmp_path / "run" / LOCK).is_file()
    with locked(tmp_path / "run"):
        assert json.loads((tmp_path / "run" / LOCK).read_text())["process"] == os.getpid()
    assert not (tmp_path / "run").exists() or not (tmp_path / "run" / LOCK).exists()


def test_a_folder_that_was_not_used_is_not_left_behind(tmp_path):
    with locked(tmp_path / "run"):
        assert (tmp_path / "run" / LOCK).is_file()
    assert not (tmp_path / "run").exists()
    with locked(tmp_path / "run"):
        (tmp_path / "run" / "recipe.yaml").write_text("name: a\n")
    assert [one.name for one in (tmp_path / "run").iterdir()] == ["recipe.yaml"]


def test_looking_who_holds_does_not_disturb(holder, tmp_path):
    assert held(tmp_path / "run").startswith(f"process {holder.pid} on ")
    assert held(tmp_path) is None
    holder.kill()
    holder.wait()
    assert held(tmp_path / "run") is None
    with locked(tmp_path / "run"):
        assert held(tmp_path / "run").startswith(f"process {os.getpid()} on ")


def test_a_run_starts_while_others_look(tmp_path):
    stop = threading.Event()

    def look():
        while not stop.is_set():
            held(tmp_path / "run")
            time.sleep(0.001)

    watcher = threading.Thread(target=look)
    watcher.start()
    try:
        for _ in range(300):
            (tmp_path / "run").mkdir(exist_ok=True)
            with locked(tmp_path / "run"):
                (tmp_path / "run" / "kept").write_text("")
    finally:
        stop.set()
        watcher.join()
