"""Manifests: what a row may say, what is refused, and which samples a segment has."""

import json

import numpy as np
import pytest
import soundfile

from sslse.corpora.manifest import Manifest
from sslse.data.packing import open_store
from sslse.errors import DataError

RATE = 8000


@pytest.fixture
def files(tmp_path):
    """Write three files of a second; no two of their samples are equal."""
    waves = {}
    for number, name in enumerate(("a.wav", "sub/b.flac", "c d.wav")):
        waves[name] = (np.arange(RATE) + number * RATE + 1).astype(np.int16)
        (tmp_path / name).parent.mkdir(exist_ok=True)
        soundfile.write(tmp_path / name, waves[name], RATE)
    return {name: wave / 32768 for name, wave in waves.items()}


@pytest.fixture
def manifest(tmp_path, files):
    """Give a function that writes a CSV manifest and makes its corpus."""

    def make(text, name="list.csv", **options):
        (tmp_path / name).write_text(text, encoding="utf-8")
        return Manifest(file=str(tmp_path / name), **options)

    return make


@pytest.fixture
def message(manifest):
    def say(text, **options):
        with pytest.raises(DataError) as caught:
            manifest(text, **options).recordings()
        return str(caught.value)

    return say


def test_rows_are_recordings(manifest, tmp_path):
    corpus = manifest(
        "\ufeffpath, split ,speaker,kind\nsub/b.flac,test,bob,\n\n./a.wav, train ,ann,\n"
        '"c d.wav",train,,rain\n'
    )
    recordings = corpus.recordings()
    assert [(one.key, one.part, one.speaker, one.kind) for one in recordings] == [
        ("a.wav", "train", "ann", ""),
        ("c d.wav", "train", "", "rain"),
        ("sub/b.flac", "test", "bob", ""),
    ]
    assert [one.source for one in recordings] == [tmp_path / one.key for one in recordings]


def test_json_lines_say_the_same(manifest):
    rows = [
        {"path": "a.wav", "split": "train", "speaker": "ann", "start": 0.25, "seconds": 0.5},
        {"path": "sub/b.flac", "split": "test", "kind": None, "start": 0},
    ]
    lines = manifest("\n".join(json.dumps(row) for row in rows) + "\n", name="list.jsonl")
    table = manifest(
        "path,split,speaker,start,seconds\na.wav,train,ann,.25,5e-1\nsub/b.flac,test,,0,\n"
    )
    assert lines.recordings() == table.recordings()
    assert [one.key for one in lines.recordings()] == ["a.wav#0.25+0.5", "sub/b.flac"]


@pytest.mark.parametrize(
    ("start", "seconds", "samples"),
    [
        ("", "", slice(0, 8000)),
        ("0.5", "", slice(4000, 8000)),
        ("", "0.25", slice(0, 2000)),
        ("0.125", "0.25", slice(1000, 3000)),
        ("0.875", "0.125", slice(7000, 8000)),
    ],
)
@pytest.mark.parametrize("name", ["a.wav", "sub/b.flac"])
def test_a_segment_has_its_samples(manifest, files, name, start, seconds, samples):
    corpus = manifest(f"path,split,start,seconds\n{name},train,{start},{seconds}\n")
    (recording,) = corpus.recordings()
    read, rate = corpus.read(recording)
    assert rate == RATE
    assert read.dtype == np.float32
    np.testing.assert_array_equal(read, files[name][samples])


def test_a_segments_channels_are_averaged(manifest, tmp_path):
    channels = np.arange(2000, dtype=np.int16).reshape(1000, 2)
    soundfile.write(tmp_path / "two.wav", channels, RATE)
    corpus = manifest("path,split,start\ntwo.wav,train,0.1\n")
    read, _ = corpus.read(corpus.recordings()[0])
    np.testing.assert_array_equal(read, channels[800:].mean(1) / 32768)


def test_only_the_segment_is_read(manifest, tmp_path, monkeypatch):
    corpus = manifest("path,split,start,seconds\na.wav,train,0.5,0.125\n")
    counts = []
    read = soundfile.SoundFile.read

    def counting(self, frames=-1, *arguments, **options):
        counts.append(frames)
        return read(self, frames, *arguments, **options)

    monkeypatch.setattr(soundfile.SoundFile, "read", counting)
    corpus.read(corpus.recordings()[0])
    assert counts == [1000]


