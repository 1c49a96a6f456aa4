"""TIMIT: its layout in every case of letters, both splits, and what is refused."""

import itertools

import numpy as np
import pytest
import soundfile

from sslse.corpora.timit import Timit
from sslse.errors import DataError

UTTERANCES = ("SA1", "SA2", "SI100", "SI200", "SI300", "SX1", "SX2", "SX3", "SX4", "SX5")


def speaker_names():
    for letters in itertools.product("ABCDEFGHIJ", repeat=3):
        yield f"F{''.join(letters)}0"


def make_part(part, speakers, ending=".WAV", change=str):
    """Write empty files in TIMIT's layout; what opens one of them fails."""
    for number, speaker in enumerate(itertools.islice(speaker_names(), speakers)):
        folder = part / change(f"DR{number % 8 + 1}") / change(speaker)
        folder.mkdir(parents=True)
        for utterance in UTTERANCES:
            (folder / change(f"{utterance}{ending}")).touch()
            (folder / change(f"{utterance}.PHN")).touch()


def keys(corpus, part=None):
    return [one.key for one in corpus.recordings() if part in (None, one.part)]


def message(corpus):
    with pytest.raises(DataError) as caught:
        corpus.recordings()
    return str(caught.value)


def test_the_paper_split_has_the_papers_numbers(tmp_path):
    make_part(tmp_path / "TRAIN", 462)
    make_part(tmp_path / "TEST", 2)
    corpus = Timit(root=str(tmp_path))
    train, test = keys(corpus, "train"), keys(corpus, "test")
    assert (len(train), len(test)) == (4120, 500)
    assert len({*train, *test}) == 4620
    assert all(key.startswith("TRAIN/") for key in train + test)
    without_sa = Timit(root=str(tmp_path), sa=False)
    assert (len(keys(without_sa, "train")), len(keys(without_sa, "test"))) == (3296, 400)


def test_the_paper_split_does_not_depend_on_the_case_on_disk(tmp_path):
    make_part(tmp_path / "upper" / "TRAIN", 12)
    make_part(tmp_path / "lower" / "train", 12, change=str.lower)
    upper = Timit(root=str(tmp_path / "upper")).recordings()
    lower = Timit(root=str(tmp_path / "lower")).recordings()
    assert [(one.key, one.part, one.speaker) for one in upper] == [
        (one.key, one.part, one.speaker) for one in lower
    ]
    assert upper[0].key == "TRAIN/DR1/FAAA0/SA1"
    assert upper[0].source == tmp_path / "upper/TRAIN/DR1/FAAA0/SA1.WAV"
    assert lower[0].source == tmp_path / "lower/train/dr1/faaa0/sa1.wav"
    assert len([one for one in upper if one.part == "test"]) == 13


def test_the_paper_split_chooses_the_same_sentences_for_ever(tmp_path):
    make_part(tmp_path / "TRAIN", 3)
    assert keys(Timit(root=str(tmp_path)), "test") == [
        "TRAIN/DR1/FAAA0/SX2",
        "TRAIN/DR1/FAAA0/SX4",
        "TRAIN/DR2/FAAB0/SI200",
    ]


def test_two_recordings_suffice_for_the_paper_split(tmp_path):
    folder = tmp_path / "TRAIN" / "DR1" / "FAAA0"
    folder.mkdir(parents=True)
    (folder / "SX1.WAV").touch()
    assert message(Timit(root=str(tmp_path))) == (
        f"{tmp_path}: only one recording in the TRAIN part; split: paper divides it, at least two "
        "are needed"
    )
    (folder / "SX2.WAV").touch()
    assert {one.part for one in Timit(root=str(tmp_path)).recordings()} == {"train", "test"}


def test_the_speaker_split_is_timits_own(tmp_path):
    make_part(tmp_path / "TRAIN", 3)
    make_part(tmp_path / "test", 2, change=str.lower)
    corpus = Timit(root=str(tmp_path), split="speaker")
    assert len(keys(corpus, "train")) == 30
    assert len(keys(corpus, "test")) == 20
    assert all(key.startswith("TRAIN/") for key in keys(corpus, "train"))
    assert all(key.startswith("TEST/") for key in keys(corpus, "test"))
    assert keys(corpus) == sorted(keys(corpus))
    assert len(keys(Timit(root=str(tmp_path), split="speaker", sa=False))) == 40


def test_the_speaker_is_the_folder(tmp_path):
    make_part(tmp_path / "TRAIN", 2, change=str.lower)
    speakers = {one.key: one.speaker for one in Timit(root=str(tmp_path)).recordings()}
    assert set(speakers.values()) == {"FAAA0", "FAAB0"}
    assert speakers["TRAIN/DR2/FAAB0/SX5"] == "FAAB0"


