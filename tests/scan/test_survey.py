"""What a scan sums up, and which files it leaves."""

import numpy as np
import pytest
import soundfile

from sslse.errors import DataError
from sslse.scan import find, scan, shares

RATE = 8000


def write(path, samples, rate=RATE):
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, samples, rate)


def noise(seed, samples=RATE):
    return np.random.default_rng(seed).integers(-3000, 3000, samples).astype(np.int16)


@pytest.fixture
def folder(tmp_path):
    root = tmp_path / "root"
    write(root / "b" / "one.wav", noise(1))
    write(root / "a" / "copy of one.flac", noise(1))
    write(root / "c" / "another copy.wav", noise(1), 2 * RATE)
    write(root / "two.wav", noise(2, 3 * RATE))
    write(root / "stereo.wav", noise(3, 2 * RATE).reshape(-1, 2))
    write(root / "zero.wav", np.zeros(RATE, np.int16))
    write(root / "quiet.wav", np.full(RATE, 2, np.int16))
    write(root / "short.wav", noise(4, 700))
    write(root / "clipped.wav", np.full(RATE, 32767, np.int16))
    (root / "broken.wav").write_bytes(b"RIFF")
    (root / "empty.flac").touch()
    (root / "notes.txt").touch()
    return root


def test_the_sums(folder):
    survey = scan(folder, find(folder))
    assert survey.found == 11
    assert len(survey.seconds) == 9
    assert survey.total_seconds == pytest.approx(1 + 1 + 0.5 + 3 + 1 + 1 + 1 + 0.0875 + 1)
    assert survey.lengths == pytest.approx((0.0875, 1, 3))
    assert shares(survey.rates) == [(8000, 8), (16000, 1)]
    assert shares(survey.channels) == [(1, 8), (2, 1)]
    assert survey.silent == ["quiet.wav", "zero.wav"]
    assert survey.digitally_silent == 1
    assert survey.short == ["short.wav"]
    assert survey.clipped == {"clipped.wav": 1}
    assert survey.silent_seconds == pytest.approx(2)
    low, _, high = survey.levels
    assert high == pytest.approx(0, abs=1e-3)
    assert low == pytest.approx(-28.5, abs=0.3)  # the mean of two channels


def test_copies_are_found_whatever_their_name_format_and_rate(folder):
    survey = scan(folder, find(folder))
    assert survey.copies == {"a/copy of one.flac": ["b/one.wav", "c/another copy.wav"]}
    assert survey.copied == 2
    assert survey.usable == ["a/copy of one.flac", "clipped.wav", "stereo.wav", "two.wav"]


def test_unreadable_files_are_named_and_the_rest_goes_on(folder):
    done = []
    survey = scan(folder, find(folder), done.append)
    assert done == list(range(1, 12))
    assert [one.key for one in survey.unreadable] == ["broken.wav", "empty.flac"]
    assert survey.unreadable[0].reason.startswith("cannot be read as audio: ")
    assert survey.unreadable[1].reason == "is empty (0 bytes)"


def test_nothing_but_silence_has_no_level(tmp_path):
    write(tmp_path / "a.wav", np.zeros(RATE, np.int16))
    survey = scan(tmp_path, find(tmp_path))
    assert survey.levels is None
    assert survey.usable == []


def test_a_folder_without_audio_is_refused(tmp_path):
    with pytest.raises(DataError) as caught:
        find(tmp_path / "no")
    assert str(caught.value) == f"{tmp_path}/no: no such folder"
    with pytest.raises(DataError, match="no audio file in it"):
        find(tmp_path)


def test_the_copies_among_the_nonspeech_sounds(real_audio):
    folder = real_audio / "nonspeech"
    survey = scan(folder, find(folder))
    assert survey.copies == {"n56.wav": ["n58.wav"], "n7.wav": ["n9.wav"]}
    assert len(survey.usable) == 98
