"""What is written where, and all that is refused before anything is written."""

import os
from pathlib import Path

import pytest

from sslse.enhance.plan import MOST_SHOWN, Job, plan, shown
from sslse.errors import DataError


@pytest.fixture(autouse=True)
def tree(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("noisy/a.wav", "noisy/b/a.FLAC", "noisy/b/c/d.ogg", "noisy/notes.txt", "x.wav"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    return tmp_path


def paths(*texts):
    return [Path(text) for text in texts]


def planned(*inputs, out="enhanced", overwrite=False):
    (folder,) = paths(out)
    return plan(paths(*inputs), folder, overwrite=overwrite)


def pairs(given):
    return [(str(job.source), str(job.target)) for job in given.jobs]


def refused(*inputs, **options):
    with pytest.raises(DataError) as caught:
        planned(*inputs, **options)
    first, *faults = str(caught.value).splitlines()
    assert first == "nothing was enhanced:"
    return faults


def test_the_tree_of_a_folder_is_kept():
    assert pairs(planned("noisy", "x.wav")) == [
        ("noisy/a.wav", "enhanced/a.wav"),
        ("noisy/b/a.FLAC", "enhanced/b/a.FLAC"),
        ("noisy/b/c/d.ogg", "enhanced/b/c/d.ogg"),
        ("x.wav", "enhanced/x.wav"),
    ]


def test_any_file_that_is_named_is_tried():
    assert pairs(planned("noisy/notes.txt", "missing.wav")) == [
        ("noisy/notes.txt", "enhanced/notes.txt"),
        ("missing.wav", "enhanced/missing.wav"),
    ]


def test_a_second_run_leaves_out_what_the_first_wrote(tree):
    first = pairs(planned("."))
    (tree / "enhanced").mkdir()
    (tree / "enhanced" / "x.wav").touch()
    assert pairs(planned(".", overwrite=True)) == first
    assert refused(".") == [
        "enhanced/x.wav: exists; --overwrite replaces it, -o takes another folder"
    ]


def test_a_folder_below_the_output_is_an_input_like_any():
    assert pairs(planned("noisy/b", out="noisy")) == [
        ("noisy/b/a.FLAC", "noisy/a.FLAC"),
        ("noisy/b/c/d.ogg", "noisy/c/d.ogg"),
    ]


def test_a_file_named_twice_is_enhanced_once():
    assert pairs(planned("noisy/a.wav", "noisy/../noisy/a.wav", "noisy")) == [
        ("noisy/a.wav", "enhanced/a.wav"),
        ("noisy/b/a.FLAC", "enhanced/b/a.FLAC"),
        ("noisy/b/c/d.ogg", "enhanced/b/c/d.ogg"),
    ]


def test_a_folder_without_sound_is_told(tree):
    (tree / "empty").mkdir()
    given = planned("empty", "x.wav")
    assert pairs(given) == [("x.wav", "enhanced/x.wav")]
    assert given.unusable[0].startswith("empty: holds no sound file; searched for .aif, .aifc, ")


def test_two_inputs_with_one_target_are_refused(tree):
    (tree / "y").mkdir()
    (tree / "y" / "x.wav").write_text("another")
    (fault,) = refused("x.wav", "y")
    both = "would be written from x.wav and from y/x.wav; enhance them into two folders"
    assert fault == f"enhanced/x.wav: {both}"


@pytest.mark.parametrize("overwrite", [False, True])
def test_an_input_is_never_a_target(tree, overwrite):
    message = "x.wav: is an input (x.wav); give another folder with -o"
    assert refused("x.wav", out=".", overwrite=overwrite) == [message]
    assert len(refused("noisy", out="noisy", overwrite=overwrite)) == 3
    assert len(refused("noisy", out=f"{tree}/noisy", overwrite=overwrite)) == 3
    (tree / "linked").symlink_to("noisy")
    assert len(refused("noisy", out="linked", overwrite=overwrite)) == 3


@pytest.mark.parametrize("link", [os.symlink, os.link])
def test_links_to_inputs_are_inputs(tree, link):
    (tree / "enhanced").mkdir()
    link(tree / "x.wav", tree / "enhanced" / "a.wav")
    assert refused("noisy/a.wav", "x.wav", overwrite=True) == [
        "enhanced/a.wav: is an input (x.wav); give another folder with -o"
    ]


def test_a_name_that_is_written_to_for_a_while_is_no_input(tree):
    (tree / "a.wav.partial").write_text("sound")
    assert refused("noisy/a.wav", "a.wav.partial", out=".") == [
        "a.wav.partial: is an input, and written to; give another folder with -o",
        "a.wav.partial: is an input (a.wav.partial); give another folder with -o",
    ]


def test_a_target_that_is_a_folder_is_refused(tree):
    (tree / "enhanced" / "x.wav").mkdir(parents=True)
    for overwrite in (False, True):
        assert refused("x.wav", overwrite=overwrite) == [
            "enhanced/x.wav: is a folder; give another folder with -o"
        ]


def test_a_file_is_no_folder_to_write_into():
    message = "x.wav: is no folder to write into; give another one with -o"
    assert refused("noisy/a.wav", out="x.wav/below") == [message]


def test_many_faults_are_counted(tree):
    (tree / "enhanced").mkdir()
    (tree / "many").mkdir()
    for number in range(25):
        (tree / "many" / f"{number:02}.wav").touch()
        (tree / "enhanced" / f"{number:02}.wav").touch()
    faults = refused("many")
    assert len(faults) == MOST_SHOWN + 1
    assert faults[-1] == "and 15 more"


def test_names_that_soundfile_cannot_take_are_told(tree):
    try:
        (tree / "noisy" / "b\udcff.wav").touch()
    except OSError:
        pytest.skip("the file system takes UTF-8 only")
    given = planned("noisy")
    assert given.unusable == ("noisy/b\\xff.wav: its name is not UTF-8; rename it",)
    assert len(given.jobs) == 3


def test_a_folder_that_cannot_be_read_is_told(tree):
    if os.geteuid() == 0:
        pytest.skip("root reads everything")
    (tree / "noisy" / "b").chmod(0)
    try:
        assert planned("noisy").unusable == ("noisy/b: permission denied",)
    finally:
        (tree / "noisy" / "b").chmod(0o700)


def test_names_too_long_are_inputs_that_fail_later():
    (job,) = planned("a" * 5000).jobs
    assert job == Job(*paths("a" * 5000, f"enhanced/{'a' * 5000}"))


def test_a_name_is_shown_on_one_line():
    (path,) = paths("a\nb\x1b[2J.wav")
    assert shown(path) == "a\\nb\\x1b[2J.wav"
