import re

import numpy as np
import pytest
import soundfile
import torch

from sslse.corpora.folder import Folder
from sslse.data.packing import cache_folder, open_store
from sslse.errors import DataError


@pytest.fixture
def tree(tmp_path):
    """Three good files of different rates and levels."""
    root = tmp_path / "speech"
    root.mkdir()
    time = np.arange(8000)
    soundfile.write(root / "a.wav", 0.5 * np.sin(0.05 * time), 16000)
    soundfile.write(root / "b.flac", 0.01 * np.sin(0.05 * time), 16000)
    soundfile.write(root / "c.wav", 3.0 * np.sin(0.05 * time), 8000, subtype="FLOAT")
    return root


def opened(root, tmp_path, **changes):
    corpus = Folder(root=str(root), test_share=0.34)
    return open_store(corpus, 16000, tmp_path / "cache", label="speech", **changes)


def test_packed_samples_are_the_files_own(tree, tmp_path):
    store = opened(tree, tmp_path)
    assert not store.is_slow
    assert [one.key for one in store.recordings] == ["a.wav", "b.flac", "c.wav"]
    assert store.lengths_of(torch.arange(3)).tolist() == [8000, 8000, 16000]
    for row, name in enumerate(["a.wav", "b.flac"]):
        expected, _ = soundfile.read(tree / name, dtype="float32")
        crop = store.crops(torch.tensor([row]), torch.tensor([0]), 8000)[0]
        assert np.abs(crop.numpy() - expected).max() < 2e-5
    loud = store.crops(torch.tensor([2]), torch.tensor([0]), 16000)
    assert loud.abs().max().item() == pytest.approx(3.0, rel=0.02)


def test_the_cache_is_used_until_a_file_changes(tree, tmp_path):
    said = []
    opened(tree, tmp_path, say=said.append)
    opened(tree, tmp_path, say=said.append)
    assert len(said) == 1
    assert "packing 3 recordings" in said[0]
    soundfile.write(tree / "a.wav", 0.25 * np.sin(0.05 * np.arange(9000)), 16000)
    assert opened(tree, tmp_path, say=said.append).lengths_of(torch.tensor(0)) == 9000
    assert len(said) == 2


def test_rights_and_moves_of_the_content_leave_the_cache_valid(tree, tmp_path):
    said = []
    opened(tree, tmp_path, say=said.append)
    for path in tree.iterdir():
        path.chmod(0o400)
    (tree / "a.wav").rename(tree / "moved")
    (tree / "moved").rename(tree / "a.wav")
    opened(tree, tmp_path, say=said.append)
    assert len(said) == 1


def test_a_cache_that_cannot_be_written_says_why_it_would_be(tree, tmp_path):
    (tmp_path / "cache").write_text("no folder")
    with pytest.raises(DataError) as caught:
        opened(tree, tmp_path)
    assert re.fullmatch(
        rf"{tmp_path}/cache/[0-9a-f]{{32}}: cannot be written: Not a directory; name another "
        rf"folder in data.cache or SSLSE_CACHE. speech has to be packed, since {tmp_path}/cache "
        r"holds no whole packing of these very files \(paths, sizes, times of change\) at this "
        "rate",
        str(caught.value),
    )


def test_unusable_files_are_reported_and_the_rest_goes_on(tree, tmp_path):
    soundfile.write(tree / "d_silent.wav", np.zeros(8000), 16000)
    soundfile.write(tree / "e_short.wav", np.full(400, 0.1), 16000)
    soundfile.write(tree / "f_nan.wav", np.full(8000, np.nan), 16000, subtype="FLOAT")
    soundfile.write(tree / "g_none.wav", np.zeros(0), 16000)
    (tree / "h_broken.wav").write_bytes(b"RIFF, but not really")
    (tree / "i_empty.wav").write_bytes(b"")
    said = []
    assert len(opened(tree, tmp_path, say=said.append)) == 3
    report = said[1].splitlines()
    assert report[0] == "speech: 6 of 9 recordings are unusable and left out:"
    for name, reason in {
        "d_silent.wav": "is silent",
        "e_short.wav": "lasts 0.025 s; at least 0.1 s are needed",
        "f_nan.wav": "holds samples that are not finite",
        "g_none.wav": "holds no samples",
        "h_broken.wav": "cannot be read",
        "i_empty.wav": "is empty (0 bytes)",
    }.items():
        (line,) = [line for line in report if line.startswith(f"  {name}: ")]
        assert reason in line
    again = []
    opened(tree, tmp_path, say=again.append)
    assert again == [said[1]]
    with pytest.raises(DataError, match="strict: true stops here"):
        opened(tree, tmp_path, strict=True)


def test_a_corpus_without_a_usable_file_is_refused(tmp_path):
    root = tmp_path / "speech"
    root.mkdir()
    for name in "ab":
        soundfile.write(root / f"{name}.wav", np.zeros(8000), 16000)
    with pytest.raises(DataError, match="speech: none of its 2 recordings is usable"):
        opened(root, tmp_path)


def test_cache_folder_is_the_recipes_then_the_variables_then_the_users(monkeypatch, tmp_path):
    monkeypatch.delenv("SSLSE_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert cache_folder(None) == tmp_path / "xdg" / "sslse"
    monkeypatch.setenv("SSLSE_CACHE", str(tmp_path / "variable"))
    assert cache_folder(None) == tmp_path / "variable"
    assert cache_folder(str(tmp_path / "recipe")) == tmp_path / "recipe"


def test_a_recording_in_both_parts_is_named(tree, tmp_path, monkeypatch):
    monkeypatch.setattr("sslse.data.packer.SHARD_SAMPLES", 1)  # also from shard to shard
    (tree / "train").mkdir()
    (tree / "test").mkdir()
    (tree / "a.wav").rename(tree / "train" / "a.wav")
    (tree / "test" / "copy.wav").write_bytes((tree / "train" / "a.wav").read_bytes())
    (tree / "b.flac").rename(tree / "test" / "b.flac")
    corpus = Folder(root=str(tree), train="train", test="test")
    said = []
    open_store(corpus, 16000, tmp_path / "cache", label="speech", say=said.append)
    assert said[1:] == [
        "speech: the same recording is in both parts: test/copy.wav (test) = train/a.wav (train)"
    ]


@pytest.mark.parametrize("peak", [2e-4, 0.3, 1.0])
def test_quiet_float_recordings_keep_their_detail_and_16_bit_ones_are_exact(tmp_path, peak):
    root = tmp_path / "speech"
    root.mkdir()
    draws = np.random.default_rng(0)
    quiet = peak * draws.uniform(-1, 1, 8000).astype(np.float32)
    soundfile.write(root / "float.wav", quiet, 16000, subtype="FLOAT")
    whole = np.rint(quiet * 32768).clip(-32768, 32767).astype(np.int16)
    whole[0] = -32768
    soundfile.write(root / "whole.wav", whole, 16000, subtype="PCM_16")
    store = opened(root, tmp_path)
    crops = store.crops(torch.tensor([0, 1]), torch.tensor([0, 0]), 8000).numpy()
    error = crops[0] - quiet
    assert 10 * np.log10(np.square(quiet).mean() / np.square(error).mean()) > 80
    np.testing.assert_array_equal(crops[1] * 32768, whole)
