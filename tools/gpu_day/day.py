"""Run the parts of the day, each in a process of its own, and keep what they write."""

import json
import os
import signal
import subprocess
import sys
import tarfile
import tempfile
import time
from pathlib import Path

from parts import Part

STATUS = "status.json"
FOUND = "found"  # folder of the parts' small files; packed as FOUND.tar.gz
SHORTEST = 10  # seconds; a part that has less is not begun
GRACE = 5


def run_day(bundle: Path, out: Path, parts: list[Part], minutes: float) -> int:
    """Run the parts within so many minutes; return 1 where one failed.

    Args:
        bundle: what ``pack`` has written.
        out: gets `FOUND` as one archive and the trained models, each in one file.
        parts: in this order.
        minutes: for all; a part is cut short where they end, and none is begun after.
    """
    began = time.monotonic()
    bundle, out = bundle.resolve(), out.resolve()
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="gpu_day_work_") as name:
        return _run_all(bundle, out, Path(name), parts, began + 60 * minutes)


def _run_all(bundle: Path, out: Path, work: Path, parts: list[Part], ends: float) -> int:
    found = work / FOUND
    found.mkdir()
    environment = _installed(bundle, work / "site") | {
        "GPU_DAY_BUNDLE": str(bundle),
        "GPU_DAY_FOUND": str(found),
        "GPU_DAY_OUT": str(out),
        "GPU_DAY_WORK": str(work),
    }
    status: dict[str, dict[str, float | str | int]] = {}
    for part in parts:
        left = ends - time.monotonic()
        if left < SHORTEST:
            status[part.name] = {"ended": "not begun: the time is over", "seconds": 0.0}
        else:
            status[part.name] = _run(part, min(part.seconds, left), found, environment)
        print(f"{part.name}: {json.dumps(status[part.name])}", flush=True)
        (found / STATUS).write_text(json.dumps(status, indent=2) + "\n", encoding="utf-8")
        _pack(found, out)
    return int(any(one["ended"] != "well" for one in status.values()))


def _installed(bundle: Path, site: Path) -> dict[str, str]:
    """Install the wheels beside what is there; return the environment that finds them."""
    pip = [sys.executable, "-m", "pip", "-q", "--disable-pip-version-check", "install"]
    offline = ["--no-index", "--no-deps", "--no-compile", "--upgrade", "--target", str(site)]
    wheels = [str(one) for one in sorted((bundle / "wheels").glob("*.whl"))]
    subprocess.run([*pip, *offline, *wheels], check=True)
    return os.environ | {
        "PYTHONPATH": str(site),
        "PYTHONUNBUFFERED": "1",
        "SSLSE_CACHE": str(site.parent / "cache"),
    }


def _run(
    part: Part, seconds: float, found: Path, environment: dict[str, str]
) -> dict[str, float | str | int]:
    """Run a part; of one that takes too long, every process is ended."""
    began = time.monotonic()
    said, told = found / f"{part.name}.txt", found / f"{part.name}.errors.txt"
    with said.open("w", encoding="utf-8") as log, told.open("w", encoding="utf-8") as errors:
        process = subprocess.Popen(
            [sys.executable, *part.command],
            cwd=found,
            env=environment,
            stdout=log,
            stderr=errors,
            start_new_session=True,
        )
        try:
            code = process.wait(seconds)
            ended = "well" if code == 0 else f"with exit code {code}"
        except subprocess.TimeoutExpired:
            ended = f"cut short after {seconds:g} s"
            _end(process)
    return {"ended": ended, "seconds": round(time.monotonic() - began, 1)}


def _end(process: "subprocess.Popen[bytes]") -> None:
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, number)
            process.wait(GRACE)
        except ProcessLookupError:
            return
        except subprocess.TimeoutExpired:
            continue


def _pack(found: Path, out: Path) -> None:
    """Write the archive of the small files anew, whole or not at all."""
    archive = out / f"{FOUND}.tar.gz"
    partial = archive.with_suffix(".partial")
    with tarfile.open(partial, "w:gz") as file:
        file.add(found, FOUND)
    partial.replace(archive)
