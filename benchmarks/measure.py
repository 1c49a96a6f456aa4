"""What the benchmarks share: the clock, the machine's name, tables and JSON."""

import argparse
import importlib.metadata
import json
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch

from sslse.device import usable_cores

PACKAGES = ("torch", "torchaudio", "numpy", "audiomentations", "lightly", "pytorch-lightning")


def options(about: str) -> argparse.ArgumentParser:
    """Return a parser with the options that all benchmarks have."""
    parser = argparse.ArgumentParser(
        description=about, formatter_class=argparse.ArgumentDefaultsHelpFormatter
    )
    parser.add_argument("--json", type=Path, help="write the figures to this file too")
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda or cuda:N")
    parser.add_argument("--threads", type=int, default=usable_cores(), help="of torch on a CPU")
    parser.add_argument("--quick", action="store_true", help="a rehearsal: its figures say nothing")
    return parser


def machine(device: torch.device) -> dict[str, Any]:
    """Say what the figures were measured on."""
    return {
        "cpu": f"{usable_cores()} cores, {_cpu_name()}",
        "gpu": torch.cuda.get_device_name(device) if device.type == "cuda" else None,
        "threads": torch.get_num_threads(),
        "python": platform.python_version(),
        "packages": {name: version for name in PACKAGES if (version := _version(name))},
        "load_before": round(os.getloadavg()[0], 2),
    }


def _cpu_name() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.is_file():
        for line in cpuinfo.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _version(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def seconds(work: Callable[[], Any], device: torch.device) -> float:
    """Return how long a call takes, up to the end of what it started on the device."""
    wait(device)
    started = time.perf_counter()
    work()
    wait(device)
    return time.perf_counter() - started


def wait(device: torch.device) -> None:
    """Wait until the device has done all that was asked."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def interleave(
    variants: dict[str, Callable[[], Any]], rounds: int, device: torch.device
) -> dict[str, list[float]]:
    """Time every variant in turn, round after round, after one round that does not count."""
    laps: dict[str, list[float]] = {name: [] for name in variants}
    for number in range(rounds + 1):
        for name, work in variants.items():
            lap = seconds(work, device)
            if number:
                laps[name].append(lap)
    return laps


def spread(values: Sequence[float]) -> dict[str, float]:
    """Return the median and the quartiles."""
    if len(values) == 1:
        return {"median": values[0], "low": values[0], "high": values[0]}
    low, median, high = statistics.quantiles(values, n=4, method="inclusive")
    return {"median": median, "low": low, "high": high}


def ratio(above: Sequence[float], below: Sequence[float]) -> dict[str, float]:
    """Return the spread of the ratios of laps of the same round."""
    return spread([one / other for one, other in zip(above, below, strict=True)])


def show(value: float | dict[str, float], digits: int = 3) -> str:
    """Write a figure: a number, or a median with its quartiles."""
    if isinstance(value, dict):
        median, low, high = (f"{value[name]:.{digits}g}" for name in ("median", "low", "high"))
        return median if low == high else f"{median} ({low}-{high})"
    return f"{value:.{digits}g}"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Write a table in Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def publish(arguments: argparse.Namespace, device: torch.device, figures: dict[str, Any]) -> None:
    """Say on what machine and how the figures came about; write them to the file asked for."""
    about = {"command": " ".join(["python", *sys.argv]), "machine": machine(device)}
    where = about["machine"]["gpu"] or about["machine"]["cpu"]  # type: ignore[index]
    print(f"\n{where}; torch {torch.__version__}; {torch.get_num_threads()} threads")
    if arguments.quick:
        print("a rehearsal (--quick): these figures say nothing")
    if arguments.json:
        text = json.dumps(about | figures, indent=2) + "\n"
        arguments.json.write_text(text, encoding="utf-8")
