"""Crops of padded recordings have sound, against loops over every place."""

from dataclasses import replace

import numpy as np
import pytest
import soundfile
import torch

from sslse.api import Context
from sslse.augmentations.add_noise import AddNoise
from sslse.augmentations.babble import Babble
from sslse.corpora.folder import Folder
from sslse.data.batches import Batches
from sslse.data.packing import open_store
from sslse.data.recording import Packed
from sslse.data.shard_files import ShardWriter, read_shard, write_index
from sslse.data.silence import silent_stretches
from sslse.data.store import Store

CROP = 4096


def gaps(length, *sounds, seed=0):
    """Digital silence but for (first, end) of each sound."""
    wave = np.zeros(length, np.int16)
    draws = np.random.default_rng(seed)
    for first, end in sounds:
        wave[first:end] = draws.integers(1, 9000, end - first)
    return wave


WAVES = [
    gaps(16000, (0, 1600)),
    gaps(16000, (9000, 9001)),
    gaps(16000, (14400, 16000)),
    gaps(16000, (0, 16000)),
    gaps(16000, (5000, 5100), (5150, 5200), (11000, 11500)),
    gaps(3000, (2990, 3000)),
    gaps(CROP, (10, 20)),
]


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    folder = tmp_path_factory.mktemp("padded")
    for row, wave in enumerate(WAVES):
        soundfile.write(folder / f"{row}.wav", wave, 16000)
    corpus = Folder(root=str(folder), test_share=0.0)
    return open_store(corpus, 16000, folder / "cache", label="noise")


def slow_places(wave, loop):
    """The places where a crop has sound, one after the other."""
    if len(wave) < CROP:
        return list(range(len(wave))) if loop else [0]
    rooms = range(len(wave) - CROP + 1)
    return [place for place in rooms if wave[place : place + CROP].any()]


@pytest.mark.parametrize("loop", [False, True])
def test_all_places_with_sound_are_alike_likely_and_no_other_is_taken(store, loop):
    for row, wave in enumerate(WAVES):
        expected = slow_places(wave, loop)
        share = (torch.arange(len(expected), dtype=torch.float64) + 0.5) / len(expected)
        index = torch.full((len(expected),), row)
        assert store.starts(index, share, CROP, loop=loop).tolist() == expected


def test_parts_know_the_silence_of_their_own_recordings(store):
    rows = [1, 2, 4]
    recordings = [store.recordings[row] for row in rows]
    part = Store(store.samples, store._index.select(rows), recordings, 16000)
    share = torch.linspace(0, 0.999, 50, dtype=torch.float64)
    for new, old in enumerate(rows):
        found = part.starts(torch.full((50,), new), share, CROP)
        assert torch.equal(found, store.starts(torch.full((50,), old), share, CROP))
    silent = sum(int((np.diff(silent_stretches(WAVES[row]), axis=1)).sum()) for row in rows)
    assert part.silent_share == pytest.approx(silent / 48000)


def test_without_silence_the_draws_are_those_of_any_bank(make_store):
    store = make_store(100, 5000, 9000)
    index = torch.arange(3).repeat(200)
    share = torch.rand(600, dtype=torch.float64)
    for loop in (False, True):
        found = store.starts(index, share, CROP, loop=loop)
        assert torch.equal(found, super(Store, store).starts(index, share, CROP, loop=loop))


def test_no_view_is_the_clean_speech_and_no_target_is_silent(store):
    context = Context(sample_rate=16000, views=2, batch_size=4, crop=CROP)
    speech = torch.ones(2, 200, CROP)
    for augmentation in (
        AddNoise(store, context),
        AddNoise(store, context, between_views="shared"),
        Babble(store, talkers=[1, 2]),
    ):
        noisy = augmentation(speech, generator=torch.Generator().manual_seed(0))
        assert (noisy != speech).any(-1).all()
    batches = Batches(store, batch_size=7, crop=CROP, crops_per_utterance=9, seed=0)
    clean = torch.cat([batches.draw(step)[0] for step in range(9)])
    lengths = store.lengths_of(torch.cat([batches.draw(step)[1] for step in range(9)]))
    assert clean[lengths >= CROP].any(-1).all()


@pytest.mark.parametrize(
    "stretches",
    [
        np.array(3),
        np.zeros((1, 2), np.int64),
        np.array([[0.0, 0, 5]]),
        np.array([[0, 0, 20]]),
        np.array([[0, -1, 5]]),
        np.array([[1, 0, 5]]),
        np.array([[0, 5, 5]]),
        np.array([[0, 0, 5], [0, 5, 7]]),
    ],
)
def test_damaged_stretches_are_noticed(tmp_path, stretches):
    with ShardWriter(tmp_path, 0, 0) as writer:
        writer.add(Packed(np.ones(10, "<i2"), 1.0, bytes(16), np.array([[1, 3]]), 0.0))
        shard = writer.close()
    assert read_shard(tmp_path, 0).silences.tolist() == [[0, 1, 3]]
    write_index(tmp_path, 0, replace(shard, silences=stretches))
    assert read_shard(tmp_path, 0) is None
