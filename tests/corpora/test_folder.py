"""Any folder: what is found, how it is split, and what is refused."""

import os
import sys
from collections import Counter

import numpy as np
import pytest
import soundfile

from sslse.corpora.folder import Folder
from sslse.errors import DataError, OptionError


def make_files(root, *names):
    """Write empty files; what opens one of them fails."""
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()


def make_speakers(root, sizes):
    make_files(root, *(f"{who}/{n}.wav" for who, size in sizes.items() for n in range(size)))


def keys(corpus, part=None):
    return [one.key for one in corpus.recordings() if part in (None, one.part)]


def message(**options):
    with pytest.raises(DataError) as caught:
        Folder(**options).recordings()
    return str(caught.value)


def test_audio_files_are_found_and_hidden_ones_are_not(tmp_path):
    make_files(tmp_path, "b/B.WAV", "b/a.flac", "a.ogg", "c/d/e.Sph", "b/notes.txt", "README")
    make_files(tmp_path, "b/._B.WAV", ".cache/x.wav", ".hidden.wav", "wav")
    recordings = Folder(root=str(tmp_path)).recordings()
    assert [one.key for one in recordings] == ["a.ogg", "b/B.WAV", "b/a.flac", "c/d/e.Sph"]
    assert [one.source for one in recordings] == [tmp_path / one.key for one in recordings]
    assert {one.speaker for one in recordings} == {one.kind for one in recordings} == {""}


def test_links_are_followed_but_not_in_circles(tmp_path):
    make_files(tmp_path, "disk/a.wav", "disk/b.wav", "root/c.wav")
    (tmp_path / "root" / "linked").symlink_to(tmp_path / "disk")
    (tmp_path / "disk" / "back").symlink_to(tmp_path / "root")
    (tmp_path / "disk" / "itself").symlink_to(tmp_path / "disk")
    found = keys(Folder(root=str(tmp_path / "root")))
    assert found == ["c.wav", "linked/a.wav", "linked/b.wav"]


@pytest.mark.parametrize(("share", "expected"), [(0.1, 2), (0.5, 10), (0.001, 1), (0.0, 0)])
def test_the_seeded_share(tmp_path, share, expected):
    make_speakers(tmp_path, {"a": 10, "b": 10})
    corpus = Folder(root=str(tmp_path), test_share=share)
    assert len(keys(corpus, "test")) == expected
    assert len(keys(corpus, "train")) == 20 - expected


def test_the_seed_changes_the_split(tmp_path):
    make_speakers(tmp_path, {"a": 10, "b": 10})
    splits = [
        keys(Folder(root=str(tmp_path), test_share=0.5, split_seed=seed), "test")
        for seed in (0, 0, 1)
    ]
    assert splits[0] == splits[1] != splits[2]


@pytest.mark.parametrize("seed", range(10))
def test_a_seeded_share_divides_no_speaker(tmp_path, seed):
    make_speakers(tmp_path, {"ann": 3, "bob": 12, "cem": 5, "dee": 9, "eva": 1})
    corpus = Folder(
        root=str(tmp_path), speaker=r"^(\w+)/", test_share=0.3, split_seed=seed
    ).recordings()
    speakers = {
        part: {one.speaker for one in corpus if one.part == part} for part in ("train", "test")
    }
    assert speakers["train"]
    assert speakers["test"]
    assert not speakers["train"] & speakers["test"]
    assert 9 <= [one.part for one in corpus].count("test") <= 14
    assert all(one.speaker == one.key.partition("/")[0] for one in corpus)


def test_the_pattern_gives_its_group_or_the_whole_match(tmp_path):
    make_files(tmp_path, "rain_1.wav", "rain_2.wav", "12-wind.wav")
    kinds = [one.kind for one in Folder(root=str(tmp_path), kind=r"([a-z]+)_\d").recordings()]
    assert kinds == ["", "rain", "rain"]
    kinds = [one.kind for one in Folder(root=str(tmp_path), kind=r"rain|wind").recordings()]
    assert kinds == ["wind", "rain", "rain"]


