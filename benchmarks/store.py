"""Packed corpora: packing, opening and cutting crops, over the size of the corpus.

python benchmarks/store.py [--json FILE] [--parts pack open crops ahead listing] [--quick]
"""

import argparse
import copy
import math
import multiprocessing
import os
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import soundfile
import torch
from measure import options, publish, seconds, show, spread, table, wait

from sslse.api import Corpus, Recording
from sslse.corpora.folder import Folder
from sslse.data import packing
from sslse.data.batches import Batches
from sslse.data.readahead import ReadAhead
from sslse.data.shard_files import Shard, samples_file, write_index
from sslse.data.shards import InMemory, Shards
from sslse.data.store import Store
from sslse.device import choose_device, usable_cores

RATE = 16000
UTTERANCE = 14.4  # seconds: 250 of them are an hour
PER_SHARD = 9321
BATCH, CROP = 256, 16384
HOURS = (1 / 6, 1, 10, 100, 1000, 10000)
PARTS = ("pack", "open", "crops", "ahead", "listing")


class Listed(Corpus):
    """So many recordings that are never read."""

    def __init__(self, count: int) -> None:
        self._all = [
            Recording(f"speaker/{row:07}.flac", None, "train" if row % 20 else "test")
            for row in range(count)
        ]

    def recordings(self) -> list[Recording]:
        """List them."""
        return self._all


def write_shards(corpus: Listed, cache: Path, *, holes: bool) -> None:
    """Write what packing would; the samples are holes in the files, or noise."""
    count, length = len(corpus.recordings()), int(UTTERANCE * RATE)
    folder = cache / packing.cache_key(corpus, corpus.recordings(), RATE)
    folder.mkdir(parents=True)
    draws = np.random.default_rng(0)
    for number, first in enumerate(range(0, count, PER_SHARD)):
        places = np.arange(first, min(first + PER_SHARD, count))
        rows = len(places)
        with samples_file(folder, number).open("wb") as file:
            if holes:
                file.truncate(2 * length * rows)
            for _ in range(0 if holes else rows):
                file.write(draws.bytes(2 * length))
        digests = np.frombuffer(draws.bytes(16 * rows), np.uint8).reshape(-1, 16)
        lengths, scales = np.full(rows, length), np.full(rows, 1e-4, np.float32)
        quiet = np.zeros((0, 3), np.int64), np.zeros(rows, np.float32)
        shard = Shard(first, first + rows, places, lengths, scales, digests, *quiet, [])
        write_index(folder, number, shard)


def batches_of(store: Store) -> Batches:
    """Return batches of the paper's size, from however few recordings."""
    times = math.ceil(BATCH / len(store))
    return Batches(store, batch_size=BATCH, crop=CROP, crops_per_utterance=times, seed=0)


def memory(field: str = "VmRSS") -> int:
    """Return the bytes this process holds in memory."""
    lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    return next(1024 * int(line.split()[1]) for line in lines if line.startswith(field))


def measure_opening(hours: float, folder: str) -> dict[str, float]:
    """Open a corpus of so many hours and draw from it; runs in a fresh process."""
    corpus = Listed(round(hours * 3600 / UTTERANCE))
    write_shards(corpus, Path(folder), holes=True)
    before, started = memory(), time.perf_counter()
    store = packing.open_store(corpus, RATE, Path(folder), label="speech")
    opened = time.perf_counter()
    batches = batches_of(store.part("train"))
    batches.draw(0)
    first = time.perf_counter()
    laps = []
    for step in range(1, 21):
        lap = time.perf_counter()
        batches.draw(step)
        laps.append(time.perf_counter() - lap)
    return {
        "hours": hours,
        "recordings": len(store),
        "apparent_gigabytes": 2 * store.seconds * RATE / 1e9,
        "open_seconds": opened - started,
        "first_batch_seconds": first - opened,
        "batch_milliseconds": 1000 * float(np.median(laps)),
        "added_megabytes": (memory() - before) / 1e6,
    }


