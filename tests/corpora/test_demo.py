"""The demo corpus: its parts, what it reads, and when its version changes."""

from collections import Counter

import numpy as np
import pytest

from sslse.corpora import demo
from sslse.corpora.demo import Demo
from sslse.data.packing import open_store
from sslse.errors import DataError


def test_speech_has_both_parts_and_no_common_voice():
    recordings = Demo(content="speech").recordings()
    assert len({one.key for one in recordings}) == len(recordings) == 120
    assert Counter(one.part for one in recordings) == {"train": 90, "test": 30}
    voices = [{one.speaker for one in recordings if one.part == part} for part in ("train", "test")]
    assert [len(group) for group in voices] == [18, 6]
    assert not voices[0] & voices[1]
    assert all(one.key.startswith(f"{one.speaker}_") for one in recordings)
    assert all(one.source.is_file() and not one.kind for one in recordings)


def test_speech_is_read_from_its_files():
    corpus = Demo(content="speech")
    samples, sample_rate = corpus.read(corpus.recordings()[0])
    assert sample_rate == 16000
    assert samples.dtype == np.float32
    assert 2 <= len(samples) / sample_rate <= 4.1
    assert 0.01 < np.abs(samples).max() < 1
    assert corpus.version == ""


def test_speech_that_was_not_installed_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(demo, "_INDEX", tmp_path / "index.csv")
    with pytest.raises(DataError) as caught:
        Demo(content="speech").recordings()
    assert str(caught.value) == (
        f"{tmp_path}/index.csv: missing; the demo speech was not installed, reinstall sslse"
    )


def test_noise_has_every_kind_in_both_parts():
    recordings = Demo(content="noise").recordings()
    assert recordings[0].key == "babble-1"
    assert len({one.key for one in recordings}) == len(recordings) == 100
    assert Counter(one.part for one in recordings) == {"train": 80, "test": 20}
    assert all((one.part == "test") == one.key.endswith("-5") for one in recordings)
    for part in ("train", "test"):
        assert len({one.kind for one in recordings if one.part == part}) == 20
    assert not any(one.source or one.speaker for one in recordings)


def test_noise_is_generated():
    from sslse.corpora.demo.noise import make_noise

    corpus = Demo(content="noise")
    hum = next(one for one in corpus.recordings() if one.key == "hum-3")
    samples, sample_rate = corpus.read(hum)
    assert sample_rate == 16000
    assert samples.dtype == np.float32
    np.testing.assert_array_equal(samples, make_noise("hum", 3, 16000))


def test_the_version_changes_with_the_generators_source(tmp_path, monkeypatch):
    shipped = Demo(content="noise").version
    assert len(shipped) == 32
    modules = {path.name for path in demo._HERE.glob("*.py")} - {"__init__.py"}
    assert set(demo._NOISE_SOURCES) == modules
    for name in demo._NOISE_SOURCES:
        (tmp_path / name).write_bytes((demo._HERE / name).read_bytes())
    monkeypatch.setattr(demo, "_HERE", tmp_path)
    assert Demo(content="noise").version == shipped
    for name in demo._NOISE_SOURCES:
        with (tmp_path / name).open("a") as file:
            file.write("# changed\n")
        changed, shipped = shipped, Demo(content="noise").version
        assert changed != shipped


@pytest.mark.parametrize("content", ["speech", "noise"])
def test_no_recording_is_in_both_parts(content, tiny_cache):
    store = open_store(Demo(content=content), 16000, tiny_cache, label=content, strict=True)
    assert len(store.part("train")) >= 3 * len(store.part("test"))
