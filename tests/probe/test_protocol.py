"""The whole protocol on sounds whose kind, speaker and SNR a spectrum shows."""

import json

import pytest
import torch

from sslse.probe.mixtures import Sources
from sslse.probe.protocol import measure
from sslse.settings import Evaluate

SETTINGS = Evaluate(snr_db=[5.0], samples=4096)
RATE = 16000


def tone(frequency_hz, seed, seconds=1.0):
    """A tone that trembles, another for every seed."""
    draws = torch.Generator().manual_seed(seed)
    time = torch.arange(int(seconds * RATE)) / RATE
    phase = 2 * torch.pi * torch.rand((), generator=draws)
    tremble = 1 + 0.3 * torch.randn(len(time), generator=draws)
    return 0.2 * tremble.clamp(0, 2) * torch.sin(2 * torch.pi * frequency_hz * time + phase)


@pytest.fixture
def sources(pack):
    """4 speakers with 4 utterances of a pitch each; 6 kinds of noise, of a pitch each."""
    speakers = {f"s{who}u{n}": f"s{who}" for who in range(4) for n in range(4)}
    speech = {key: tone(500 + 500 * int(key[1]), n) for n, key in enumerate(speakers)}
    noise = {f"n{n}": tone(3500 + 500 * n, 100 + n, 2.0) for n in range(6)}
    kinds = {key: f"kind {key}" for key in noise}
    return Sources(pack(speech, speakers), pack(noise, kinds=kinds), 4096, 32)


def log_spectrum(wave):
    bands = torch.fft.rfft(wave.unfold(-1, 128, 128)).abs().square() + 1e-4
    return bands.log().transpose(1, 2)


def speech_bands(wave):
    """Blind to the noises, which are all above 3000 Hz, and to levels."""
    latent = log_spectrum(wave)[:, 2:20]
    return latent - latent.mean((1, 2), keepdim=True)


def constant(wave):
    return torch.ones(len(wave), 3, 8)


def test_what_is_in_the_latent_is_found_and_what_is_not_is_not(sources):
    watched = []
    encoders = {"all": log_spectrum, "speech": speech_bands, "none": constant}
    figures = measure(
        encoders,
        sources,
        SETTINGS,
        seed=0,
        mixtures=120,
        watch=lambda done, count: watched.append((done, count)),
    )
    assert watched[-1] == (3 * 180 + 2 * 16, 3 * 180 + 2 * 16)
    json.dumps(figures, allow_nan=False)
    values = {
        name: {encoder: value["value"] for encoder, value in figure["values"].items()}
        for name, figure in figures.items()
    }
    assert values["noise_kind"]["all"] == 1
    assert values["speaker"]["all"] == 1
    assert values["speaker"]["speech"] == 1
    assert values["snr"]["all"] > 0.9
    assert values["noise_kind"]["none"] == figures["noise_kind"]["majority"] == 1 / 6
    assert values["speaker"]["none"] == figures["speaker"]["chance"] == 1 / 4
    assert abs(values["snr"]["none"]) < 0.05
    assert values["noise_kind"]["speech"] < 0.8
    assert values["retrieval"]["all"] > values["retrieval"]["none"] == 1 / 16
    for figure in figures.values():
        for encoder, value in figure["values"].items():
            low, high = value["interval"]
            assert low <= value["value"] <= high
            assert ("difference" in value) == (encoder != "all")
    gap = figures["noise_kind"]["values"]["none"]["difference"]
    assert gap["value"] == 1 - 1 / 6
    assert gap["interval"][0] > 0.5


@pytest.mark.training
def test_it_repeats_and_depends_on_the_seed_only(sources):
    def figures(encoders, seed):
        return measure(encoders, sources, SETTINGS, seed=seed, mixtures=60)

    first = figures({"all": speech_bands, "none": constant}, 0)
    assert figures({"all": speech_bands, "none": constant}, 0) == first
    assert figures({"all": speech_bands, "none": constant}, 1) != first
    alone = figures({"all": speech_bands}, 0)
    for name, figure in alone.items():
        assert figure["values"]["all"] == first[name]["values"]["all"]


def test_a_latent_that_is_not_finite_has_no_value_and_a_reason(sources):
    def broken(wave):
        return constant(wave) / 0

    figures = measure({"b": broken, "a": constant}, sources, SETTINGS, seed=0, mixtures=60)
    for figure in figures.values():
        assert figure["values"]["b"]["value"] is None
        assert figure["values"]["b"]["reason"] == "its latents are not finite"
        assert figure["values"]["a"]["value"] is not None
        assert "difference" not in figure["values"]["a"]


def test_small_corpora_give_reasons_not_crashes(pack, hiss):
    small = Sources(pack({"u": hiss(5000)}), pack({"n": hiss(200)}), 4096, 8)
    figures = measure({"none": constant}, small, SETTINGS, seed=0, mixtures=60)
    assert {name: figure["values"] for name, figure in figures.items()} == dict.fromkeys(
        ("noise_kind", "snr", "speaker", "retrieval")
    )
    assert all(figure["reason"] for figure in figures.values())


def test_rare_classes_get_mixtures_enough(sources):
    figures = measure({"none": constant}, sources, SETTINGS, seed=0, mixtures=2)
    assert figures["noise_kind"]["counts"]["train"] == 4 * 6
    assert figures["noise_kind"]["counts"]["test"] == 2 * 6