def opening(arguments: argparse.Namespace) -> list[dict[str, float]]:
    """Measure opening over the size of the corpus."""
    found = []
    for hours in HOURS[:3] if arguments.quick else HOURS:
        spawn = multiprocessing.get_context("spawn")
        with (
            tempfile.TemporaryDirectory(dir=arguments.scratch) as folder,
            ProcessPoolExecutor(1, mp_context=spawn) as pool,
        ):
            found.append(pool.submit(measure_opening, hours, folder).result())
    head = ("hours", "recordings", "GB", "open s", "first batch s", "batch ms", "memory MB")
    print("\n" + table(head, [[show(value) for value in one.values()] for one in found]))
    return found


def pack(arguments: argparse.Namespace) -> list[dict[str, Any]]:
    """Measure packing FLAC files of 16 and 48 kHz, by one process and by one per core."""
    count = 8 if arguments.quick else arguments.files
    found = []
    for rate in (RATE, 48000):
        with tempfile.TemporaryDirectory(dir=arguments.scratch) as folder:
            root = Path(folder) / "corpus"
            root.mkdir()
            draws = np.random.default_rng(0)
            for row in range(count):
                wave = 0.01 * np.cumsum(draws.standard_normal(int(UTTERANCE * rate)))
                soundfile.write(root / f"{row:05}.flac", wave / np.abs(wave).max(), rate)
            hours = count * UTTERANCE / 3600
            for processes in sorted({1, usable_cores()}):
                cache = Path(folder) / f"cache{processes}"
                busy, started = sum(os.times()[:4]), time.perf_counter()
                packing.open_store(
                    Folder(root=str(root)), RATE, cache, label="speech", processes=processes
                )
                spent = time.perf_counter() - started
                size = sum(one.stat().st_size for one in cache.rglob("*"))
                found.append(
                    {
                        "rate": rate,
                        "processes": processes,
                        "seconds": spent,
                        "hours_a_minute": 60 * hours / spent,
                        "core_seconds_an_hour": (sum(os.times()[:4]) - busy) / hours,
                        "megabytes_an_hour": size / hours / 1e6,
                    }
                )
    head = ("FLAC at Hz", "processes", "s", "hours a minute", "core s an hour", "MB an hour")
    print("\n" + table(head, [[show(value, 5) for value in one.values()] for one in found]))
    return found


def crops(arguments: argparse.Namespace, device: torch.device) -> dict[str, Any]:
    """Measure crops a second from the page cache, from the disk and from the device."""
    found: dict[str, Any] = {}
    with tempfile.TemporaryDirectory(dir=arguments.scratch) as folder:
        hours = 0.1 if arguments.quick else arguments.hours
        corpus = Listed(round(hours * 3600 / UTTERANCE))
        write_shards(corpus, Path(folder), holes=False)
        os.sync()
        store = packing.open_store(corpus, RATE, Path(folder), label="speech")
        read = unloaded(store, device)
        stores = {"files": read, "memory maps": mapped(read, Path(folder))}
        if device.type == "cuda":
            stores["device"] = store.to(device)
        for name, one in stores.items():
            batches = batches_of(one)
            laps = [seconds(lambda b=batches, s=s: b.draw(s), device) for s in range(60)][10:]
            found[f"{name}, in memory"] = spread([BATCH / lap for lap in laps])
        del stores, one, batches  # the system forgets no page that is mapped
        for name in ("files", "memory maps"):
            laps = []
            for step in range(20):
                forget(Path(folder))
                one = read if name == "files" else mapped(read, Path(folder))
                batches = batches_of(one)
                laps.append(seconds(lambda b=batches, s=step: b.draw(s), device))
                del one, batches
            found[f"{name}, from the disk"] = spread([BATCH / lap for lap in laps])
    head = ("crops come from", "crops a second")
    print("\n" + table(head, [[name, show(value)] for name, value in found.items()]))
    return found


def unloaded(store: Store, device: torch.device) -> Store:
    """Return a store for a device whose samples stay in their files."""
    with mock.patch("sslse.data.store.RESIDENT_SHARE", 0.0):
        return store.to(device)


def mapped(store: Store, folder: Path) -> Store:
    """Return the same store with its shards mapped into memory."""
    files = sorted(folder.rglob("*.int16"))
    sources = [InMemory(np.memmap(path, np.int16, "r")) for path in files]
    other = copy.copy(store)
    other.samples = Shards(sources, on_disk=False)
    return other


