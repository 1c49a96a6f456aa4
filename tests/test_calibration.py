import pytest
import torch

from sslse.build import build_network, open_material
from sslse.bundle import load_bundle, save_bundle
from sslse.calibration import calibrated_gain
from sslse.device import choose_device


@pytest.fixture
def material(tiny, registry):
    return open_material(tiny(), registry, choose_device("cpu"))


@pytest.mark.parametrize("scale", [0.25, 1.0, 8.0])
def test_a_scaled_wave_comes_back_to_its_level(tiny, material, scale):
    parts = material.train_speech, material.train_noise
    settings = tiny("evaluate.snr_db=[60]").evaluate
    gain = calibrated_gain(lambda noisy: scale * noisy, *parts, settings)
    assert gain == pytest.approx(1 / scale, rel=0.01)


@pytest.mark.parametrize("enhance", [torch.zeros_like, torch.neg, lambda wave: wave / 0])
def test_where_there_is_no_level_nothing_is_changed(tiny, material, enhance):
    parts = material.train_speech, material.train_noise
    assert calibrated_gain(enhance, *parts, tiny().evaluate) == 1


@torch.no_grad()
def test_a_bundle_keeps_its_gain(tiny, registry, tmp_path):
    recipe, file = tiny(), tmp_path / "model.safetensors"
    wave = torch.randn(1, 1024, generator=torch.Generator().manual_seed(0))
    loaded = []
    for gain in (1.0, 0.5):
        save_bundle(file, *build_network(recipe, registry), recipe, gain=gain)
        loaded.append(load_bundle(file, recipe, registry, torch.device("cpu")))
    assert torch.equal(loaded[1](wave), 0.5 * loaded[0](wave))
