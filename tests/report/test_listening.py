"""What the page plays is what the folder holds."""

import base64
import io
import json

import numpy as np
import pytest
import soundfile

from sslse.audio import read_audio, write_audio
from sslse.report import listening
from sslse.report.listening import Part, make_example, make_examples, read_examples


def wave_of(source):
    kind, content = source.audio.split(",")
    assert kind == "data:audio/flac;base64"
    return soundfile.read(io.BytesIO(base64.b64decode(content)), dtype="float32")


def test_the_sounds_are_those_of_the_folder_to_the_bit(folder, made):
    examples, left_out = make_examples(folder)
    assert (len(examples), left_out) == (3, 0)
    for number, example in enumerate(examples, 1):
        assert [source.name for source in example.sources] == list(made.tones)
        assert example.seconds == made.seconds
        for source in example.sources:
            written, _ = read_audio(folder / "examples" / f"{number:02}_{source.name}.flac")
            wave, rate = wave_of(source)
            assert rate == made.rate
            np.testing.assert_array_equal(wave, written)


def test_the_axes_are_in_s_and_khz(folder):
    example = make_examples(folder)[0][0]
    assert [tick.label for tick in example.time] == ["0", "5", "10"]
    assert [tick.label for tick in example.frequency] == ["0", "2", "4", "6", "8"]
    assert [tick.place for tick in example.frequency] == [0, 25, 50, 75, 100]


def test_what_does_not_fit_on_the_page_is_counted(folder, monkeypatch):
    whole, _ = make_examples(folder)
    monkeypatch.setattr(listening, "MOST_BYTES", whole[0].bytes + whole[1].bytes)
    some, left_out = make_examples(folder)
    assert (some, left_out) == (whole[:2], 1)


def test_waves_of_several_runs_come_to_one_level_without_clipping(folder, tmp_path):
    row = read_examples(folder)[0]
    original = np.linspace(-1, 1, 16000, dtype=np.float32)
    factors = {"first": 0.5, "second": 0.1, "loud": 0.2}
    levels = {"first": 1.0, "second": 1.0, "loud": 4.0}
    parts = []
    for name, factor in factors.items():
        write_audio(tmp_path / f"{name}.flac", original * levels[name] * factor, 16000)
        parts.append(Part(name, tmp_path / f"{name}.flac", factor))
    first, second, loud = (wave_of(one)[0] for one in make_example(row, parts).sources)
    assert np.abs(loud).max() == pytest.approx(1, abs=1e-4)
    np.testing.assert_allclose(second, first, atol=1e-3)
    np.testing.assert_allclose(loud, 4 * first, atol=2e-3)


def test_a_run_without_examples_has_none(folder):
    (folder / "examples" / "examples.json").unlink()
    assert make_examples(folder) == ([], 0)


def test_waves_of_different_lengths_are_refused(folder):
    write_audio(folder / "examples" / "02_clean.flac", np.zeros(100, np.float32), 16000)
    with pytest.raises(listening.RunError, match="the waves of its mixture differ in length"):
        make_examples(folder)


def test_entries_that_are_not_known_are_left_alone(folder):
    path = folder / "examples" / "examples.json"
    rows = json.loads(path.read_text("utf-8"))["rows"]
    path.write_text(json.dumps({"rows": [row | {"gain": 1} for row in rows]}), "utf-8")
    assert len(read_examples(folder)) == 3
