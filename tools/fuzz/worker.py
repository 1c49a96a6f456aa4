"""Run cases one after another and print a line of JSON for each; `__main__` starts this."""

import faulthandler
import json
import os
import random
import resource
import sys
import tempfile
import traceback
import warnings
from pathlib import Path

from targets import TARGETS

SECONDS_A_CASE = 60
MEMORY = {"audio": 1 << 30, "builds": 4 << 30, "runs": 4 << 30}  # bytes beyond what is taken


def main() -> None:
    plan, seed = json.loads(sys.argv[1]), sys.argv[2]
    warnings.simplefilter("ignore")
    answers = os.fdopen(os.dup(1), "w", buffering=1)  # what the cases print goes elsewhere
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    for target, first, end in plan:
        with tempfile.TemporaryDirectory() as folder:
            os.chdir(folder)
            case = TARGETS[target](Path(folder))
            _limit_memory(MEMORY.get(target, 1 << 30))
            for number in range(first, end):
                faulthandler.dump_traceback_later(SECONDS_A_CASE, exit=True)
                text = ""
                try:
                    outcome = case(random.Random(f"{target} {seed} {number}"))
                except Exception:  # noqa: BLE001 - every one is a finding
                    outcome, text = "FAILED", traceback.format_exc()
                faulthandler.cancel_dump_traceback_later()
                answers.write(json.dumps([target, outcome, text]) + "\n")
            os.chdir("/")


def _limit_memory(more: int) -> None:
    """Let allocations fail beyond so many bytes from here, where the system can."""
    pages = Path("/proc/self/statm")
    if pages.is_file():
        taken = int(pages.read_text().split()[0]) * os.sysconf("SC_PAGE_SIZE")
        _, most = resource.getrlimit(resource.RLIMIT_AS)
        resource.setrlimit(resource.RLIMIT_AS, (taken + more, most))


if __name__ == "__main__":
    main()
