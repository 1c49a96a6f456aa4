"""1000 hours whose samples are holes in files open and are drawn from like a small corpus."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from sslse.api import Corpus, Recording
from sslse.data.batches import Batches
from sslse.data.packing import cache_key, open_store
from sslse.data.shard_files import Shard, samples_file, write_index

RATE = 16000
SECONDS = 18
PER_SHARD = 7456


class Sparse(Corpus):
    """So many recordings of 18 seconds; reading one is a fault."""

    def __init__(self, count):
        self._all = [
            Recording(f"r{row}", None, "train" if row % 10 else "test") for row in range(count)
        ]

    def recordings(self):
        return self._all


def pack_holes(corpus, cache):
    """Write what packing would, without the samples."""
    count = len(corpus.recordings())
    folder = cache / cache_key(corpus, corpus.recordings(), RATE)
    folder.mkdir()
    draws = np.random.default_rng(0)
    for number, first in enumerate(range(0, count, PER_SHARD)):
        places = np.arange(first, min(first + PER_SHARD, count))
        try:
            with samples_file(folder, number).open("wb") as file:
                file.truncate(2 * SECONDS * RATE * len(places))
        except OSError as error:
            pytest.skip(f"the file system has no such files: {error}")
        lengths = np.full(len(places), SECONDS * RATE)
        scales = np.full(len(places), 1e-4, np.float32)
        digests = draws.integers(0, 256, (len(places), 16)).astype(np.uint8)
        quiet = np.zeros((0, 3), np.int64), np.zeros(len(places), np.float32)
        shard = Shard(first, first + len(places), places, lengths, scales, digests, *quiet, [])
        write_index(folder, number, shard)
    if sum(one.stat().st_blocks for one in folder.iterdir()) * 512 > 10**9:
        shutil.rmtree(folder)
        pytest.skip("the file system has no holes in files")


def resident_bytes():
    status = Path("/proc/self/status")
    if not status.is_file():
        pytest.skip("needs /proc")
    (line,) = [line for line in status.read_text().splitlines() if line.startswith("VmRSS")]
    return 1024 * int(line.split()[1])


@pytest.mark.processes
def test_1000_hours_open_and_need_little_memory(tmp_path):
    corpus = Sparse(200_000)
    pack_holes(corpus, tmp_path)
    before = resident_bytes()
    store = open_store(corpus, RATE, tmp_path, label="speech").part("train")
    batches = Batches(store, batch_size=64, crop=16384, crops_per_utterance=1, seed=0)
    for step in range(10):
        waves, utterances = batches.draw(step)
    assert store.seconds == pytest.approx(900 * 3600)
    assert waves.shape == (64, 16384)
    assert not waves.any()
    assert int(utterances.max()) > 100_000
    assert resident_bytes() - before < 150 * 10**6
