"""``sslse data scan``: what it prints, writes and refuses."""

import itertools

import numpy as np
import pytest
import soundfile
from click.testing import CliRunner

from sslse.cli import main
from sslse.corpora.manifest import Manifest

RATE = 8000


@pytest.fixture
def folder(tmp_path):
    root = tmp_path / "a [b] c"
    root.mkdir()
    for number in range(12):
        wave = np.random.default_rng(number).integers(-9000, 9000, RATE).astype(np.int16)
        for who in ("ann", "bob", "cem")[: 1 + number // 4]:
            soundfile.write(
                root / f"{who}-{number}.wav", np.roll(wave, len(who) + ord(who[0])), RATE
            )
    for number in range(12):
        (root / f"ann-broken{number:02}.wav").write_bytes(b"RIFF")
    soundfile.write(root / "bob-zero.wav", np.zeros(RATE), RATE)
    soundfile.write(root / "bob-short.wav", np.ones(10) / 2, RATE)
    wave, _ = soundfile.read(root / "ann-0.wav")
    soundfile.write(root / "cem-copy.flac", wave, RATE)
    return root


def call(*arguments):
    return CliRunner().invoke(main, ["data", "scan", *map(str, arguments)])


def test_the_report(folder):
    result = call(folder)
    assert result.exit_code == 0, result.output
    assert result.stderr == ""
    text = " ".join(result.stdout.replace("│", " ").split())
    assert str(folder.name) in text
    for part in (
        "files 27 readable, 0.01 h",
        "rates 8000 Hz (27)",
        "channels 1 (27)",
        "lengths 0.00 s to 1.00 s, median 1.00 s",
        "silent files 1, 1 of them all zero",
        "too short 1 under 0.1 s",
        "copies 1 files with the samples of another",
        "unreadable 12 files",
        "usable 24 of 39 files",
        "DC offset 0 files whose mean is over a tenth of their power",
        "speakers: unknown, so that a split may have one in both parts; of speech, name them:",
        "same samples: ann-0.wav = cem-copy.flac",
        "silent: bob-zero.wav",
        "too short: bob-short.wav",
    ):
        assert part in text
    lines = result.stdout.splitlines()
    first = lines.index("unreadable:") + 1
    assert lines[first].startswith("  ann-broken00.wav: cannot be read as audio: ")
    assert lines[first + 9].startswith("  ann-broken09.wav: ")
    assert lines[first + 10] == "  and 2 more"


def test_the_manifest(folder, tmp_path):
    file = tmp_path / "list.csv"
    options = ("-o", file, "--speaker", "^[a-z]+", "--test-share", 0.3, "--seed", 5)
    result = call(folder, *options)
    assert result.exit_code == 0, result.output
    recordings = Manifest(file=str(file)).recordings()
    test = {one.speaker for one in recordings if one.part == "test"}
    train = {one.speaker for one in recordings if one.part == "train"}
    assert test
    assert train | test == {"ann", "bob", "cem"}
    assert not train & test
    counts = [sum(one.part == part for one in recordings) for part in ("train", "test")]
    last = f"{file}: {counts[0]} recordings for training, {counts[1]} for testing"
    assert result.stdout.splitlines()[-1] == last
    again = call(folder, *options)
    assert again.exit_code == 2
    assert again.stderr == f"{file}: exists and is not overwritten; choose another name\n"


def test_a_manifest_elsewhere_says_what_its_root_is(folder, tmp_path):
    (tmp_path / "lists").mkdir()
    file = tmp_path / "lists" / "list.csv"
    result = call(folder, "-o", file)
    assert result.stdout.splitlines()[-1] == (
        f"{file}: paths are relative to {folder}; the corpus takes 'root: {folder}' "
        f"(--data manifest: SPEECH_MANIFEST_ROOT={folder}, or NOISE_MANIFEST_ROOT)"
    )
    assert "../" not in file.read_text("utf-8")
    assert len(Manifest(file=str(file), root=str(folder)).recordings()) == 24


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["-o", "no/x.csv"], "no/x.csv: there is no folder no"),
        (["-o", "x.txt"], "x.txt: a manifest ends in .csv or .jsonl"),
        (["--speaker", "zed"], "--speaker: 'zed' finds no speaker in 39 of 39 paths: "),
    ],
)
def test_what_cannot_end_well_does_not_begin(folder, options, message, monkeypatch):
    def never(*_):
        raise AssertionError("read a file")

    monkeypatch.setattr("sslse.scan.scan", never)
    result = call(folder, *options)
    assert result.exit_code == 2
    assert result.stderr.startswith(message)


def test_wrong_folders_and_values(tmp_path):
    result = call(tmp_path / "no")
    assert (result.exit_code, result.stderr) == (2, f"{tmp_path}/no: no such folder\n")
    assert "0<=x<=1" in call(tmp_path, "--test-share", 2).stderr
    (tmp_path / "x.wav").touch()
    result = call(tmp_path)
    assert result.exit_code == 0
    assert result.stdout.startswith("unreadable:\n  x.wav: is empty (0 bytes)\nspeakers: unknown")


def test_a_known_layout_gives_the_speakers_and_offsets_are_named(tmp_path):
    for speaker, part in itertools.product((1, 2, 3, 4), range(3)):
        wave = 0.05 * np.random.default_rng(10 * speaker + part).standard_normal(RATE)
        soundfile.write(tmp_path / f"{speaker}-7-000{part}.wav", wave + 0.3 * (part == 2), RATE)
    file = tmp_path / "list.csv"
    result = call(tmp_path, "-o", file, "--test-share", 0.3)
    lines = result.stdout.splitlines()
    assert "speakers: 4 (found as in LibriSpeech; --speaker PATTERN finds others)" in lines
    assert "DC offset, which data.remove_mean takes away:" in lines
    assert sum("(mean 0.30" in line or "(mean 0.29" in line for line in lines) == 4
    recordings = Manifest(file=str(file)).recordings()
    parts = [{o.speaker for o in recordings if o.part == part} for part in ("train", "test")]
    assert not parts[0] & parts[1]
    assert parts[0] | parts[1] == {"1", "2", "3", "4"}


@pytest.mark.parametrize("arguments", [["--debug", "scan"], ["scan", "--debug"]])
def test_debug_before_and_after_the_subcommand(tmp_path, arguments):
    result = CliRunner().invoke(main, ["data", *arguments, str(tmp_path / "no")])
    assert result.exit_code == 2
    assert result.stderr.startswith("Traceback")
