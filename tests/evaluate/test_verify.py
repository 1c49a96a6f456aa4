from dataclasses import replace

import pytest
import torch

from sslse.data.store import Store
from sslse.errors import DataError
from sslse.evaluate.manifest import plan_manifest
from sslse.evaluate.verify import verified_batches, verify
from sslse.settings import Evaluate

SETTINGS = Evaluate(snr_db=[-7.5, 2.5], samples=5000)
SPEECH = [4000, 9000, 20000, 7000]
NOISE = [3000, 30000, 8000]


@pytest.fixture
def manifest(speech, noise):
    return plan_manifest(speech, noise, SETTINGS)


def test_the_same_corpora_pass(manifest, speech, noise):
    verify(manifest, speech, noise, "m.json")


def test_every_share_of_the_batches_is_yielded_once(manifest, speech, noise):
    for count in (1, 2, 3):
        seen = [
            first
            for share in range(count)
            for first, *_ in verified_batches(manifest, speech, noise, 3, "", shares=(share, count))
        ]
        assert sorted(seen) == [0, 3, 6]


def test_other_samples_of_speech_are_named_with_row_and_cause(manifest, noise, store_of):
    with pytest.raises(DataError) as caught:
        verify(manifest, store_of("speech", SPEECH, seed=1), noise, "m.json")
    assert str(caught.value).startswith("m.json: row 0: speech 'speech0' does not have the samples")
    assert "most likely the file is another version, or it was resampled" in str(caught.value)
    assert "(--export)" in str(caught.value)


def test_one_step_of_one_sample_of_noise_is_noticed(manifest, speech, noise):
    wanted = manifest.mixtures[2]
    places = torch.arange(sum(NOISE))
    rows = torch.bucketize(places, torch.tensor(NOISE).cumsum(0), right=True)
    starts = torch.tensor([0, *NOISE]).cumsum(0)
    samples = (noise.crops(rows, places - starts[rows], 1)[:, 0] * 32768).to(torch.int16)
    samples[starts[int(wanted.noise[-1])] + wanted.noise_start] += 1
    other = Store(samples, noise._index, noise.recordings, noise.sample_rate)
    with pytest.raises(DataError, match=f"noise {wanted.noise!r} does not have the samples from"):
        verify(manifest, speech, other, "m.json")


def test_missing_recordings_are_named(manifest, speech, noise):
    kept = [one for one in speech.recordings if one.key not in ("speech1", "speech3")]
    rows = [speech.recordings.index(one) for one in kept]
    fewer = Store(speech.samples, speech._index.select(rows), kept, 16000)
    message = (
        r"^m.json: 2 of its 4 recordings of speech are not in the corpus \(2 recordings to choose "
        r"from\): 'speech1', 'speech3'; give the corpora it was made from \(--data\)"
    )
    with pytest.raises(DataError, match=message):
        verify(manifest, fewer, noise, "m.json")


def test_a_recording_that_ends_before_a_mixture_begins_is_named(manifest, noise, store_of):
    shorter = store_of("speech", [4000, 9000, 100, 7000])
    assert any(one.speech == "speech2" and one.speech_start > 100 for one in manifest.mixtures)
    with pytest.raises(DataError, match="speech 'speech2': shorter than where a mixture begins"):
        verify(manifest, shorter, noise, "m.json")


def test_another_rate_is_named(manifest, speech, noise):
    message = "m.json: is of 8000 Hz, but the recipe's data.sample_rate is 16000"
    with pytest.raises(DataError, match=message):
        verify(replace(manifest, sample_rate=8000), speech, noise, "m.json")