def test_parts_can_be_folders(tmp_path):
    make_files(tmp_path, "tr/s1/a.wav", "tr/s1/b.wav", "tt/s1/a.wav", "other/c.wav")
    corpus = Folder(root=str(tmp_path), train="tr", test="./tt/", speaker=r"s\d")
    assert keys(corpus, "train") == ["tr/s1/a.wav", "tr/s1/b.wav"]
    assert keys(corpus, "test") == ["tt/s1/a.wav"]
    assert {one.speaker for one in corpus.recordings()} == {"s1"}


def test_parts_can_be_lists(tmp_path):
    make_files(tmp_path, "x/a.wav", "x/b #2.wav", "x/ç.wav", "x/unlisted.wav")
    lines = "\ufeff# for training\n\nx/a.wav\r\n  ./x/b #2.wav  \nx/a.wav\n"
    (tmp_path / "train.txt").write_text(lines, encoding="utf-8")
    (tmp_path / "test.txt").write_text("x/ç.wav", encoding="utf-8")
    corpus = Folder(root=str(tmp_path), train="train.txt", test="test.txt")
    assert keys(corpus, "train") == ["x/a.wav", "x/b #2.wav"]
    assert keys(corpus, "test") == ["x/ç.wav"]


def test_a_list_and_a_folder_go_together(tmp_path):
    make_files(tmp_path, "root/x/a.wav", "root/test/b.wav")
    (tmp_path / "train.txt").write_text("x/a.wav\n")
    corpus = Folder(root=str(tmp_path / "root"), train=str(tmp_path / "train.txt"), test="test")
    assert keys(corpus, "train") == ["x/a.wav"]
    assert keys(corpus, "test") == ["test/b.wav"]


def test_recordings_can_be_read(tmp_path):
    written = np.linspace(-0.5, 0.5, 100)
    soundfile.write(tmp_path / "a.WAV", written, 8000, format="NIST", subtype="PCM_16")
    corpus = Folder(root=str(tmp_path))
    samples, sample_rate = corpus.read(corpus.recordings()[0])
    assert sample_rate == 8000
    np.testing.assert_allclose(samples, written, atol=1 / 32768)


@pytest.mark.parametrize(("given", "missing"), [("train", "test"), ("test", "train")])
def test_one_part_alone_is_refused(tmp_path, given, missing):
    with pytest.raises(OptionError) as caught:
        Folder(root=str(tmp_path), **{given: "x"})
    assert str(caught.value) == f"is needed where {given!r} is given; possible: both or none"
    assert caught.value.option == missing


@pytest.mark.parametrize("option", ["speaker", "kind", "group", "include", "test_pattern"])
def test_a_bad_pattern_is_refused(tmp_path, option):
    with pytest.raises(OptionError) as caught:
        Folder(root=str(tmp_path), **{option: "(a"})
    assert str(caught.value).startswith("'(a' is not a regular expression: missing ), unterminated")
    assert caught.value.option == option


def test_paths_without_a_speaker_are_named(tmp_path):
    make_files(tmp_path, "s1/a.wav", *(f"{letter}.wav" for letter in "bcdefgh"))
    assert message(root=str(tmp_path), speaker=r"s(\d)") == (
        f"{tmp_path}: the speaker pattern 's(\\\\d)' finds no speaker in: b.wav, c.wav, d.wav, "
        "e.wav, f.wav and 2 more"
    )


def test_an_empty_match_is_no_speaker(tmp_path):
    make_files(tmp_path, "a.wav")
    assert message(root=str(tmp_path), speaker="(s1)?") == (
        f"{tmp_path}: the speaker pattern '(s1)?' finds no speaker in: a.wav"
    )


