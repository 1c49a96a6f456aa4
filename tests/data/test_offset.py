"""A DC offset is told, and removed where a recipe says so."""

import numpy as np
import pytest
import soundfile
import torch

from sslse.corpora.folder import Folder
from sslse.data.offset import offset_share, without_offset
from sslse.data.packing import open_store
from sslse.errors import DataError
from sslse.evaluate.manifest import plan_manifest, read_manifest
from sslse.evaluate.mixtures import make_mixtures
from sslse.evaluate.verify import verify
from sslse.settings import Evaluate

SETTINGS = Evaluate(snr_db=[0.0], samples=8000)


def sound(seed):
    return 0.05 * np.random.default_rng(seed).standard_normal(16000).astype(np.float32)


@pytest.fixture
def folders(tmp_path):
    """Speech with a mean of 0.3, and noise with none."""
    for name, mean in (("speech", 0.3), ("noise", 0.0)):
        (tmp_path / name).mkdir()
        for number in range(3):
            wave = sound(number + len(name)) + mean
            soundfile.write(tmp_path / name / f"{number}.wav", wave, 16000)
    return tmp_path


def stores(folders, *, remove_mean):
    return [
        open_store(
            Folder(root=str(folders / name), test_share=1.0),
            16000,
            folders / "cache",
            label=name,
            remove_mean=remove_mean,
        )
        for name in ("speech", "noise")
    ]


def heard_snr_db(folders, *, remove_mean):
    """The ratio of what is left of speech and noise without their means."""
    speech, noise = stores(folders, remove_mean=remove_mean)
    mixtures = plan_manifest(speech, noise, SETTINGS).mixtures
    clean, noisy = make_mixtures(mixtures, speech, noise, SETTINGS.samples)
    return 10 * torch.log10(clean.var(-1) / (noisy - clean).var(-1))


def test_an_offset_is_removed_and_digital_silence_stays():
    padded = np.concatenate([sound(0) + np.float32(0.15), np.zeros(4000, np.float32)])
    assert offset_share(padded) == pytest.approx(0.9, abs=0.01)
    cured = without_offset(padded)
    np.testing.assert_allclose(cured[:16000], sound(0) - sound(0).mean(), atol=1e-6)
    assert not cured[16000:].any()
    assert offset_share(cured) < 1e-10
    assert offset_share(np.zeros(5000, np.float32)) == 0


def test_the_ratio_asked_for_is_that_of_what_is_heard(folders):
    assert heard_snr_db(folders, remove_mean=False).max() < -14
    assert heard_snr_db(folders, remove_mean=True).abs().max() < 0.1


def test_both_ways_of_reading_have_a_cache_of_their_own(folders):
    kept, _ = stores(folders, remove_mean=False)
    removed, _ = stores(folders, remove_mean=True)
    assert (kept.offsets > 0.9).all()
    assert (removed.offsets < 1e-6).all()
    assert removed.part("test").mean_removed


def test_the_manifest_says_it_and_other_means_are_refused(folders, tmp_path):
    kept, removed = (stores(folders, remove_mean=one) for one in (False, True))
    manifest = plan_manifest(*removed, SETTINGS)
    manifest.write(tmp_path / "m.json")
    assert read_manifest(tmp_path / "m.json") == manifest
    verify(manifest, *removed, "m.json")
    with pytest.raises(DataError) as caught:
        verify(manifest, *kept, "m.json")
    assert str(caught.value) == "m.json: was made with data.remove_mean: true; set it so"
    plan_manifest(*kept, SETTINGS).write(tmp_path / "kept.json")
    assert "remove_mean" not in (tmp_path / "kept.json").read_text()  # the digest of older ones
