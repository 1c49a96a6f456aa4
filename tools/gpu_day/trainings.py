"""The trainings of a GPU day: the paper's rows at its size, and bfloat16 beside float32.

``python trainings.py {paper,precision} --device cuda --seconds 200``, started by ``day.py``.
"""

import argparse
import csv
import json
import math
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

from sslse.run_folder import MODEL

PAPER = ("normal", "byol_round", "simsiam_round")
EPOCHS = 400  # the paper's; its rounds of 50 keep their share of the run
ROUNDS = 8
BATCH = 256
SEEDS = (0, 1, 2)
PRECISIONS = ("float32", "bfloat16")
GAIN = 1.1  # compiling must be so much faster to be worth its first minute
MEMORY = 0.8
KEPT = ("recipe.yaml", "evaluation.json", "evaluation.csv", "scores.jsonl", "metrics.jsonl")
TINY = (
    "preset=small",
    "encoder.channels=[4,4]",
    "decoder.channels=[4,4]",
    "train.batch_size=8",
    "train.crop=1024",
    "train.crops_per_utterance=1",
    "train.epochs=1",
    "evaluate.utterances=2",
    "evaluate.samples=8192",
    "evaluate.metrics=[si_sdr]",
    "evaluate.baselines=[]",
    "evaluate.workers=1",
)
SCORED = (
    "evaluate.utterances=40",
    "evaluate.metrics=[pesq_nb,stoi,si_sdr]",
    "evaluate.baselines=[log_mmse]",
)


def main() -> int:
    """Train, and keep what the tables need; return 1 where a training failed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("paper", "precision"))
    parser.add_argument("--device", required=True)
    parser.add_argument("--seconds", type=float, default=100.0)
    parser.add_argument("--quick", action="store_true")
    given = parser.parse_args()
    # Where the time is over, the trainings are told too: what they have written is kept.
    over: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, _: over.append(number))
    bundle, found, out, work = (
        Path(os.environ[f"GPU_DAY_{name}"]) for name in ("BUNDLE", "FOUND", "OUT", "WORK")
    )
    data = ["--data", "manifest"] if (bundle / "speech").is_dir() else ["--data", "demo"]
    environment = os.environ | {
        "SPEECH_MANIFEST": str(bundle / "speech" / "list.csv"),
        "NOISE_MANIFEST": str(bundle / "noise" / "list.csv"),
    }
    if given.what == "precision":
        jobs, at_once = _precision(quick=given.quick), 1 if given.quick else len(SEEDS) * 2
    else:
        jobs, at_once = _paper(given.seconds, bundle, found, quick=given.quick)
    failed = 0
    names = list(jobs)
    for group in (names[first : first + at_once] for first in range(0, len(names), at_once)):
        running = {}
        for name in () if over else group:
            words = [*data, "--device", given.device, "--out", str(work / "runs" / name)]
            words += [word for text in jobs[name][1:] for word in ("--set", text)]
            command = [sys.executable, "-m", "sslse", "run", jobs[name][0], *words]
            print(" ".join(command), flush=True)
            with (found / f"run_{name}.txt").open("w", encoding="utf-8") as log:
                running[name] = subprocess.Popen(
                    command, env=environment, stdout=log, stderr=subprocess.STDOUT
                )
        for name, process in running.items():
            failed += process.wait() != 0
            _keep(work / "runs" / name, found / "runs" / name, out)
    return int(failed > 0)


def _paper(
    seconds: float, bundle: Path, found: Path, *, quick: bool
) -> tuple[dict[str, list[str]], int]:
    """Return the paper's rows with as many steps as fit, and how many train side by side."""
    if quick:
        return {name: [name, *TINY, *_scored_while(1)] for name in PAPER}, 1
    # Measured in this day, or in an earlier one and carried in the bundle.
    eager, compiled = (
        _figures(found / f"{name}.json") or _figures(bundle / f"{name}.json")
        for name in ("train", "compiled")
    )
    if eager is None:
        raise SystemExit("train.json is missing: how long a step takes is not known")
    chosen = eager
    if compiled is not None and compiled["seconds"] * GAIN < eager["seconds"]:
        chosen = compiled
    step, faster = chosen["seconds"], chosen is compiled
    at_once = max(1, min(len(PAPER), int(MEMORY / chosen["memory"])))
    with (bundle / "speech" / "list.csv").open(newline="", encoding="utf-8") as file:
        utterances = sum(row["split"] == "train" for row in csv.DictReader(file))
    steps = int(seconds / (step * len(PAPER)))
    per_epoch = max(1, steps // EPOCHS)
    epochs = min(EPOCHS, steps)
    crops = math.ceil(per_epoch * BATCH / utterances)
    print(
        f"{step:.4f} s a step, {epochs} epochs of {per_epoch} steps, {at_once} at once", flush=True
    )
    sets = [
        f"train.epochs={epochs}",
        f"train.batch_size={BATCH}",
        f"train.crops_per_utterance={crops}",
        f"train.compile={str(faster).lower()}",
        *SCORED,
        *_scored_while(max(1, epochs // 16)),
    ]
    period = f"schedule.period={max(1, epochs // ROUNDS)}"
    return {
        name: [name, *sets, *([period] if name.endswith("round") else [])] for name in PAPER
    }, at_once


def _precision(*, quick: bool) -> dict[str, list[str]]:
    """Return BYOL with the small preset in both precisions, with several seeds."""
    sets = ["preset=small", "train.epochs=50", "train.batch_size=64"]
    sets += ["train.crops_per_utterance=8", "evaluate.workers=2", *SCORED]
    return {
        f"{precision},seed={seed}": [
            "byol",
            *(TINY if quick else sets),
            f"train.precision={precision}",
            f"seed={seed}",
        ]
        for seed in (SEEDS[:1] if quick else SEEDS)
        for precision in PRECISIONS
    }


def _scored_while(epochs: int) -> list[str]:
    return [f"evaluate.every={epochs}", "evaluate.every_utterances=6"]


def _figures(path: Path) -> dict[str, float] | None:
    """Return seconds a step of ``sslse run``, and the share of the device's memory it takes."""
    if not path.is_file():
        return None
    content = json.loads(path.read_text(encoding="utf-8"))
    seconds = content["figures"]["b"]["seconds_per_step"]["median"]
    return {"seconds": seconds, "memory": content["memory_share"] or 1.0}


def _keep(run: Path, kept: Path, out: Path) -> None:
    """Copy a run's small files beside the day's figures, and its model to what comes back."""
    kept.mkdir(parents=True, exist_ok=True)
    for name in KEPT:
        if (run / name).is_file():
            shutil.copyfile(run / name, kept / name)
    if (run / MODEL).is_file() and run.name in PAPER:
        shutil.copyfile(run / MODEL, out / f"{run.name}.safetensors")


if __name__ == "__main__":
    sys.exit(main())
