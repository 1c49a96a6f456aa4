"""How cost grows: with the batch, the crop, the views, the corpus and the test mixtures.

python benchmarks/growth.py [--over batch crop views corpus mixtures] [--json FILE] [--quick]

Every point is a process of its own: seconds are wall time, memory is the process's peak (on a GPU,
the most that was allocated there); "its own" is without the pages of files, which the system takes
back when it needs them. The corpus is synthetic: shards of the size that a packed corpus has,
without its content (sparse files, so that 1000 hours fit on any disk); what a disk takes to read is
not in these figures.
"""

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import torch
from measure import options, publish, show, table

from sslse import prepare as preparing
from sslse.api import Recording
from sslse.build import Material, open_material
from sslse.data.shards import OnDisk, Shards
from sslse.data.store import Index, Store
from sslse.device import choose_device
from sslse.evaluate.evaluation import evaluate, measures_of
from sslse.recipe import Recipe, load_recipe
from sslse.registry import Registry, discover

RATE = 16000
UTTERANCE = 12 * RATE
SHARD = 1400  # utterances: half a gigabyte
TEST_UTTERANCES = 30  # of the shipped corpus
POINTS: dict[str, list[float]] = {
    "batch": [4, 8, 16, 32, 64, 128, 256],
    "crop": [4096, 8192, 16384, 32768, 65536],
    "views": [2, 3, 4, 6, 8],
    "corpus": [1 / 6, 1, 10, 100, 1000],
    "mixtures": [60, 240, 960, 3840],
}
QUICK: dict[str, list[float]] = {
    "batch": [2],
    "crop": [1024],
    "views": [3],
    "corpus": [0.01],
    "mixtures": [60],
}
UNITS = {"corpus": "hours", "crop": "samples"}
SETS = {
    "batch": "train.batch_size",
    "crop": "train.crop",
    "views": "views",
}
HEAD = {
    "steps_per_second": "steps/s",
    "mixtures_per_second": "mixtures/s",
    "seconds_to_first_step": "s from launch to the first step",
    "seconds": "s in all",
    "peak_gb": "peak, GB",
    "own_gb": "its own at the end, GB",
    "gpu_gb": "on the GPU, GB",
}


class Enough(Exception):  # noqa: N818 - no error: it ends the training
    """The steps are measured."""


