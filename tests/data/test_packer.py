"""Shards: written in order by any number of processes, kept when a packing is cut short."""

import errno
import importlib
import multiprocessing
import os
import shutil
import signal
import subprocess
import sys
import threading
from types import SimpleNamespace

import numpy as np
import pytest
import soundfile
import torch

from sslse.api import Corpus, Recording
from sslse.corpora.folder import Folder
from sslse.data import packer
from sslse.data.packing import open_store
from sslse.data.packing_lock import alone_in
from sslse.errors import DataError

COUNT = 12
SECONDS = 2000
SHARD = 5000

DEADLY = """
import os, signal
import numpy as np
from sslse.api import Corpus, Recording

class Deadly(Corpus):
    def __init__(self, at=None):
        self.at, self.read_keys = at, []
    def recordings(self):
        return [Recording(f"r{row:02}", None, "train") for row in range(12)]
    def read(self, recording):
        row = int(recording.key[1:])
        if row == self.at:
            os.kill(os.getpid(), signal.SIGKILL)
        self.read_keys.append(row)
        return np.random.default_rng(row).uniform(-1, 1, 2000).astype(np.float32), 16000
"""
KILLED = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
import deadly
from sslse.data import packer
from sslse.data.packing import open_store
packer.SHARD_SAMPLES = 5000
open_store(deadly.Deadly(8), 16000, Path(sys.argv[2]), label="x")
"""


class Made(Corpus):
    """Noise that is made when it is read; recording 3 is silent."""

    def __init__(self, count=COUNT, samples=2000):
        self.count, self.samples, self.read_rows = count, samples, []

    def recordings(self):
        return [Recording(f"r{row:02}", None, "train") for row in range(self.count)]

    def read(self, recording):
        row = int(recording.key[1:])
        self.read_rows.append(row)
        draws = np.random.default_rng(row)
        return (row != 3) * draws.uniform(-1, 1, self.samples).astype(np.float32), 16000


@pytest.fixture
def small_shards(monkeypatch):
    monkeypatch.setattr("sslse.data.packer.SHARD_SAMPLES", SHARD)


def packed(corpus, cache, **changes):
    return open_store(corpus, 16000, cache, label="speech", **changes)


def contents(cache):
    """Every file of a cache but the lock."""
    files = [one for one in cache.rglob("*") if one.is_file() and one.name != "lock"]
    return {one.relative_to(cache).as_posix(): one.read_bytes() for one in files}


def all_crops(store):
    rows = torch.arange(len(store))
    return store.crops(rows, torch.zeros_like(rows), 2500)


def test_many_shards_give_the_crops_of_one(tmp_path, monkeypatch):
    one = packed(Made(), tmp_path / "one")
    monkeypatch.setattr("sslse.data.packer.SHARD_SAMPLES", SHARD)
    many = packed(Made(), tmp_path / "many")
    assert len(contents(tmp_path / "one")) == 2
    assert len(contents(tmp_path / "many")) == 8
    assert many.recordings == one.recordings
    assert "r03" not in {recording.key for recording in many.recordings}
    assert torch.equal(all_crops(many), all_crops(one))
    assert many.seconds == one.seconds


@pytest.mark.processes
def test_other_processes_write_the_same_files(tmp_path, monkeypatch, small_shards):
    root = tmp_path / "speech"
    root.mkdir()
    draws = np.random.default_rng(0)
    for row in range(COUNT):
        wave = draws.uniform(-1, 1, SECONDS + 100 * row)
        soundfile.write(root / f"{row:02}.wav", wave, 8000 if row % 2 else 16000)
    (root / "broken.wav").write_bytes(b"RIFF, but not really")
    packed(Folder(root=str(root)), tmp_path / "alone", processes=1)
    monkeypatch.setattr("sslse.data.reading.ALONE_SECONDS", 0.0)
    monkeypatch.setattr("sslse.data.reading.WORTH_SECONDS", 0.0)
    monkeypatch.setattr("sslse.data.reading.TASK_SECONDS", 0.0)
    readers = []

    def here(corpus, recording, sample_rate):
        readers.append(recording.key)
        return before(corpus, recording, sample_rate)

    before = importlib.import_module("sslse.data.reading").pack_recording
    monkeypatch.setattr("sslse.data.reading.pack_recording", here)
    packed(Folder(root=str(root)), tmp_path / "two", processes=2)
    assert len(readers) == 1
    assert len(contents(tmp_path / "two")) > 4
    assert contents(tmp_path / "two") == contents(tmp_path / "alone")
    assert not multiprocessing.active_children()


def test_a_corpus_that_cannot_be_sent_is_read_alone(tmp_path, monkeypatch):
    monkeypatch.setattr("sslse.data.reading.ALONE_SECONDS", 0.0)
    monkeypatch.setattr("sslse.data.reading.WORTH_SECONDS", 0.0)
    corpus = Made()
    corpus.lock = threading.Lock()
    packed(corpus, tmp_path, processes=2)
    assert corpus.read_rows == list(range(COUNT))


@pytest.mark.processes
def test_a_killed_packing_goes_on_where_it_was(tmp_path, monkeypatch, small_shards):
    (tmp_path / "deadly.py").write_text(DEADLY)
    cache = tmp_path / "cache"
    code = subprocess.run(
        [sys.executable, "-c", KILLED, str(tmp_path), str(cache)], check=False
    ).returncode
    assert code == -signal.SIGKILL
    assert [one for one in contents(cache) if one.endswith(".partial")]
    monkeypatch.syspath_prepend(tmp_path)
    deadly = importlib.import_module("deadly")
    corpus, said = deadly.Deadly(), []
    store = packed(corpus, cache, say=said.append)
    assert corpus.read_keys == list(range(6, 12))
    assert "packing 12 recordings" in said[0]
    assert said[0].endswith("6 of them are packed already")
    undisturbed = packed(deadly.Deadly(), tmp_path / "other")
    assert torch.equal(all_crops(store), all_crops(undisturbed))
    assert contents(cache) == contents(tmp_path / "other")


@pytest.mark.parametrize("damage", ["missing", "short", "long", "index", "no index"])
def test_a_damaged_shard_alone_is_packed_again(tmp_path, small_shards, damage):
    expected = all_crops(packed(Made(), tmp_path))
    before = contents(tmp_path)
    (samples,) = tmp_path.rglob("00001.int16")
    index = samples.with_suffix(".safetensors")
    match damage:
        case "missing":
            samples.unlink()
        case "short":
            os.truncate(samples, 100)
        case "long":
            os.truncate(samples, 100_000)
        case "index":
            index.write_bytes(index.read_bytes()[:-7])
        case "no index":
            index.unlink()
    corpus = Made()
    assert torch.equal(all_crops(packed(corpus, tmp_path)), expected)
    assert set(corpus.read_rows) <= {3, 4, 5, 6, 7}
    assert contents(tmp_path) == before
    again = Made()
    packed(again, tmp_path)
    assert not again.read_rows


def test_an_index_that_does_not_fit_is_not_used(tmp_path, small_shards):
    expected = all_crops(packed(Made(), tmp_path))
    first, second = sorted(tmp_path.rglob("*.safetensors"))[:2]
    shutil.copy(first, second)
    assert torch.equal(all_crops(packed(Made(), tmp_path)), expected)


def test_a_disk_that_is_too_small_is_refused_before(tmp_path, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=10**6))
    corpus = Made(packer.FEW + 44)
    with pytest.raises(DataError, match=r"speech needs about 0\.0 GB, but only 0\.0 GB are free"):
        packed(corpus, tmp_path)
    assert len(corpus.read_rows) <= packer.TRIED + 2


def test_a_disk_that_may_be_too_small_is_told(tmp_path, monkeypatch):
    class Longer(Made):
        def read(self, recording):
            samples, rate = super().read(recording)
            return samples[: 2000 + 7 * int(recording.key[1:])], rate

    corpus = Longer(packer.FEW + 44, samples=5000)
    size = sum(2 * (2000 + 7 * row) for row in range(corpus.count))
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=0.95 * size))
    said = []
    packed(corpus, tmp_path, say=said.append)
    assert "it may need 0.0 GB, and 0.0 GB are free; where that is not enough" in said[1]


def test_a_full_disk_is_a_clear_error_and_keeps_whole_shards(tmp_path, monkeypatch, small_shards):
    def full(writer, one):
        if writer.samples and writer._number == 2:
            writer._file = SimpleNamespace(write=refuse, close=writer._file.close)
        add(writer, one)

    def refuse(_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    add = packer.ShardWriter.add
    with monkeypatch.context() as patched:
        patched.setattr(packer.ShardWriter, "add", full)
        with pytest.raises(
            DataError, match=r"No space left on device; whole shards are kept\. Make"
        ):
            packed(Made(), tmp_path)
    assert len(contents(tmp_path)) == 4
    corpus = Made()
    packed(corpus, tmp_path)
    assert corpus.read_rows == list(range(7, COUNT))


def test_a_cache_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "cache").write_text("a file")
    with pytest.raises(DataError, match="cannot be written: Not a directory; name another folder"):
        packed(Made(), tmp_path / "cache")


@pytest.mark.skipif(sys.platform == "win32", reason="there is no such lock on Windows")
def test_a_second_process_waits_for_the_first(tmp_path):
    packed(Made(), tmp_path)
    (folder,) = tmp_path.iterdir()
    whole = contents(tmp_path)
    index = folder / "00000.safetensors"
    kept = index.read_bytes()
    index.unlink()
    corpus, waits = Made(), threading.Event()
    other = threading.Thread(
        target=packed, args=(corpus, tmp_path), kwargs={"say": lambda _: waits.set()}
    )
    with alone_in(folder, lambda: None) as alone:
        assert alone
        other.start()
        waits.wait()
        index.write_bytes(kept)
    other.join()
    assert not corpus.read_rows
    assert contents(tmp_path) == whole


def test_progress_is_said(tmp_path, monkeypatch):
    monkeypatch.setattr("sslse.data.packer.SAY_SECONDS", 0.0)
    said = []
    packed(Made(), tmp_path, say=said.append)
    assert said[1].startswith("speech: 1 of 12 recordings packed, ")
    assert said[1].endswith(" minutes left")