@pytest.mark.parametrize(("start", "seconds"), [("0.5", "0.6"), ("1", ""), ("3", "0.1")])
def test_a_segment_beyond_the_end_is_refused_when_read(manifest, tmp_path, start, seconds):
    corpus = manifest(f"path,split,start,seconds\na.wav,train,{start},{seconds}\n")
    (recording,) = corpus.recordings()
    with pytest.raises(DataError) as caught:
        corpus.read(recording)
    segment = recording.key.partition("#")[2]
    assert str(caught.value) == (
        f"{tmp_path}/a.wav: the segment {segment} goes beyond the file's 1.000 s"
    )


def test_an_unreadable_file_is_named_with_the_reason(manifest, tmp_path):
    (tmp_path / "a.wav").write_bytes(b"RIFF nothing")
    (tmp_path / "c d.wav").write_bytes(b"")
    corpus = manifest("path,split,start\na.wav,train,0.5\nc d.wav,test,0.5\n")
    bad, empty = corpus.recordings()
    with pytest.raises(DataError, match=r"a\.wav: cannot be read as audio: .*possible: whatever"):
        corpus.read(bad)
    with pytest.raises(DataError, match=r"c d.wav: is empty \(0 bytes\)"):
        corpus.read(empty)


def test_root_is_where_the_paths_begin(manifest, tmp_path):
    (tmp_path / "lists").mkdir()
    corpus = manifest("path,split\nb.flac,train\n", name="lists/x.csv", root=f"{tmp_path}/sub")
    assert corpus.recordings()[0].source == tmp_path / "sub" / "b.flac"
    inside = manifest("path,split\nsub/../a.wav,train\n")
    assert inside.recordings()[0].key == "a.wav"


@pytest.mark.parametrize("path", ["../a.wav", "..", "sub/../../a.wav", "./../lists/../a.wav"])
def test_a_path_never_leaves_the_root(manifest, message, tmp_path, path):
    (tmp_path / "lists").mkdir()
    text = message(f"path,split\n{path},train\n", name="lists/y.csv")
    assert text == (
        f"{tmp_path}/lists/y.csv:2: path: {path!r} leaves the folder that paths are relative to "
        "('root')"
    )
    allowed = manifest("path,split\na.wav,train\n", name="lists/z.csv", root=str(tmp_path))
    assert allowed.recordings()[0].source == tmp_path / "a.wav"


def test_a_link_in_the_folder_is_followed(manifest, tmp_path):
    (tmp_path / "lists").mkdir()
    (tmp_path / "lists" / "link.wav").symlink_to(tmp_path / "a.wav")
    corpus = manifest("path,split\nlink.wav,train\n", name="lists/y.csv")
    assert len(corpus.read(corpus.recordings()[0])[0]) == RATE


@pytest.mark.parametrize("start", ["1e308", "1e15"])
def test_a_start_beyond_all_files_is_refused(manifest, start):
    corpus = manifest(f"path,split,start,seconds\na.wav,train,{start},0.1\n")
    with pytest.raises(DataError, match=r"goes beyond the file's 1\.000 s"):
        corpus.read(corpus.recordings()[0])


def test_a_header_that_claims_more_than_is_there_gives_no_short_segment(manifest, tmp_path):
    content = bytearray((tmp_path / "sub" / "b.flac").read_bytes())
    content[21:26] = bytes([content[21] | 0xF, 0xFF, 0xFF, 0xFF, 0xFF])  # 2**36 - 1 samples
    (tmp_path / "long.flac").write_bytes(content)
    corpus = manifest("path,split,start,seconds\nlong.flac,train,0.5,100000\n")
    with pytest.raises(DataError, match=r"long\.flac: "):
        corpus.read(corpus.recordings()[0])