@pytest.mark.parametrize("above", ["TIMIT", "timit", "any_name"])
def test_the_root_may_be_one_folder_higher(tmp_path, above):
    make_part(tmp_path / above / "TRAIN", 2)
    (tmp_path / "other" / "train" / "x").mkdir(parents=True)
    assert keys(Timit(root=str(tmp_path)))[0] == "TRAIN/DR1/FAAA0/SA1"


def test_of_sphere_and_riff_side_by_side_the_riff_file_is_read(tmp_path):
    make_part(tmp_path / "TRAIN", 1)
    folder = tmp_path / "TRAIN" / "DR1" / "FAAA0"
    for name in ("SA1.WAV.wav", "._SA1.WAV", "SA1.TXT"):
        (folder / name).touch()
    (folder / "SA2.WAV").rename(folder / "SA2.WAV.wav")
    found = {one.key: one.source.name for one in Timit(root=str(tmp_path)).recordings()}
    assert len(found) == 10
    assert found["TRAIN/DR1/FAAA0/SA1"] == "SA1.WAV.wav"
    assert found["TRAIN/DR1/FAAA0/SA2"] == "SA2.WAV.wav"
    assert found["TRAIN/DR1/FAAA0/SX1"] == "SX1.WAV"


@pytest.mark.parametrize(("format_", "magic"), [("NIST", b"NIST_1A"), ("WAV", b"RIFF")])
def test_sphere_and_riff_are_read(tmp_path, format_, magic):
    make_part(tmp_path / "TRAIN", 1)
    written = np.linspace(-0.5, 0.5, 1600)
    for path in tmp_path.rglob("*.WAV"):
        soundfile.write(path, written, 16000, format=format_, subtype="PCM_16")
        assert path.read_bytes().startswith(magic)
    corpus = Timit(root=str(tmp_path))
    samples, sample_rate = corpus.read(corpus.recordings()[0])
    assert sample_rate == 16000
    np.testing.assert_allclose(samples, written, atol=1 / 32768)


def test_a_missing_root_is_named(tmp_path):
    assert message(Timit(root=str(tmp_path / "no"))) == (
        f"{tmp_path}/no: no such folder; root is the folder above TIMIT's TRAIN"
    )


def test_a_root_without_train_is_named(tmp_path):
    make_part(tmp_path / "TEST", 1)
    assert message(Timit(root=str(tmp_path))) == (
        f"{tmp_path}: no TRAIN part; looked for TRAIN/DR1 to TRAIN/DR8, in any case of letters, "
        "there and one folder below"
    )


def test_several_copies_are_named(tmp_path):
    make_part(tmp_path / "a" / "TRAIN", 1)
    make_part(tmp_path / "b" / "train", 1)
    assert message(Timit(root=str(tmp_path))) == (
        f"{tmp_path}: several copies of TIMIT; root must be one of: {tmp_path}/a, {tmp_path}/b"
    )


def test_an_empty_part_is_named(tmp_path):
    make_part(tmp_path / "TRAIN", 1, ending=".MP3")
    assert message(Timit(root=str(tmp_path))) == (
        f"{tmp_path}: no recording in the TRAIN part; looked for "
        "TRAIN/DR1/SPEAKER/UTTERANCE.WAV, in any case of letters"
    )
    make_part(tmp_path / "b" / "TRAIN", 1)
    (tmp_path / "b" / "TEST").mkdir()
    assert message(Timit(root=str(tmp_path / "b"), split="speaker")) == (
        f"{tmp_path}/b: no recording in the TEST part; looked for "
        "TEST/DR1/SPEAKER/UTTERANCE.WAV, in any case of letters"
    )


def test_a_missing_test_part_is_named(tmp_path):
    make_part(tmp_path / "TRAIN", 1)
    assert message(Timit(root=str(tmp_path), split="speaker")) == (
        f"{tmp_path}: no TEST part below it; split: paper needs none"
    )


def test_real_timit(real_audio):
    corpus = Timit(root=str(real_audio / "timit"))
    recordings = corpus.recordings()
    assert len(recordings) == 40
    assert len({one.speaker for one in recordings}) == 4
    assert [one.part for one in recordings].count("test") == 4
    sa1 = next(one for one in recordings if one.key == "TRAIN/DR8/FBCG1/SA1")
    assert sa1.speaker == "FBCG1"
    samples, sample_rate = corpus.read(sa1)
    assert (len(samples), sample_rate) == (49460, 16000)
