"""The manifest a scan writes, and its split."""

import json
import os

import pytest

from sslse.corpora.manifest import Manifest
from sslse.errors import DataError
from sslse.scan import Split, refuse_target, write_manifest

KEYS = [f"{who}/{who}_{number}.wav" for who in ("ann", "bob", "cem", "dee") for number in range(5)]


@pytest.fixture
def folder(tmp_path):
    for key in KEYS:
        (tmp_path / "audio" / key).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "audio" / key).touch()
    return tmp_path / "audio"


@pytest.mark.parametrize("ending", ["csv", "jsonl"])
@pytest.mark.parametrize("place", [".", "audio", "audio/ann", "elsewhere"])
def test_the_corpus_reads_what_is_written(folder, tmp_path, ending, place):
    (tmp_path / place).mkdir(exist_ok=True)
    file = tmp_path / place / f"list.{ending}"
    counts = write_manifest(file, folder, KEYS, Split(0.25, r"(\w+)_", 1))
    root = None if place == "." else str(folder)
    if place == "audio":  # the manifest's own folder: a root says the same
        assert (
            Manifest(file=str(file)).recordings()
            == Manifest(file=str(file), root=root).recordings()
        )
    recordings = Manifest(file=str(file), root=root).recordings()
    assert {one.source.resolve() for one in recordings} == {folder / key for key in KEYS}
    parts = {part: [o for o in recordings if o.part == part] for part in ("train", "test")}
    assert counts == (len(parts["train"]), len(parts["test"])) == (15, 5)
    assert len({one.speaker for one in parts["test"]}) == 1
    assert {one.speaker for one in recordings} == {"ann", "bob", "cem", "dee"}


def test_the_seed_chooses(folder, tmp_path):
    def test_part(number, **options):
        file = tmp_path / f"{number}.jsonl"
        write_manifest(file, folder, KEYS, Split(0.3, **options))
        rows = [json.loads(line) for line in file.read_text("utf-8").splitlines()]
        return [row["path"] for row in rows if row["split"] == "test"]

    splits = [test_part(number, seed=seed) for number, seed in enumerate((0, 0, 1))]
    assert splits[0] == splits[1] != splits[2]
    assert len(splits[0]) == 6


def test_odd_names_survive(tmp_path):
    keys = [
        'a, "b".wav',
        "ç d.wav",
        "#e.wav",
        " f.wav",
        "g .wav",
        *([] if os.sep == "\\" else ["h\\i.wav"]),
    ]
    for key in keys:
        (tmp_path / key).touch()
    for ending in ("csv", "jsonl"):
        write_manifest(tmp_path / f"x.{ending}", tmp_path, keys, Split())
        recordings = Manifest(file=f"{tmp_path}/x.{ending}").recordings()
        assert {one.key for one in recordings} == set(keys)


def test_a_file_is_never_overwritten(folder, tmp_path):
    file = tmp_path / "list.csv"
    file.write_text("mine")
    with pytest.raises(DataError) as caught:
        write_manifest(file, folder, KEYS, Split())
    assert str(caught.value) == f"{file}: exists and is not overwritten; choose another name"
    assert file.read_text() == "mine"


def test_impossible_targets_are_refused(folder, tmp_path):
    with pytest.raises(DataError) as caught:
        refuse_target(tmp_path / "list.txt")
    assert str(caught.value) == f"{tmp_path}/list.txt: a manifest ends in .csv or .jsonl"
    with pytest.raises(DataError) as caught:
        refuse_target(tmp_path / "no" / "list.csv")
    assert str(caught.value) == f"{tmp_path}/no/list.csv: there is no folder {tmp_path}/no"
    with pytest.raises(DataError) as caught:
        write_manifest(tmp_path / "list.csv", folder, [], Split())
    text = f"{folder}: no usable recording; {tmp_path}/list.csv is not written"
    assert str(caught.value) == text
    assert not (tmp_path / "list.csv").exists()


def test_a_pattern_must_find_every_speaker():
    with pytest.raises(DataError) as caught:
        Split(speaker="a{99999999999}").speakers(KEYS)
    assert "is not a regular expression: the repetition number is too large" in str(caught.value)
    with pytest.raises(DataError) as caught:
        Split(speaker="(a").speakers(KEYS)
    assert str(caught.value).startswith("--speaker: '(a' is not a regular expression: missing )")
    with pytest.raises(DataError) as caught:
        Split(speaker="^ann").speakers(KEYS)
    assert str(caught.value) == (
        "--speaker: '^ann' finds no speaker in 15 of 20 paths: bob/bob_0.wav, bob/bob_1.wav, "
        "bob/bob_2.wav, bob/bob_3.wav, bob/bob_4.wav and 10 more"
    )
    assert Split(speaker="^...").speakers(["ann/x.wav"]) == {"ann/x.wav": "ann"}