def forget(folder: Path) -> None:
    """Take files out of the page cache."""
    for path in folder.rglob("*.int16"):
        with path.open("rb") as file:
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def ahead(arguments: argparse.Namespace, device: torch.device) -> dict[str, Any]:
    """Measure a step that computes for as long as a batch takes, with and without read-ahead."""
    found: dict[str, Any] = {}
    size = 4096 if device.type == "cuda" else 512
    matrix = torch.randn(size, size, device=device)
    with tempfile.TemporaryDirectory(dir=arguments.scratch) as folder:
        corpus = Listed(round((0.1 if arguments.quick else arguments.hours) * 3600 / UTTERANCE))
        write_shards(corpus, Path(folder), holes=False)
        os.sync()
        store = packing.open_store(corpus, RATE, Path(folder), label="speech")
        read = unloaded(store, device)
        batches = batches_of(read)

        def compute(times: int) -> None:
            for _ in range(times):
                torch.mm(matrix, matrix)

        compute(10)
        draw = np.median([seconds(lambda s=s: batches.draw(s), device) for s in range(20)])
        one = np.median([seconds(lambda: compute(1), device) for _ in range(20)])
        times = max(1, round(float(draw / one)))
        reader = ReadAhead(batches_of(read).draw, device)
        variants = {"computing alone": None, "drawing first": batches.draw, "read ahead": reader}
        for name, drawn in variants.items():
            laps = []
            for step in range(60):
                wait(device)
                started = time.perf_counter()
                if drawn is not None:
                    drawn(step)
                compute(times)
                wait(device)
                laps.append(1000 * (time.perf_counter() - started))
            found[name] = spread(laps[10:])
    head = ("step", "ms")
    print("\n" + table(head, [[name, show(value)] for name, value in found.items()]))
    return found


def listing(arguments: argparse.Namespace) -> dict[str, float]:
    """Measure listing a folder of many files, and the key of its cache."""
    count = 1000 if arguments.quick else arguments.listed
    with tempfile.TemporaryDirectory(dir=arguments.scratch) as folder:
        for speaker in range(0, count, 1000):
            place = Path(folder, f"speaker{speaker:07}")
            place.mkdir()
            for row in range(speaker, min(speaker + 1000, count)):
                os.close(os.open(place / f"utterance{row:07}.flac", os.O_CREAT | os.O_WRONLY))
        corpus = Folder(root=folder)
        before, started = memory(), time.perf_counter()
        recordings = corpus.recordings()
        listed = time.perf_counter()
        held = memory() - before
        packing.cache_key(corpus, recordings, RATE)
        found = {
            "recordings": float(len(recordings)),
            "listing_seconds": listed - started,
            "key_seconds": time.perf_counter() - listed,
            "megabytes": held / 1e6,
            "peak_megabytes": (memory("VmHWM") - before) / 1e6,
        }
    head = ("recordings", "listing s", "cache key s", "memory MB", "peak MB")
    print("\n" + table(head, [[show(value, 4) for value in found.values()]]))
    return found


def main() -> None:
    """Measure and print."""
    parser = options(__doc__ or "")
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS)
    parser.add_argument("--scratch", help="folder for files of some GB; they are removed")
    parser.add_argument("--files", type=int, default=1000, help="to pack")
    parser.add_argument("--hours", type=float, default=20.0, help="of the corpus crops are cut of")
    parser.add_argument("--listed", type=int, default=1_000_000, help="files to list")
    arguments = parser.parse_args()
    device = choose_device(arguments.device)
    torch.set_num_threads(arguments.threads)
    figures: dict[str, Any] = {}
    if "pack" in arguments.parts:
        figures["pack"] = pack(arguments)
    if "open" in arguments.parts:
        figures["open"] = opening(arguments)
    if "crops" in arguments.parts:
        figures["crops"] = crops(arguments, device)
    if "ahead" in arguments.parts:
        figures["ahead"] = ahead(arguments, device)
    if "listing" in arguments.parts:
        figures["listing"] = listing(arguments)
    publish(arguments, device, figures)


if __name__ == "__main__":
    main()
