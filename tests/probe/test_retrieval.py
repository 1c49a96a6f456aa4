"""Retrieval on latents that are made so that the answer is known."""

import pytest
import torch

from sslse.probe.mixtures import Sources
from sslse.probe.retrieval import count_waves, nearest_is_own, plan_retrieval, retrieve
from sslse.settings import Evaluate

SETTINGS = Evaluate(snr_db=[20.0, -5.0], samples=4096)


def test_own_vectors_are_found_whatever_their_length():
    clean = torch.randn(20, 8, generator=torch.Generator().manual_seed(0))
    lengths = torch.linspace(0.01, 100, 20).unsqueeze(1)
    assert nearest_is_own(clean, lengths * clean).all()
    assert not nearest_is_own(clean, (lengths * clean).roll(1, 0)).any()


def test_nearest_is_by_angle():
    clean = torch.tensor([[1.0, 0.0], [1.0, 1.0]])
    noisy = torch.tensor([[0.5, 0.45], [9.0, 0.5]])
    assert nearest_is_own(clean, noisy).tolist() == [False, False]
    assert nearest_is_own(clean, noisy.flip(0)).tolist() == [True, True]


def test_a_collapsed_latent_is_right_once():
    assert int(nearest_is_own(torch.ones(9, 4), torch.ones(9, 4)).sum()) == 1


@pytest.fixture
def sources(pack, hiss):
    """Utterances that are tones of different frequencies, one of them with a silent beginning."""
    time = torch.arange(4096) / 16000
    tones = {f"u{n}": 0.5 * torch.sin(2 * torch.pi * 250 * (n + 2) * time) for n in range(8)}
    tones["silent"] = torch.zeros(4096)
    return Sources(pack(tones), pack({"n0": hiss(9000), "n1": hiss(9000, 1)}), 4096, 4)


def spectrum(wave):
    return torch.fft.rfft(wave.unfold(-1, 64, 64)).abs().transpose(1, 2)


def constant(wave):
    return torch.ones(len(wave), 3, 8)


def broken(wave):
    return torch.full((len(wave), 3, 8), torch.nan)


def test_a_spectrum_finds_tones_and_a_constant_finds_one(sources):
    rows = plan_retrieval(sources, SETTINGS, 9, seed=0)
    assert len(rows) == 16
    assert count_waves(rows) == 24
    counted = []
    encoders = {"spectrum": spectrum, "constant": constant, "broken": broken}
    figures = retrieve(rows, encoders, sources, 0, counted.append)
    assert sum(counted) == 24
    assert list(figures) == ["retrieval", "retrieval_at_-5_db", "retrieval_at_20_db"]
    for name, figure in figures.items():
        assert figure["chance"] == 1 / 8
        assert figure["counts"]["candidates"] == 8
        values = figure["values"]
        assert values["constant"]["value"] == 1 / 8
        assert values["broken"] == {
            "value": None,
            "interval": None,
            "reason": "its latents are not finite",
        }
        if name.endswith("20_db"):
            assert values["spectrum"]["value"] == 1
            assert values["spectrum"]["interval"] == [1, 1]
            assert values["constant"]["difference"]["value"] == 1 - 1 / 8
    over_all, *each = (one["values"]["spectrum"]["value"] for one in figures.values())
    assert over_all == pytest.approx(sum(each) / 2)
    assert figures["retrieval"]["split"]["candidates"] == [f"u{n}" for n in range(8)]


def test_one_candidate_is_no_choice(sources, pack, hiss):
    alone = Sources(pack({"u": hiss(5000)}), sources.noise, 4096, 4)
    rows = plan_retrieval(alone, SETTINGS, 1, seed=0)
    assert retrieve(rows, {"spectrum": spectrum}, alone, 0, print) == {
        "retrieval": {
            "title": "retrieval",
            "values": None,
            "reason": "at least two utterances with a sound are needed",
        }
    }
