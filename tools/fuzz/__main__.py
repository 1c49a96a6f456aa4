"""Feed damaged input to sslse: ``python tools/fuzz --audio 10000 --recipes 10000 --seed 1``.

Every case is a function of target, seed and number: ``--first 1234 --audio 1`` runs one again.
Cases run in a worker process that is started anew where one kills it. Ends with 1 where a case
gave neither a result nor one clear error.
"""

import argparse
import collections
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

TARGETS = ("audio", "enhance", "recipes", "tables", "arguments", "builds", "runs")
FAILED = "FAILED"
WORKER = Path(__file__).with_name("worker.py")
LINES, SHOWN = 20, 300  # last lines of a finding, and characters of each


def main() -> int:
    parser = argparse.ArgumentParser(prog="python tools/fuzz", description=__doc__)
    for target in TARGETS:
        parser.add_argument(f"--{target}", type=int, default=0, metavar="CASES")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--first", type=int, default=0, help="number of the first case")
    given = parser.parse_args()
    missing = {one: [given.first, given.first + getattr(given, one)] for one in TARGETS}
    began = time.monotonic()
    outcomes = attack({one: span for one, span in missing.items() if span[0] < span[1]}, given.seed)
    for target, counts in outcomes.items():
        said = ", ".join(f"{count} {outcome}" for outcome, count in sorted(counts.items()))
        print(f"{target}: {counts.total()} cases, seed {given.seed}: {said}")
    print(f"{time.monotonic() - began:.0f} s")
    return int(any(FAILED in counts for counts in outcomes.values()))


def attack(missing: dict[str, list[int]], seed: int) -> dict[str, collections.Counter[str]]:
    """Run all cases in workers.

    Args:
        missing: the next case and the end, by target; counted up.
        seed: of all cases.

    Returns:
        How often each outcome came, by target.
    """
    outcomes: dict[str, collections.Counter[str]] = {one: collections.Counter() for one in missing}

    def note(target: str, outcome: str, text: str) -> None:
        if outcome == FAILED:
            lines = [line[:SHOWN] for line in text.splitlines()[-LINES:]]
            print(f"{target} {missing[target][0]}:", *lines, sep="\n", flush=True)
        outcomes[target][outcome] += 1
        missing[target][0] += 1

    while plan := [(one, *span) for one, span in missing.items() if span[0] < span[1]]:
        command = [sys.executable, str(WORKER), json.dumps(plan), str(seed)]
        with (
            tempfile.TemporaryFile("w+") as said,
            subprocess.Popen(command, stdout=subprocess.PIPE, stderr=said, text=True) as process,
        ):
            assert process.stdout is not None
            for line in process.stdout:
                note(*json.loads(line))
            if process.wait():
                said.seek(0)
                target = next(one for one, span in missing.items() if span[0] < span[1])
                note(target, FAILED, f"exit code {process.returncode}: {said.read()}")
    return outcomes


if __name__ == "__main__":
    sys.exit(main())
