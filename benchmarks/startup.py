"""Start-up: commands and the first training step, against a bare `import torch`.

python benchmarks/startup.py [--json FILE] [--runs 9] [--quick]
"""

import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import torch
from measure import options, publish, show, spread, table

from sslse.device import choose_device

SSLSE = [sys.executable, "-m", "sslse"]
WAITED = 600.0
TINY = ("train.crop=1024", "train.batch_size=2", "encoder.blocks=1", "evaluate.metrics=[si_sdr]")


def to_end(command: list[str]) -> float:
    """Return the seconds a command takes."""
    started = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - started


def to_first_step(sets: list[str], device: str) -> float:
    """Return the seconds from a run's launch until its first step is logged; then end it."""
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "run" / "metrics.jsonl"
        command = [*SSLSE, "run", "quickstart", "--out", str(log.parent), "--device", device]
        for one in (*sets, "train.log_every=1"):
            command += ["--set", one]
        started = time.perf_counter()
        with subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
        ) as process:
            while not (log.is_file() and log.stat().st_size):
                if process.poll() is not None or time.perf_counter() - started > WAITED:
                    process.kill()
                    message = process.stderr.read() if process.stderr else ""
                    raise SystemExit(f"the run took no step: {message}")
                time.sleep(0.005)
            passed = time.perf_counter() - started
            process.send_signal(signal.SIGKILL)
    return passed


def main() -> None:
    """Measure and print."""
    parser = options(__doc__ or "")
    parser.add_argument("--runs", type=int, default=9, help="fresh processes of each kind")
    arguments = parser.parse_args()
    device = choose_device(arguments.device)
    sets = list(TINY) if arguments.quick else []
    if arguments.quick:
        arguments.runs = 1
    kinds: dict[str, Callable[[], float]] = {
        'python -c "import torch"': partial(to_end, [sys.executable, "-c", "import torch"]),
        "sslse --help": partial(to_end, [*SSLSE, "--help"]),
        "sslse list": partial(to_end, [*SSLSE, "list"]),
        "sslse run quickstart, to its first logged step": partial(
            to_first_step, sets, arguments.device
        ),
    }
    laps: dict[str, list[float]] = {name: [] for name in kinds}
    uncounted = 0 if arguments.quick else 1  # it packs the corpora and fills the file cache
    for number in range(arguments.runs + uncounted):
        for name, kind in kinds.items():
            lap = kind()
            if number >= uncounted:
                laps[name].append(lap)
    figures = {name: spread(values) for name, values in laps.items()}
    bare = figures['python -c "import torch"']["median"]
    rows = [[name, show(one), show(one["median"] / bare)] for name, one in figures.items()]
    print(table(["fresh process", "s: median (quartiles)", "times import torch"], rows))
    publish(arguments, torch.device(device), {"runs": arguments.runs, "seconds": figures})


if __name__ == "__main__":
    main()
