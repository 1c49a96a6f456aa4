"""Names are the same text whatever the locale and the spelling of accents."""

import os
import sys
import unicodedata
from pathlib import Path

import numpy as np
import pytest

from sslse.api import Recording
from sslse.audio import read_audio, write_audio
from sslse.corpora.folder import Folder
from sslse.corpora.manifest import Manifest
from sslse.corpora.paths import file_of, key_of
from sslse.data.packing import cache_key
from sslse.enhance.sound_files import SoundFormat, replacing
from sslse.errors import DataError
from sslse.scan import Split, find, write_manifest

COMPOSED, DECOMPOSED = (
    [unicodedata.normalize(form, f"jos\u00e9/{name}.wav") for name in ("\u00fcber", "b", "c")]
    for form in ("NFC", "NFD")
)
LOCALES = {"ascii": ("ascii", "surrogateescape"), "latin-1": ("latin-1", "strict")}


@pytest.fixture(params=[COMPOSED, DECOMPOSED], ids=["nfc", "nfd"])
def tree(request, tmp_path):
    """Files whose names the disk has in one of the spellings."""
    root = tmp_path / "audio"
    for key in request.param:
        (root / key).parent.mkdir(parents=True, exist_ok=True)
        (root / key).touch()
    return root


@pytest.fixture(params=LOCALES)
def locale(request, monkeypatch):
    """The system's names as a process under another locale has them."""
    coding = LOCALES[request.param]
    monkeypatch.setattr(os, "fsencode", lambda name: os.fspath(name).encode(*coding))
    monkeypatch.setattr(os, "fsdecode", lambda name: name.decode(*coding))
    return coding


def test_a_folder_has_the_same_keys_and_its_files(tree):
    recordings = Folder(root=str(tree), speaker="^[^/]+").recordings()
    assert [one.key for one in recordings] == sorted(COMPOSED)
    assert {one.speaker for one in recordings} == {"jos\u00e9"}
    assert all(one.source.is_file() for one in recordings)


@pytest.mark.parametrize("names", [COMPOSED, DECOMPOSED], ids=["nfc", "nfd"])
def test_lists_and_tables_find_files_in_either_spelling(tree, names):
    (tree / "train.txt").write_text("\n".join(names[1:]), "utf-8")
    (tree / "test.txt").write_text(names[0], "utf-8")
    rows = [f"{name},{'train' if number else 'test'}" for number, name in enumerate(names)]
    (tree / "list.csv").write_text("\n".join(["path,split", *rows]), "utf-8")
    for corpus in (
        Folder(root=str(tree), train="train.txt", test="test.txt"),
        Manifest(file=str(tree / "list.csv")),
    ):
        recordings = corpus.recordings()
        assert {one.key: one.part for one in recordings} == dict(
            zip(COMPOSED, ("test", "train", "train"), strict=True)
        )
        assert all(one.source.is_file() for one in recordings)


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have but one spelling")
def test_two_names_that_differ_in_the_spelling_alone_are_refused(tmp_path):
    for name in (COMPOSED[0], DECOMPOSED[0]):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).touch()
    with pytest.raises(DataError) as caught:
        find(tmp_path)
    assert str(caught.value) == (
        f"{tmp_path}: names of files that differ only in how accents are spelled (NFC and NFD): "
        f"{COMPOSED[0]}; remove or rename one of each"
    )


def test_no_locale_changes_a_key(locale, tmp_path):
    name = "\u00fcber/\u4f60.wav"
    as_given = name.encode("utf-8").decode(*locale)
    assert as_given != name
    assert key_of(as_given, tmp_path) == name
    assert file_of(tmp_path, name) == tmp_path / as_given
    with pytest.raises(DataError, match=r"is not UTF-8; rename the file"):
        key_of(b"caf\xe9.wav".decode(*locale), tmp_path)


def test_a_manifest_is_utf8_under_every_locale(locale, tmp_path):
    above = tmp_path / "\u00fcber".encode().decode(*locale)
    name = "\u00fc.wav"
    (tmp_path / "list.csv").unlink(missing_ok=True)
    write_manifest(tmp_path / "list.csv", above, [name, "b.wav"], Split(0.0))
    text = (tmp_path / "list.csv").read_text("utf-8")
    assert "\u00fcber/\u00fc.wav,train," in text


def test_sound_is_read_and_written_under_an_ascii_locale(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "getfilesystemencoding", lambda: "ascii")
    file = tmp_path / "\u00fc.wav"
    write_audio(file, np.full(200, 0.25, np.float32), 16000)
    with replacing(
        tmp_path / "\u00e4.wav", SoundFormat("WAV", "PCM_16", "FILE", 16000, 1), 200
    ) as to:
        to(np.full((1, 200), 0.25, np.float32))
    for one in (file, tmp_path / "\u00e4.wav"):
        assert (read_audio(one)[0] == 0.25).all()
    empty = tmp_path / "\u00f6.wav"
    write_audio(empty, np.zeros(0, np.float32), 16000)
    with pytest.raises(DataError) as caught:
        read_audio(empty)
    assert str(caught.value) == f"{empty}: holds no samples"


def test_a_cache_has_a_key_for_every_name(tmp_path):
    sources = [Path(name.encode().decode("ascii", "surrogateescape")) for name in COMPOSED]
    recordings = [Recording("k", one, "train") for one in sources]
    corpus = Folder(root=str(tmp_path))
    assert len({cache_key(corpus, [one], 16000) for one in recordings}) == len(sources)


def test_a_path_spelled_in_both_ways_is_found(tmp_path):
    folder = unicodedata.normalize("NFD", "Gänge")
    name = unicodedata.normalize("NFC", "größer") + " 5 \u2126.wav"  # ohm: NFC replaces it
    file = tmp_path / folder / name
    file.parent.mkdir()
    write_audio(file, np.full(1600, 0.1, np.float32), 16000)
    key = key_of(f"{folder}/{name}", tmp_path)
    assert key == unicodedata.normalize("NFC", key)
    assert file_of(tmp_path, key) == file
    assert file_of(tmp_path, "Gänge/none.wav") == file.with_name("none.wav")
