import json
from dataclasses import asdict, replace

import pytest

from sslse.errors import DataError
from sslse.evaluate.manifest import FORMAT, Manifest, plan_manifest, read_manifest
from sslse.settings import Evaluate

SETTINGS = Evaluate(snr_db=[-7.5, 2.5], samples=5000, seed=3)


@pytest.fixture
def manifest(speech, noise):
    return plan_manifest(speech, noise, SETTINGS)


@pytest.fixture
def path(manifest, tmp_path):
    manifest.write(tmp_path / "manifest.json")
    return tmp_path / "manifest.json"


def test_what_is_written_is_read_to_the_last_bit(manifest, path):
    assert read_manifest(path) == manifest
    assert read_manifest(path).digest == manifest.digest


def test_the_file_says_everything_about_a_mixture(manifest, path):
    held = json.loads(path.read_text())
    assert {name: held[name] for name in ("format", "sample_rate", "samples", "seed")} == {
        "format": FORMAT,
        "sample_rate": 16000,
        "samples": 5000,
        "seed": 3,
    }
    assert held["digest"] == manifest.digest
    assert held["rows"] == [asdict(one) for one in manifest.mixtures]
    assert list(held["rows"][0]) == [
        *("speech", "speech_start", "noise", "noise_start", "snr_db", "gain"),
        *("speaker", "noise_kind", "clean", "noisy"),
    ]
    assert path.read_text().count("\n") == len(manifest.mixtures) + 2


def test_names_of_any_script_are_kept(manifest, tmp_path):
    named = replace(manifest.mixtures[0], speech="süß/\u4f60\u597d\n\ud800.wav", speaker='"')
    changed = Manifest(16000, 5000, 0, (named,))
    changed.write(tmp_path / "m.json")
    assert read_manifest(tmp_path / "m.json") == changed


def test_the_digest_is_that_of_every_entry(manifest):
    first = manifest.mixtures[0]
    others = [replace(manifest, **{name: 1}) for name in ("sample_rate", "samples", "seed")]
    others += [
        replace(manifest, mixtures=(replace(first, **{name: value}), *manifest.mixtures[1:]))
        for name, value in {
            "speech": "other",
            "speech_start": 1,
            "noise": "other",
            "noise_start": 1,
            "snr_db": 1.0,
            "gain": 1.0,
            "speaker": "other",
            "noise_kind": "other",
            "clean": "0",
            "noisy": "0",
        }.items()
    ]
    others.append(replace(manifest, mixtures=manifest.mixtures[::-1]))
    assert len({one.digest for one in [manifest, *others]}) == len(others) + 1


def changed(text, **entries):
    return json.dumps(json.loads(text) | entries)


def row_with(text, **entries):
    held = json.loads(text)
    held["rows"][0] |= entries
    return json.dumps(held)


def without(text, name):
    held = json.loads(text)
    del held["rows"][0][name]
    return json.dumps(held)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda text: text[:-30], "is no manifest of mixtures: not JSON"),
        (lambda text: "[" * 100_000, "is no manifest of mixtures: not JSON"),
        (lambda text: "[1]", "is no manifest of mixtures; 'sslse evaluate' writes manifest.json"),
        (lambda text: "{}", "is no manifest of mixtures"),
        (lambda text: changed(text, format=99), "has the format 99, .*; possible: 1"),
        (lambda text: changed(text, samples=True), "is damaged: ValueError: True is no whole"),
        (lambda text: changed(text, samples=10**12), "is no whole number"),
        (lambda text: changed(text, rows=[]), "its rows are not those that were written"),
        (lambda text: changed(text, rows=3), "is damaged: TypeError"),
        (lambda text: changed(text, rows=["x"]), "is damaged: ValueError"),
        (lambda text: changed(text, digest="0"), "its rows are not those that were written"),
        (lambda text: row_with(text, gain=0.25), "its rows are not those that were written"),
        (lambda text: row_with(text, gain=float("nan")), "nan is no finite number"),
        (lambda text: row_with(text, speech_start=-1), "-1 is no whole number from 0 on"),
        (lambda text: row_with(text, speech=None), "None is no text"),
        (lambda text: row_with(text, more=1), "is damaged: KeyError: 'more'"),
        (lambda text: without(text, "clean"), "is damaged: TypeError.*clean"),
    ],
)
def test_a_file_that_is_not_what_was_written_is_refused(path, change, message):
    path.write_text(change(path.read_text()))
    with pytest.raises(DataError, match=message) as caught:
        read_manifest(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert "\n" not in str(caught.value)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(DataError, match=r"nowhere\.json: cannot be opened: No such file"):
        read_manifest(tmp_path / "nowhere.json")