def memory(device: torch.device) -> dict[str, float]:
    """Return this process's memory in GB."""
    found = {"peak_gb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9}
    status = Path("/proc/self/status")
    if status.is_file():
        for line in status.read_text(encoding="utf-8").splitlines():
            if line.startswith("RssAnon"):
                found["own_gb"] = int(line.split()[1]) * 1024 / 1e9
    if device.type == "cuda":
        found["gpu_gb"] = torch.cuda.max_memory_allocated(device) / 1e9
    return found


def synthetic(hours: float, folder: Path, device: torch.device) -> Store:
    """Return a store on disk of so many hours, in utterances of 12 seconds."""
    count = round(hours * 3600 * RATE / UTTERANCE)
    shards = []
    for number, first in enumerate(range(0, count, SHARD)):
        path = folder / f"{number:05}.int16"
        with path.open("wb") as file:
            file.truncate(2 * UTTERANCE * min(SHARD, count - first))
        shards.append(OnDisk(path))
    samples = Shards(shards, on_disk=True)
    lengths = torch.full((count,), UTTERANCE)
    index = Index(torch.arange(count) * UTTERANCE, lengths, torch.full((count,), 1 / 32768))
    recordings = [Recording(f"speaker/{row:07}.wav", None, "train") for row in range(count)]
    return Store(samples, index, recordings, RATE).to(device)


def train(point: dict[str, Any], registry: Registry, device: torch.device) -> dict[str, float]:
    """Measure steps of one point."""
    over, value, block = point["over"], point["value"], point["block"]
    batch = int(value) if over == "batch" else point["batch"]
    crops = 1 + (2 * block + 2) * batch // 50  # utterances of the smallest corpus
    sets = [
        f"preset={point['preset']}",
        f"train.batch_size={batch}",
        f"train.threads={point['threads']}",
        f"train.log_every={block}",
        f"train.crops_per_utterance={crops}",
        "train.epochs=10000",
        "train.checkpoint_seconds=1000000",
        "evaluate.metrics=[si_sdr]",
    ]
    if over in SETS:
        sets.append(f"{SETS[over]}={int(value)}")
    recipe = load_recipe("byol", registry, sets=sets)
    first_step = 0.0
    laps: list[float] = []
    began = 0, 0.0

    def watch(line: dict[str, Any]) -> None:
        nonlocal began
        steps, now = line["step"] - began[0], time.time()
        if steps < block:  # the last line of an epoch
            return
        if began[0]:  # the first block warms up
            laps.append((now - began[1]) / steps)
        began = line["step"], time.time()
        if len(laps) >= point["laps"] and sum(laps) * block > point["seconds"]:
            raise Enough

    with tempfile.TemporaryDirectory() as folder:
        if over == "corpus":
            replace_speech(Path(folder), value)
        prepared = preparing.prepare(recipe, registry, device, lambda _: None)
        run = Path(folder) / "run"
        run.mkdir()
        first = prepared.trainer.step

        def step(number: int, **settings: Any) -> Any:
            nonlocal first_step
            taken = first(number, **settings)
            first_step = first_step or time.time()
            return taken

        prepared.trainer.step = step  # type: ignore[method-assign]
        try:
            prepared.trainer.run(run, watch=watch, say=lambda _: None)
        except Enough:
            pass
        else:
            raise SystemExit("the training ended before it was measured")
    return {
        "steps_per_second": 1 / statistics.median(laps),
        "seconds_to_first_step": first_step - point["began"],
    }


def replace_speech(folder: Path, hours: float) -> None:
    """Let a run open a synthetic corpus in place of its speech for training."""

    def opened(recipe: Recipe, registry: Registry, device: torch.device, *_: Any) -> Material:
        found = open_material(recipe, registry, device)
        speech = synthetic(hours, folder, device)
        return Material(speech, found.train_noise, found.test_speech, found.test_noise)

    preparing.open_material = opened


def score(point: dict[str, Any], registry: Registry, device: torch.device) -> dict[str, float]:
    """Measure an evaluation with one cheap metric: what the evaluation itself costs."""
    ratios = [
        round(-10 + 20 * one / (point["value"] / 30), 3) for one in range(point["value"] // 30)
    ]
    sets = [f"evaluate.snr_db={ratios}", "evaluate.metrics=[si_sdr]", "preset=small"]
    sets += ["evaluate.baselines=[]", "evaluate.samples=32000"]
    sets += [f"evaluate.seed={time.time_ns() % 2**30}"]  # none is scored yet
    recipe = load_recipe("byol", registry, sets=sets)
    material = open_material(recipe, registry, device)
    measures = measures_of(recipe, registry)
    started = time.perf_counter()
    results = evaluate(torch.tanh, material.test_speech, material.test_noise, measures)
    taken = time.perf_counter() - started
    return {"seconds": taken, "mixtures_per_second": len(results.rows) / taken}


def measure(point: dict[str, Any]) -> dict[str, float]:
    """Measure one point in this process."""
    torch.set_num_threads(point["threads"])
    device, registry = choose_device(point["device"]), discover()
    work = score if point["over"] == "mixtures" else train
    return work(point, registry, device) | memory(device)


def main() -> None:
    """Measure every point in a process of its own, and print."""
    parser = options(__doc__ or "")
    parser.add_argument("--over", nargs="+", choices=list(POINTS), default=list(POINTS))
    parser.add_argument("--preset", choices=("paper", "small"), default="small")
    parser.add_argument("--batch", type=int, default=8, help="where it does not vary")
    parser.add_argument("--block", type=int, default=10, help="steps that are timed together")
    parser.add_argument("--laps", type=int, default=3, help="blocks at least")
    parser.add_argument("--seconds", type=float, default=6.0, help="and at least so long")
    parser.add_argument("--plot", type=Path, help="draw the figures into this PNG file")
    parser.add_argument("--point", type=json.loads, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.point:
        print(json.dumps(measure(arguments.point)))
        return
    points = QUICK if arguments.quick else POINTS
    figures: dict[str, list[dict[str, float]]] = {}
    shared = {
        name: getattr(arguments, name) for name in ("preset", "batch", "block", "laps", "seconds")
    }
    if arguments.quick:
        shared |= {"batch": 2, "block": 2, "laps": 2, "seconds": 0.0}
    shared |= {"device": arguments.device, "threads": arguments.threads}
    for over in arguments.over:
        figures[over] = []
        for value in points[over]:
            point = shared | {"over": over, "value": value, "began": time.time()}
            figures[over].append({over: value} | _in_a_process(point))
        print(_table(over, figures[over]) + "\n", flush=True)
    if arguments.plot:
        plot(figures, arguments.plot)
    torch.set_num_threads(arguments.threads)
    publish(arguments, choose_device(arguments.device), {"figures": figures})


def plot(figures: dict[str, list[dict[str, float]]], path: Path) -> None:
    """Draw speed and memory, one column for each thing that grows."""
    import matplotlib as mpl

    mpl.use("agg")
    from matplotlib import pyplot
    from matplotlib.ticker import NullFormatter, NullLocator

    shape = {"figsize": (3 * len(figures), 5), "sharex": "col", "squeeze": False}
    drawing, axes = pyplot.subplots(2, len(figures), **shape)
    for (over, rows), (speed, held) in zip(figures.items(), axes.T, strict=True):
        name = "steps_per_second" if over != "mixtures" else "mixtures_per_second"
        memory_of = "gpu_gb" if "gpu_gb" in rows[0] else "peak_gb"
        values = [row[over] for row in rows]
        speed.loglog(values, [row[name] for row in rows], "o-")
        held.semilogx(values, [row[memory_of] for row in rows], "o-")
        speed.set_ylabel(HEAD[name])
        held.set(xlabel=f"{over} ({UNITS[over]})" if over in UNITS else over)
        held.set_ylabel(HEAD[memory_of])
        held.set_ylim(bottom=0)
        held.set_xticks(values, [f"{value:.4g}" for value in values], rotation=45)
        speed.yaxis.set_major_formatter("{x:g}")
        speed.yaxis.set_minor_formatter(NullFormatter())
        for one in (speed.xaxis, held.xaxis):
            one.set_minor_locator(NullLocator())
    drawing.tight_layout()
    drawing.savefig(path, dpi=100)


def _in_a_process(point: dict[str, Any]) -> dict[str, float]:
    command = [sys.executable, __file__, "--point", json.dumps(point)]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    if ended.returncode:
        raise SystemExit(ended.stderr)
    found: dict[str, float] = json.loads(ended.stdout.splitlines()[-1])
    return found


def _table(over: str, rows: list[dict[str, float]]) -> str:
    unit = UNITS.get(over)
    names = [name for name in HEAD if name in rows[0]]
    head = [f"{over} ({unit})" if unit else over, *(HEAD[name] for name in names)]
    return table(head, [[show(row[over], 4), *(show(row[name]) for name in names)] for row in rows])


if __name__ == "__main__":
    main()