def test_a_missing_root_is_named(tmp_path):
    assert message(root=str(tmp_path / "no")) == f"{tmp_path}/no: no such folder"


def test_an_empty_root_is_named(tmp_path):
    make_files(tmp_path, "notes.txt")
    text = message(root=str(tmp_path))
    assert text.startswith(f"{tmp_path}: no audio file in it; looked for .aif, .aifc, .aiff, .au, ")


def test_an_empty_part_is_named(tmp_path):
    make_files(tmp_path, "train/a.wav", "test/a.txt")
    text = message(root=str(tmp_path), train="train", test="test")
    assert text.startswith(f"{tmp_path}/test: no audio file in it; looked for ")


def test_a_file_in_both_parts_is_named(tmp_path):
    make_files(tmp_path, "a.wav", "b.wav")
    (tmp_path / "train.txt").write_text("a.wav\nb.wav\n")
    (tmp_path / "test.txt").write_text("./b.wav\n")
    assert message(root=str(tmp_path), train="train.txt", test="test.txt") == (
        f"{tmp_path}: in both train and test: b.wav"
    )


def test_listed_files_that_are_missing_are_named(tmp_path):
    make_files(tmp_path, "a.wav", "test/b.wav")
    (tmp_path / "train.txt").write_text("a.wav\n" + "".join(f"{n}.wav\n" for n in range(7)))
    assert message(root=str(tmp_path), train="train.txt", test="test") == (
        f"{tmp_path}/train.txt: not found below {tmp_path}: 0.wav, 1.wav, 2.wav, 3.wav, 4.wav "
        "and 2 more"
    )


@pytest.mark.parametrize("line", ["../a.wav", "/etc/a.wav", "x/../../a.wav"])
def test_listed_files_outside_root_are_named(tmp_path, line):
    make_files(tmp_path, "a.wav", "root/b.wav")
    (tmp_path / "train.txt").write_text(line)
    root = tmp_path / "root"
    text = message(root=str(root), train="../train.txt", test=".")
    assert text == (
        f"{root}/../train.txt: outside {root}: {os.path.normpath(line)}; possible: paths relative "
        "to it"
    )


def test_a_part_outside_root_is_named(tmp_path):
    make_files(tmp_path, "out/a.wav", "root/b.wav")
    root = tmp_path / "root"
    assert message(root=str(root), train="../out", test=".") == (
        f"{root}/../out: lies outside {root}; possible: a folder below it"
    )


def test_a_part_that_does_not_exist_is_named(tmp_path):
    make_files(tmp_path, "train/a.wav")
    assert message(root=str(tmp_path), train="train", test="tset") == (
        f"{tmp_path}/tset: neither a folder nor a list of files"
    )


def test_a_list_without_files_is_named(tmp_path):
    make_files(tmp_path, "train/a.wav")
    (tmp_path / "test.txt").write_text("# nothing yet\n")
    assert message(root=str(tmp_path), train="train", test="test.txt") == (
        f"{tmp_path}/test.txt: names no file"
    )


def test_a_list_that_is_no_text_is_named(tmp_path):
    make_files(tmp_path, "train/a.wav")
    (tmp_path / "test.txt").write_bytes(b"\xff\xfe\x00a")
    assert message(root=str(tmp_path), train="train", test="test.txt") == (
        f"{tmp_path}/test.txt: not a text file in UTF-8; a list names one file a line"
    )


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has file names that are no text")
def test_a_name_that_is_no_utf8_is_named(tmp_path):
    (tmp_path / os.fsdecode(b"caf\xe9.wav")).touch()
    assert message(root=str(tmp_path)) == (
        f"{tmp_path}: the name 'caf\\udce9.wav' is not UTF-8; rename the file"
    )


