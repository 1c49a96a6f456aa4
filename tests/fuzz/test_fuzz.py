"""Damaged input gives a result or one clear error: a few hundred cases of `tools/fuzz`.

``SSLSE_FUZZ=10000`` runs so many of each kind, ``SSLSE_FUZZ_SEED`` other ones.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

TOOL = Path(__file__).parents[2] / "tools" / "fuzz"
CASES = {"audio": 200, "enhance": 100, "recipes": 500, "tables": 300, "arguments": 500}
LINE = re.compile(r"^(\w+): (\d+) cases, seed \d+: (.*)$", re.MULTILINE)


def run_tool(cases):
    """Run the tool; return what it counted by kind, and all it said."""
    arguments = [part for one, count in cases.items() for part in (f"--{one}", str(count))]
    seed = os.environ.get("SSLSE_FUZZ_SEED", "0")
    command = [sys.executable, str(TOOL), *arguments, "--seed", seed]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    found = {target: (int(count), rest) for target, count, rest in LINE.findall(result.stdout)}
    assert found.keys() == cases.keys(), result.stderr
    assert {target: count for target, (count, _) in found.items()} == cases
    return found, result


@pytest.fixture(scope="module")
def said():
    """Run the tool once on all kinds; workers import what they need once."""
    wanted = int(os.environ.get("SSLSE_FUZZ", "0"))
    return run_tool({one: wanted or count for one, count in CASES.items()})


@pytest.mark.fuzz
@pytest.mark.parametrize("target", CASES)
def test_damaged_input_gives_a_result_or_one_clear_error(said, target):
    found, result = said
    counts = found[target][1]
    assert "FAILED" not in counts, result.stdout
    assert "accepted" in counts
    assert "refused" in counts


@pytest.mark.fuzz
@pytest.mark.smoke
def test_a_few_damaged_recipes_and_tables_are_refused():
    found, result = run_tool({"recipes": 20, "tables": 20})
    for _, counts in found.values():
        assert "FAILED" not in counts, result.stdout
        assert "refused" in counts


def test_the_tool_sees_a_crash_and_goes_on(tmp_path):
    copied = tmp_path / "fuzz"
    copied.mkdir()
    for name in ("__main__.py", "worker.py"):
        (copied / name).write_bytes((TOOL / name).read_bytes())
    (copied / "targets.py").write_text(
        "import os, signal\n"
        "def audio(folder):\n"
        "    numbers = iter(range(3))\n"
        "    def case(draw):\n"
        "        if next(numbers) == 1:\n"
        "            os.kill(os.getpid(), signal.SIGSEGV)\n"
        "        return 'accepted'\n"
        "    return case\n"
        "def recipes(folder):\n"
        "    def case(draw):\n"
        "        raise KeyError('a bug')\n"
        "    return case\n"
        "TARGETS = {'audio': audio, 'recipes': recipes}\n"
    )
    command = [sys.executable, str(copied), "--audio", "4", "--recipes", "2"]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 1
    assert "audio: 4 cases, seed 0: 2 FAILED, 2 accepted\n" in result.stdout
    assert "recipes: 2 cases, seed 0: 2 FAILED\n" in result.stdout
    assert "exit code -11" in result.stdout
    assert "KeyError: 'a bug'" in result.stdout