def test_faults_of_rows_are_reported_together(message, tmp_path):
    text = message(
        "path,split,start,seconds\n"
        "no.wav,train,,\n"
        ",test,,\n"
        "a.wav,tset,,\n"
        "a.wav,train,-1,0\n"
        "a.wav,train,nan,abc\n"
        "/abs.wav,train,,\n"
    )
    place = f"{tmp_path}/list.csv"
    assert text.splitlines() == [
        f"{place}:2: path: no file {tmp_path}/no.wav",
        f"{place}:3: path: is required",
        f"{place}:4: split: takes train or test, not 'tset'; did you mean 'test'?",
        f"{place}:5: start: takes a number of seconds >= 0, not '-1'",
        f"{place}:5: seconds: takes a number > 0 or nothing, not 0",
        "and 3 more",
    ]


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        ("a.wav,train,,inf", "seconds: takes a number of seconds >= 0, not 'inf'"),
        ("/a.wav,train,,", "path: takes a relative path, not '/a.wav'"),
        ("a.wav", "split: takes train or test, not ''"),
        ("a,b.wav,train,,", "5 cells for 4 columns; quote a text with a comma"),
    ],
)
def test_a_fault_of_a_cell(message, tmp_path, row, fault):
    assert message(f"path,split,start,seconds\n{row}\n") == f"{tmp_path}/list.csv:2: {fault}"


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ('{"path": "a.wav", "split": "train", "speaker": 7}', "speaker: takes text, not 7"),
        (
            '{"path": "a.wav", "split": "train", "start": true}',
            "start: takes a number of seconds >= 0, not true",
        ),
        (
            '{"path": "a.wav", "split": "train", "speeker": "x"}',
            "speeker: unknown column; did you mean 'speaker'? (possible: path, split, ",
        ),
        ('["a.wav"]', 'takes an object, {"path": ...}, not ["a.wav"]'),
        ("{path: a}", "not valid JSON: Expecting property name enclosed in double quotes: "),
        ("[" * 200_000, "not valid JSON: "),
    ],
)
def test_a_fault_of_a_json_line(message, tmp_path, line, fault):
    good = '{"path": "sub/b.flac", "split": "test"}'
    text = message(f"{good}\n\n{line}\n", name="list.jsonl")
    assert text.startswith(f"{tmp_path}/list.jsonl:3: {fault}")


def test_a_wrong_header_is_refused_at_once(message, tmp_path):
    place = f"{tmp_path}/list.csv:1"
    possible = "(possible: path, split, speaker, kind, start, seconds)"
    assert message("file,split,speakr,split\na.wav,train,x,y\n").splitlines() == [
        f"{place}: file: unknown column {possible}",
        f"{place}: speakr: unknown column; did you mean 'speaker'? {possible}",
        f"{place}: split: the column is given twice",
        f"{place}: path: the column is missing {possible}",
    ]
    assert message("").splitlines()[0] == f"{place}: path: the column is missing {possible}"


def test_a_recording_listed_twice_is_named(message, tmp_path):
    place = f"{tmp_path}/list.csv"
    text = message(
        "path,split,start,seconds\na.wav,train,0.1,0.2\na.wav,train,0.3,0.2\n./a.wav,test,0.10,.2\n"
    )
    assert text == f"{place}:4: path: a.wav#0.1+0.2 is listed already (line 2)"


@pytest.mark.parametrize(
    ("one", "other"),
    [("0.1,0.3", "0.3,0.3"), (",", "0.9,"), ("0.5,", "0.6,0.1"), ("0,0.6", "0.5,0.1")],
)
def test_overlapping_segments_are_not_in_different_parts(manifest, message, tmp_path, one, other):
    header = "path,split,start,seconds\n"
    assert len(manifest(f"{header}a.wav,train,{one}\na.wav,train,{other}\n").recordings()) == 2
    first, second = manifest(f"{header}a.wav,train,{one}\na.wav,train,{other}\n").recordings()
    text = message(f"{header}a.wav,train,{one}\na.wav,test,{other}\n")
    assert text == (
        f"{tmp_path}/list.csv:3: split: {second.key} (test) overlaps {first.key} (train, line 2)"
    )


def test_segments_that_only_touch_may_be_in_different_parts(manifest):
    corpus = manifest("path,split,start,seconds\na.wav,train,,0.5\na.wav,test,0.5,\n")
    assert [one.part for one in corpus.recordings()] == ["train", "test"]


def test_a_longer_segment_before_is_remembered(message, tmp_path):
    text = message(
        "path,split,start,seconds\na.wav,train,0,0.9\na.wav,train,0.1,0.1\na.wav,test,0.5,0.1\n"
    )
    assert text == (
        f"{tmp_path}/list.csv:4: split: a.wav#0.5+0.1 (test) overlaps a.wav#0.0+0.9 (train, line 2)"
    )


