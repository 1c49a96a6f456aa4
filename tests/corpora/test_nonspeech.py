"""Nonspeech: its layout, split, kinds, copies, and what is refused."""

from collections import Counter

import numpy as np
import pytest
import soundfile

from sslse.corpora.nonspeech import Nonspeech
from sslse.errors import DataError, OptionError


def make_files(root, numbers, name="n{}.wav"):
    """Write empty files; what opens one of them fails."""
    root.mkdir(exist_ok=True)
    for number in numbers:
        (root / name.format(number)).touch()
    return str(root)


def part_of(corpus):
    return {one.key: one.part for one in corpus.recordings()}


def message(corpus):
    with pytest.raises(DataError) as caught:
        corpus.recordings()
    return str(caught.value)


@pytest.mark.parametrize("name", ["n{}.wav", "N{}.WAV", "n{:03}.wav"])
def test_all_files_are_found_in_any_case(tmp_path, name):
    root = make_files(tmp_path, range(1, 101), name)
    make_files(tmp_path, [1], "._n{}.wav")
    make_files(tmp_path, [0, 101], "n{}.wav")
    recordings = Nonspeech(root=root).recordings()
    assert [one.key for one in recordings] == [f"n{number}" for number in range(1, 101)]
    assert recordings[6].source == tmp_path / name.format(7)
    assert part_of(Nonspeech(root=root)) == part_of(
        Nonspeech(root=make_files(tmp_path / "plain", range(1, 101)))
    )


@pytest.mark.parametrize("seed", range(30))
def test_75_train_25_test_and_copies_stay_together(tmp_path, seed):
    root = make_files(tmp_path, range(1, 101))
    parts = part_of(Nonspeech(root=root, split_seed=seed))
    assert Counter(parts.values()) == {"train": 75, "test": 25}
    assert parts["n9"] == parts["n7"]
    assert parts["n58"] == parts["n56"]


def test_the_seeds_above_put_copies_into_either_part(tmp_path):
    root = make_files(tmp_path, range(1, 101))
    parts = [part_of(Nonspeech(root=root, split_seed=seed)) for seed in range(30)]
    assert {one["n7"] for one in parts} == {one["n56"] for one in parts} == {"train", "test"}


def test_the_number_of_test_files_can_be_set(tmp_path):
    root = make_files(tmp_path, range(1, 101))
    assert Counter(part_of(Nonspeech(root=root, test_files=40)).values())["test"] == 40


def test_an_incomplete_copy_keeps_the_share(tmp_path):
    root = make_files(tmp_path, range(20, 60))
    assert Counter(part_of(Nonspeech(root=root)).values()) == {"train": 30, "test": 10}


def test_two_sounds_suffice(tmp_path):
    root = make_files(tmp_path, [3, 99])
    assert sorted(part_of(Nonspeech(root=root)).values()) == ["test", "train"]


@pytest.mark.parametrize("numbers", [[3], [7, 9]])
def test_fewer_than_two_different_sounds_are_refused(tmp_path, numbers):
    names = ", ".join(f"n{number}" for number in numbers)
    assert message(Nonspeech(root=make_files(tmp_path, numbers))) == (
        f"{tmp_path}: only {names}; at least two different sounds are needed, one for each part"
    )


def test_kinds_are_the_published_ones(tmp_path):
    recordings = Nonspeech(root=make_files(tmp_path, range(1, 101))).recordings()
    counts = Counter(one.kind for one in recordings)
    assert list(counts.items()) == [
        ("crowd", 17),
        ("machine", 7),
        ("alarm and siren", 19),
        ("traffic and car", 3),
        ("animal", 9),
        ("water", 14),
        ("wind", 9),
        ("bell", 4),
        ("cough", 3),
        ("clap", 1),
        ("snore", 1),
        ("click", 1),
        ("laugh", 2),
        ("yawn", 2),
        ("cry", 1),
        ("shower", 1),
        ("tooth brushing", 1),
        ("footsteps", 2),
        ("door moving", 1),
        ("phone dialling", 2),
    ]
    assert not any(one.speaker for one in recordings)


@pytest.mark.parametrize(("true_rate", "expected"), [(None, 16000), (20000, 20000)])
def test_a_false_label_can_be_overridden(tmp_path, true_rate, expected):
    for number in (1, 2):
        soundfile.write(tmp_path / f"n{number}.wav", np.full(100, 0.25), 16000)
    corpus = Nonspeech(root=str(tmp_path), true_rate=true_rate)
    samples, sample_rate = corpus.read(corpus.recordings()[0])
    assert sample_rate == expected
    np.testing.assert_array_equal(samples, np.full(100, 0.25, dtype=np.float32))


def test_the_version_tells_an_overridden_rate(tmp_path):
    assert Nonspeech(root=str(tmp_path)).version == ""
    assert Nonspeech(root=str(tmp_path), true_rate=20000).version == "true_rate=20000"


def test_a_missing_root_is_named(tmp_path):
    assert message(Nonspeech(root=str(tmp_path / "no"))) == (
        f"{tmp_path}/no: no such folder; root is the folder that holds n1.wav"
    )


def test_an_empty_root_is_named(tmp_path):
    (tmp_path / "noise.wav").touch()
    assert message(Nonspeech(root=str(tmp_path))) == (
        f"{tmp_path}: no recording; looked for n1.wav to n100.wav"
    )


def test_something_must_be_left_for_training(tmp_path):
    with pytest.raises(OptionError) as caught:
        Nonspeech(root=str(tmp_path), test_files=100)
    assert str(caught.value) == "100 of 100 files leave none for training; possible: 1 to 99"
    assert caught.value.option == "test_files"


def test_real_nonspeech(real_audio):
    corpus = Nonspeech(root=str(real_audio / "nonspeech"))
    recordings = corpus.recordings()
    assert Counter(one.part for one in recordings) == {"train": 75, "test": 25}
    keys_of = {}
    for one in recordings:
        keys_of.setdefault(one.source.read_bytes(), []).append(one.key)
    assert [keys for keys in keys_of.values() if len(keys) > 1] == [["n7", "n9"], ["n56", "n58"]]
    samples, sample_rate = corpus.read(recordings[0])
    assert sample_rate == 20000
    assert np.abs(samples).max() > 0.01
