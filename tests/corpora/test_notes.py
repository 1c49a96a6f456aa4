"""What is said of a corpus before it is trained on."""

import re

import numpy as np
import pytest
import soundfile
import torch

from sslse.api import Recording
from sslse.build import open_corpora
from sslse.corpora.layouts import LAYOUTS, guess_layout
from sslse.corpora.notes import sound_notes, speaker_notes
from sslse.data.store import Index, Store

PATHS = {
    "LibriSpeech": ["train-clean-100/19/198/19-198-0001.flac", "103-1240-0000-3.wav"],
    "TIMIT": ["TRAIN/DR1/FCJF0/SA1.WAV", "test/dr8/mrjs0/sx4.wav"],
    "VCTK": ["wav48/p225/p225_001.wav", "p376_012_mic1.flac", "s5/s5_003.wav"],
    "DNS": ["clean/book_00000_chp_0009_reader_06709_0.wav"],
}
SPEAKERS = {
    "LibriSpeech": ["19", "103"],
    "TIMIT": ["FCJF0", "mrjs0"],
    "VCTK": ["p225", "p376", "s5"],
    "DNS": ["06709"],
}


def make_store(*recordings, silences=(), offsets=None):
    """Recordings of 10,000 samples: (key, part, speaker)."""
    count = len(recordings)
    index = Index(
        10_000 * torch.arange(count),
        torch.full((count,), 10_000),
        torch.ones(count),
        torch.tensor(silences, dtype=torch.int64).view(-1, 3),
        torch.zeros(count) if offsets is None else torch.tensor(offsets),
    )
    listed = [Recording(key, None, part, speaker=who) for key, part, who in recordings]
    return Store(torch.ones(10_000 * count, dtype=torch.int16), index, listed, 16000)


@pytest.mark.parametrize("name", LAYOUTS)
def test_layouts_are_recognised_by_every_path(name):
    assert guess_layout(PATHS[name]) == name
    found = [re.search(LAYOUTS[name], path)[1] for path in PATHS[name]]
    assert found == SPEAKERS[name]
    assert guess_layout([*PATHS[name], "mine/hello.wav"]) is None
    assert guess_layout([]) is None
    assert guess_layout(["2024-05-01_rain.wav", "2024-06-02_wind.wav"]) is None


def test_speakers_in_both_parts_are_named():
    store = make_store(("a", "train", "x"), ("b", "test", "x"), ("c", "test", "y"))
    assert speaker_notes(store) == [
        "speakers in both parts: x; its scores are not those of new voices"
    ]
    assert not speaker_notes(make_store(("a", "train", "x"), ("b", "test", "y")))
    assert not speaker_notes(make_store(("a", "train", ""), ("b", "train", "")))


def test_unknown_speakers_are_told_with_the_pattern_that_finds_them():
    (line,) = speaker_notes(make_store(("a", "train", "x"), ("b", "test", "")))
    assert line == (
        "the speaker of 1 of 2 recordings is unknown, and may be in both parts; give a pattern "
        "that finds them in the paths (folder: option speaker; manifest: column speaker, by "
        "'sslse data scan --speaker')"
    )
    (line,) = speaker_notes(
        make_store(("19-198-0001.flac", "train", ""), ("1-2-0003.wav", "test", ""))
    )
    assert "of 2 of 2 recordings is unknown" in line
    assert f"those of LibriSpeech, whose speaker is the pattern '{LAYOUTS['LibriSpeech']}'" in line


def test_silence_and_offsets_are_told():
    rows = [("a", "train", "x"), ("b", "train", "x")]
    store = make_store(*rows, silences=[(0, 0, 5000)], offsets=[0.05, 0.98])
    silence, offsets = sound_notes(store)
    assert silence == "25% of its duration is digital silence; crops are taken where there is sound"
    assert offsets == (
        "1 of 2 recordings have a DC offset of more than a tenth of their power, which "
        "signal-to-noise ratios count as sound (most: 98% of b); data.remove_mean: true takes it "
        "away"
    )
    assert not sound_notes(make_store(*rows, silences=[(0, 0, 1500)], offsets=[0.05, 0.0]))


@pytest.mark.statistics
def test_a_recipes_corpora_are_told_about(tiny, registry, tmp_path):
    for speaker in (1, 2, 3):
        wave = 0.1 * np.random.default_rng(speaker).standard_normal(4000) + 0.5
        soundfile.write(tmp_path / f"{speaker}-7-0000.wav", wave, 16000)
    said = []
    speech = f"data.speech={{name: folder, root: '{tmp_path}', test_share: 0.3}}"
    open_corpora(tiny(speech), registry, torch.device("cpu"), said.append)
    notes = [line for line in said if line.startswith("note: ")]
    assert [line.split(": ")[1] for line in notes] == 2 * ["speech corpus 'folder'"]
    assert "3 of 3 recordings have a DC offset" in notes[0]
    assert "the speaker of 3 of 3 recordings is unknown" in notes[1]
    cured = f"data.speech.speaker={LAYOUTS['LibriSpeech']!r}"
    open_corpora(
        tiny(speech, cured, "data.remove_mean=true"), registry, torch.device("cpu"), said.append
    )
    assert [line for line in said if line.startswith("note: ")] == notes
