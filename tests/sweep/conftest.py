"""A plan of runs that are scripts of a few lines, in place of trainings."""

import json
import sys

import pytest

from sslse.sweep.plan import LOGS, Member, Plan

SCRIPT = """
import json, os, sys, time
from pathlib import Path
from sslse.run_lock import locked
out, does, recipe = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
with locked(out):
    (out / "started").open("a").write(f"{time.monotonic()} {os.environ.get('OMP_NUM_THREADS')}\\n")
    (out / "recipe.yaml").write_text(Path(recipe).read_text())
    print("says something\\n", flush=True)
    if does == "fails":
        print("mine.yaml: it is wrong\\ncontinue with: ...", file=sys.stderr)
        sys.exit(2)
    if does == "dies":
        os.kill(os.getpid(), 9)
    if does == "waits":
        time.sleep(600)
    if does.startswith("meets "):
        while not (out.parent / does.removeprefix("meets ") / "started").is_file():
            time.sleep(0.01)
    (out / "model.safetensors").write_bytes(b"")
    mean = {"noisy": {"si_sdr": 0.0}, "enhanced": {"si_sdr": 5.0}}
    (out / "evaluation.json").write_text(json.dumps({"mean": mean}))
    (out / "ended").write_text(str(time.monotonic()))
"""


@pytest.fixture
def scripted(tiny, tmp_path, monkeypatch):
    """Give a function that plans runs by what each does: ends, fails, dies, waits, meets NAME."""
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text(tiny().to_yaml())
    does = {}

    def command(plan, member, jobs=1):
        out = plan.run_folder(member)
        return [sys.executable, str(script), str(out), does[member.name], str(recipe)]

    monkeypatch.setattr("sslse.sweep.running.command_of", command)

    def plan(**members):
        does.update(members)
        (tmp_path / "sweep" / LOGS).mkdir(parents=True, exist_ok=True)
        members = tuple(Member(name, name, 0) for name in does)
        return Plan(tmp_path / "sweep", "a sweep", members, "cpu", ())

    return plan


@pytest.fixture
def times():
    """Give a function that reads when a scripted run started and ended."""

    def read(plan, name):
        folder = plan.folder / name
        first = (folder / "started").read_text().split()[0]
        return float(first), json.loads((folder / "ended").read_text())

    return read
