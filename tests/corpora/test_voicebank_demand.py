"""VoiceBank-DEMAND: its layouts, its parts, and the noise of its pairs."""

import os
import shutil

import numpy as np
import pytest
import soundfile

from sslse.corpora.voicebank_demand import VoicebankDemand
from sslse.data.packing import open_store
from sslse.errors import DataError, OptionError

FULL_SCALE = 32768
TRAINED = ("p226_001", "p226_002", "p227_001", "p287_001", "p288_003")
TESTED = ("p232_001", "p257_002")


def draw(seed, samples=6000):
    return np.random.default_rng(seed).integers(-9000, 9000, samples).astype(np.int16)


def write(path, samples, rate=48000):
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, samples, rate)


def make_set(root, folder, names):
    """Write pairs; return the noise of each."""
    noises = {}
    for number, name in enumerate(names):
        clean, noises[name] = draw(number), draw(number + 1000)
        write(root / f"clean_{folder}" / f"{name}.wav", clean)
        write(root / f"noisy_{folder}" / f"{name}.wav", clean + noises[name])
    return noises


@pytest.fixture
def root(tmp_path):
    make_set(tmp_path, "trainset_28spk_wav", TRAINED)
    make_set(tmp_path, "testset_wav", TESTED)
    return tmp_path


def corpus(root, content="speech", **options):
    return VoicebankDemand(root=str(root), content=content, **options)


def message(root, content="speech", **options):
    with pytest.raises(DataError) as caught:
        corpus(root, content, **options).recordings()
    return str(caught.value)


def keys(recordings, part):
    return [one.key for one in recordings if one.part == part]


@pytest.mark.parametrize("content", ["speech", "noise"])
def test_the_parts_of_the_official_test(root, content):
    recordings = corpus(root, content).recordings()
    assert keys(recordings, "train") == ["trainset/p227_001", "trainset/p288_003"]
    assert keys(recordings, "test") == ["testset/p232_001", "testset/p257_002"]
    speakers = {"speech": ["p232", "p257", "p227", "p288"], "noise": [""] * 4}[content]
    assert [one.speaker for one in recordings] == speakers
    folder = {"speech": "clean", "noise": "noisy"}[content]
    assert recordings[0].source == root / f"{folder}_testset_wav" / "p232_001.wav"


def test_validation_holds_out_speakers_and_trains_on_the_same_others(root):
    recordings = corpus(root, held_out="validation").recordings()
    assert keys(recordings, "train") == keys(corpus(root).recordings(), "train")
    held_out = ["trainset/p226_001", "trainset/p226_002", "trainset/p287_001"]
    assert keys(recordings, "test") == held_out
    shutil.rmtree(root / "clean_testset_wav")
    assert len(corpus(root, held_out="validation").recordings()) == 5


def test_the_validation_speakers_can_be_others_or_none(root):
    others = corpus(root, held_out="validation", validation_speakers=("P288",)).recordings()
    assert keys(others, "test") == ["trainset/p288_003"]
    everyone = corpus(root, validation_speakers=()).recordings()
    assert len(keys(everyone, "train")) == 5
    with pytest.raises(OptionError) as caught:
        corpus(root, held_out="validation", validation_speakers=())
    assert str(caught.value) == "names no speaker; held_out: validation needs one"
    assert caught.value.option == "validation_speakers"


def test_validation_speakers_that_are_not_there_are_named(root):
    text = message(root, held_out="validation", validation_speakers=("p1", "p2"))
    assert text == (
        f"{root}: no recording of a validation speaker (p1, p2) in the training set; possible: "
        "p226, p227, p287, p288"
    )


def test_the_noise_is_exactly_what_was_added(tmp_path):
    noises = make_set(tmp_path, "trainset_28spk_wav", TRAINED)
    noises |= make_set(tmp_path, "testset_wav", TESTED)
    read = corpus(tmp_path, "noise")
    for one in read.recordings():
        samples, rate = read.read(one)
        assert rate == 48000
        expected = noises[one.key.partition("/")[2]] / FULL_SCALE
        np.testing.assert_array_equal(samples.astype(np.float64), expected)


def test_the_speech_is_the_clean_file(root):
    read = corpus(root)
    samples, _ = read.read(read.recordings()[0])
    np.testing.assert_array_equal(samples, draw(0) / FULL_SCALE)


@pytest.mark.parametrize(("samples", "rate"), [(5999, 48000), (6000, 16000)])
def test_a_pair_of_different_lengths_or_rates_is_refused(root, samples, rate):
    clean = root / "clean_testset_wav" / "p232_001.wav"
    write(clean, draw(0, samples), rate)
    read = corpus(root, "noise")
    with pytest.raises(DataError) as caught:
        read.read(read.recordings()[0])
    assert str(caught.value) == (
        f"{root}/noisy_testset_wav/p232_001.wav: 6000 samples at 48000 Hz, but {clean} has "
        f"{samples} at {rate} Hz; the two of a pair must be equally long"
    )


