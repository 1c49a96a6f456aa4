import os

import numpy as np
import pytest
import torch

from sslse.data.shards import InMemory, OnDisk, Shards
from sslse.errors import DataError

LENGTHS = (700, 1, 1600, 333, 2048, 90)
SHARDS = ((0, 1, 2), (3,), (4, 5))
CROPS = 400
SAMPLES = 777


@pytest.fixture
def samples():
    return np.random.default_rng(0).integers(-(2**15), 2**15, sum(LENGTHS)).astype(np.int16)


@pytest.fixture
def on_disk(samples, tmp_path):
    """The recordings in three files."""
    cut = np.split(samples, np.cumsum(LENGTHS)[:-1])
    paths = []
    for number, rows in enumerate(SHARDS):
        paths.append(tmp_path / f"{number}.int16")
        paths[-1].write_bytes(np.concatenate([cut[row] for row in rows]).tobytes())
    return Shards([OnDisk(path) for path in paths], on_disk=True)


def drawn_crops():
    """Random recordings, cut anywhere; the last ones at the ends of the recordings."""
    draws = np.random.default_rng(1)
    rows = draws.integers(0, len(LENGTHS), CROPS)
    lengths = np.array(LENGTHS)[rows]
    first = draws.integers(0, 2 * lengths)
    first[-len(LENGTHS) :] = lengths[-len(LENGTHS) :] - 1
    return np.cumsum([0, *LENGTHS])[rows], lengths, first


def slow_crop(samples, start, length, first, loop):
    """One sample after the other."""
    recording = samples[start : start + length]
    places = range(first, first + SAMPLES)
    if loop:
        return [int(recording[place % length]) for place in places]
    return [int(recording[place]) if place < length else 0 for place in places]


@pytest.mark.parametrize("loop", [False, True])
def test_crops_from_several_shards_are_those_from_one_and_of_a_slow_loop(samples, on_disk, loop):
    one = Shards([InMemory(samples)], on_disk=False)
    assert on_disk.count == one.count == len(samples)
    crops = np.full((2, CROPS, SAMPLES), 1234, np.int16)
    for shards, out in zip((on_disk, one), crops, strict=True):
        shards.cut(*drawn_crops(), out, loop=loop)
    np.testing.assert_array_equal(crops[0], crops[1])
    expected = [slow_crop(samples, *place, loop) for place in zip(*drawn_crops(), strict=True)]
    np.testing.assert_array_equal(crops[0], expected)


def test_loaded_samples_are_those_of_all_shards(samples, on_disk, monkeypatch):
    monkeypatch.setattr("sslse.data.shards.LOADED_AT_ONCE", 1000)
    loaded = on_disk.load(torch.device("cpu"))
    np.testing.assert_array_equal(loaded.numpy(), samples)


def test_a_shard_cut_short_while_in_use_is_an_error(on_disk, tmp_path):
    os.truncate(tmp_path / "1.int16", 2 * 100)
    start, length = np.array([sum(LENGTHS[:3])]), np.array([LENGTHS[3]])
    out = np.empty((1, 200), np.int16)
    with pytest.raises(DataError, match=r"1\.int16: has become shorter while in use; start again"):
        on_disk.cut(start, length, np.array([0]), out, loop=False)


def test_a_missing_shard_is_an_error(tmp_path):
    with pytest.raises(DataError, match=r"no\.int16: cannot be opened: No such file"):
        OnDisk(tmp_path / "no.int16")