def test_files_that_are_no_manifest_are_named(manifest, message, tmp_path):
    assert message("path,split\n") == f"{tmp_path}/list.csv: lists no recording"
    assert message("", name="x.txt") == f"{tmp_path}/x.txt: a manifest ends in .csv or .jsonl"
    (tmp_path / "latin.csv").write_bytes(b"path,split\ncaf\xe9.wav,train\n")
    with pytest.raises(DataError, match=r"latin\.csv: is not UTF-8 text"):
        Manifest(file=f"{tmp_path}/latin.csv").recordings()
    with pytest.raises(DataError, match=r"no\.csv: cannot be read: No such file"):
        Manifest(file=f"{tmp_path}/no.csv").recordings()
    with pytest.raises(DataError, match="no such folder; paths are relative to it"):
        Manifest(file=f"{tmp_path}/no/no.csv").recordings()
    assert message('path,split\n"a.wav,train\n').startswith(
        f"{tmp_path}/list.csv:2: not valid CSV: unexpected end of data"
    )


def test_backslashes_are_named_where_a_file_is_missing(message, tmp_path):
    text = message("path,split\nx\\a.wav,train\n")
    assert text.endswith("x\\a.wav; folders are parted by forward slashes")


def test_a_segment_may_be_rounded_up_to_the_end_of_its_file(manifest):
    corpus = manifest("path,split,start,seconds\na.wav,train,0.5,9\n")
    with pytest.raises(DataError, match="goes beyond the file's"):
        corpus.read(corpus.recordings()[0])
    whole = manifest("path,split,start,seconds\na.wav,train,,\n")
    samples, rate = whole.read(whole.recordings()[0])
    seconds = len(samples) / rate + 0.004
    rounded = manifest(f"path,split,start,seconds\na.wav,train,0.25,{seconds - 0.25}\n")
    cut, _ = rounded.read(rounded.recordings()[0])
    np.testing.assert_array_equal(cut, samples[rate // 4 :])


def test_the_cache_follows_the_segments(manifest, tmp_path):
    said = []

    def pack(seconds):
        said.clear()
        corpus = manifest(f"path,split,start,seconds\na.wav,train,0.5,{seconds}\n")
        return open_store(corpus, RATE, tmp_path / "cache", label="x", say=said.append)

    assert pack("0.25").seconds == 0.25
    assert pack("0.125").seconds == 0.125
    assert said
    assert pack("0.250").seconds == 0.25
    assert said == []


def test_real_speech_in_segments(real_audio, tmp_path):
    file = sorted((real_audio / "speech").glob("*.flac"))[0]
    whole, rate = soundfile.read(file, dtype="float32")
    (tmp_path / "x.csv").write_text(f"path,split,start,seconds\n{file.name},test,0.5,0.75\n")
    corpus = Manifest(file=f"{tmp_path}/x.csv", root=str(file.parent))
    samples, read_rate = corpus.read(corpus.recordings()[0])
    assert read_rate == rate
    np.testing.assert_array_equal(samples, whole[rate // 2 : rate // 2 + rate * 3 // 4])


@pytest.mark.parametrize(("delimiter", "name"), [(";", "a semicolon"), ("\t", "a tab")])
def test_semicolons_and_tabs_part_cells_too(tmp_path, delimiter, name):
    (tmp_path / "a, b.wav").touch()
    (tmp_path / "c.wav").touch()
    rows = [("path", "split", "speaker"), ("a, b.wav", "train", "x"), ("c.wav", "test", "y")]
    file = tmp_path / "list.csv"
    file.write_text("\n".join(delimiter.join(row) for row in rows), "utf-8")
    recordings = Manifest(file=str(file)).recordings()
    assert [(one.key, one.part, one.speaker) for one in recordings] == [
        ("a, b.wav", "train", "x"),
        ("c.wav", "test", "y"),
    ]
    with file.open("a", encoding="utf-8") as opened:
        opened.write("\n" + delimiter.join(["c.wav", "test", "y", "z"]))
    with pytest.raises(DataError, match=f"4 cells for 3 columns; quote a text with {name}$"):
        Manifest(file=str(file)).recordings()