def test_single_files_are_named_where_noise_is_wanted(root):
    (root / "clean_testset_wav" / "p232_001.wav").unlink()
    (root / "noisy_testset_wav" / "p257_002.wav").unlink()
    assert message(root, "noise") == (
        f"{root}: clean or noisy file missing in the testset: p232_001.wav, p257_002.wav"
    )
    assert len(keys(corpus(root).recordings(), "test")) == 1


@pytest.mark.parametrize(
    ("train", "test"),
    [
        ("trainset_wav", "testset_wav"),
        ("trainset_28spk_wav_16k", "testset_wav_16k"),
        ("trainset_wav_16k", "testset_wav"),
    ],
)
def test_common_names_of_the_folders(tmp_path, train, test):
    make_set(tmp_path, train, TRAINED)
    make_set(tmp_path, test, TESTED)
    for content in ("speech", "noise"):
        assert len(corpus(tmp_path, content).recordings()) == 4


def test_the_larger_training_set(root):
    make_set(root, "trainset_56spk_wav", ("p234_001", "p362_007"))
    (root / "log_trainset_56spk.txt").write_text("p234_001 ssn 0\n")
    (root / "log_trainset_28spk.txt").write_text("p234_001 metro 0\n")
    recordings = corpus(root, "noise", speakers=56).recordings()
    assert keys(recordings, "train") == ["trainset/p234_001", "trainset/p362_007"]
    assert [one.kind for one in recordings] == ["", "", "ssn", ""]


@pytest.mark.parametrize("folder", [".", "logfiles"])
def test_the_logs_give_the_kinds_of_noise(root, folder):
    (root / folder).mkdir(exist_ok=True)
    (root / folder / "log_testset.txt").write_text("p232_001 bus 17.5\n\np257_002 cafe 2.5\n")
    (root / folder / "log_trainset_28spk.txt").write_text("p227_001 babble 10\np288_003 car 5\n")
    kinds = [one.kind for one in corpus(root, "noise").recordings()]
    assert kinds == ["bus", "cafe", "babble", "car"]
    assert {one.kind for one in corpus(root).recordings()} == {""}


def test_a_malformed_log_is_named(root):
    (root / "log_testset.txt").write_text("p232_001 bus 17.5\np257_002 cafe\n")
    assert message(root, "noise") == (
        f"{root}/log_testset.txt:2: 'p257_002 cafe' is not an utterance, a noise and an SNR; "
        "without the file the kinds of noise stay unknown"
    )


def test_a_missing_root_or_folder_is_named(tmp_path):
    assert message(tmp_path / "no") == f"{tmp_path}/no: no such folder"
    assert message(tmp_path) == (
        f"{tmp_path}: no folder clean_trainset_28spk_wav; looked for clean_trainset_28spk_wav, "
        "clean_trainset_28spk_wav_16k, clean_trainset_wav, clean_trainset_wav_16k"
    )
    make_set(tmp_path, "trainset_wav", TRAINED)
    assert message(tmp_path, speakers=56).startswith(
        f"{tmp_path}: no folder clean_trainset_56spk_wav; looked for clean_trainset_56spk_wav, "
    )
    assert message(tmp_path).startswith(f"{tmp_path}: no folder clean_testset_wav; ")


def test_an_empty_folder_or_a_foreign_file_is_named(root):
    folder = root / "clean_testset_wav"
    (folder / "._p232_009.wav").touch()
    (folder / "readme.txt").touch()
    assert len(keys(corpus(root).recordings(), "test")) == 2
    (folder / "noise.wav").touch()
    assert message(root) == (
        f"{folder}: not named like an utterance of the data set (p226_001.wav): noise.wav"
    )
    for path in folder.glob("*.wav"):
        path.unlink()
    assert message(root) == (f"{folder}: no audio file in it; looked for p226_001.wav and its like")


def test_a_changed_clean_file_makes_other_noise_and_packs_anew(root, tmp_path_factory):
    cache = tmp_path_factory.mktemp("cache")
    said = []

    def pack(content):
        said.clear()
        return open_store(corpus(root, content), 16000, cache, label="x", say=said.append)

    assert len(pack("noise")) == 4
    assert len(pack("speech")) == 4
    assert "packing 4 recordings" in said[0]
    pack("noise")
    assert said == []
    clean = root / "clean_trainset_28spk_wav" / "p227_001.wav"
    os.utime(clean, ns=(1, 1))
    pack("noise")
    assert "packing 4 recordings" in said[0]