def test_real_speech(real_audio):
    corpus = Folder(root=str(real_audio / "speech"), speaker=r"^(\d+)_")
    recordings = corpus.recordings()
    assert len(recordings) == 473
    parts = {}
    for one in recordings:
        parts.setdefault(one.speaker, set()).add(one.part)
    assert len(parts) == 225
    assert all(len(part) == 1 for part in parts.values())
    assert Counter(one.part for one in recordings)["test"] == 47
    samples, sample_rate = corpus.read(recordings[0])
    assert sample_rate == 16000
    assert np.abs(samples).max() > 0.01


def test_only_what_is_included_is_there(tmp_path):
    make_files(tmp_path, "noise/a.wav", "noise/b.wav", "music/c.wav", "speech/d.wav")
    assert keys(Folder(root=str(tmp_path), include="^(noise|music)/")) == [
        "music/c.wav",
        "noise/a.wav",
        "noise/b.wav",
    ]
    speakers = Folder(root=str(tmp_path), include="^noise/", speaker="^noise/(.)").recordings()
    assert [one.speaker for one in speakers] == ["a", "b"]


def test_parts_are_included_likewise(tmp_path):
    make_files(tmp_path, "tr/a.ch1.wav", "tr/a.ch2.wav", "x/b.ch1.wav", "x/b.ch2.wav")
    (tmp_path / "test.txt").write_text("x/b.ch1.wav\nx/b.ch2.wav\n")
    corpus = Folder(root=str(tmp_path), train="tr", test="test.txt", include="ch1")
    assert keys(corpus, "train") == ["tr/a.ch1.wav"]
    assert keys(corpus, "test") == ["x/b.ch1.wav"]
    assert message(root=str(tmp_path), train="tr", test="test.txt", include="ch3") == (
        f"{tmp_path}/tr: the include pattern 'ch3' is found in none of 2 paths: tr/a.ch1.wav, "
        "tr/a.ch2.wav"
    )


def test_a_pattern_marks_the_test_part(tmp_path):
    make_files(tmp_path, "audio/1-a.wav", "audio/2-5.wav", "audio/5-a.wav")
    corpus = Folder(root=str(tmp_path), test_pattern="/5-")
    assert keys(corpus, "test") == ["audio/5-a.wav"]
    assert keys(corpus, "train") == ["audio/1-a.wav", "audio/2-5.wav"]


@pytest.mark.parametrize(("pattern", "found"), [("z", "none"), ("[.]wav$", "all")])
def test_a_pattern_that_leaves_a_part_empty_is_refused(tmp_path, pattern, found):
    make_files(tmp_path, "a.wav", "b.wav")
    assert message(root=str(tmp_path), test_pattern=pattern) == (
        f"{tmp_path}: the test pattern {pattern!r} is found in {found} of its 2 paths: a.wav, b.wav"
    )


@pytest.mark.parametrize("seed", range(5))
def test_a_seeded_share_divides_no_group(tmp_path, seed):
    make_files(tmp_path, *(f"fan_{source}_{n}.wav" for source in range(6) for n in range(3)))
    make_files(tmp_path, "alone.wav", "lonely.wav")
    corpus = Folder(
        root=str(tmp_path), group=r"fan_(\d+)", test_share=0.4, split_seed=seed
    ).recordings()
    parts = {part: {o.key[:5] for o in corpus if o.part == part} for part in ("train", "test")}
    assert parts["train"]
    assert parts["test"]
    assert not parts["train"] & parts["test"]
    assert {one.speaker for one in corpus} == {""}


@pytest.mark.parametrize(
    ("options", "option", "text"),
    [
        (
            {"train": "a", "test": "b", "test_pattern": "x"},
            "test_pattern",
            "does not go with 'train' and 'test'",
        ),
        (
            {"speaker": "x", "group": "y"},
            "group",
            "does not go with 'speaker', which groups already",
        ),
    ],
)
def test_options_that_say_the_same_are_refused(tmp_path, options, option, text):
    with pytest.raises(OptionError) as caught:
        Folder(root=str(tmp_path), **options)
    assert str(caught.value) == text
    assert caught.value.option == option
