from dataclasses import replace

import pytest
import torch

from sslse.api import Recording
from sslse.data.store import Index, Store
from sslse.evaluate.mixtures import make_mixtures, plan_mixtures
from sslse.settings import Evaluate

SETTINGS = Evaluate(snr_db=[-7.5, 2.5], samples=5000)


def store(name, lengths):
    draws = torch.Generator().manual_seed(len(name))
    counts = torch.tensor(lengths)
    samples = torch.randint(-9000, 9000, (int(counts.sum()),), generator=draws, dtype=torch.int16)
    index = Index(counts.cumsum(0) - counts, counts, torch.full((len(lengths),), 1 / 32768))
    recordings = [
        Recording(f"{name}{row}", None, "test", speaker="s", kind="k")
        for row in range(len(lengths))
    ]
    return Store(samples, index, recordings, 16000)


@pytest.fixture
def speech():
    return store("speech", [4000, 9000, 20000, 7000])


@pytest.fixture
def noise():
    return store("noise", [3000, 30000, 8000])


def test_every_utterance_is_mixed_at_every_ratio(speech, noise):
    mixtures = plan_mixtures(speech, noise, SETTINGS, seed=0)
    assert [(one.speech, one.snr_db) for one in mixtures] == [
        (f"speech{row}", snr_db) for row in range(4) for snr_db in (-7.5, 2.5)
    ]
    assert all(one.speaker == "s" and one.noise_kind == "k" for one in mixtures)


def test_the_plan_is_a_function_of_the_seed(speech, noise):
    plan = plan_mixtures(speech, noise, SETTINGS, seed=0)
    assert plan_mixtures(speech, noise, SETTINGS, seed=0) == plan
    assert plan_mixtures(speech, noise, SETTINGS, seed=1) != plan


def test_leaving_out_utterances_or_ratios_changes_no_other_mixture(speech, noise):
    plan = plan_mixtures(speech, noise, SETTINGS, seed=0)
    fewer = plan_mixtures(speech, noise, replace(SETTINGS, utterances=2), seed=0)
    assert fewer == [one for one in plan if one.speech in ("speech0", "speech2")]
    one_ratio = plan_mixtures(speech, noise, replace(SETTINGS, snr_db=[2.5]), seed=0)
    assert one_ratio == [one for one in plan if one.snr_db == 2.5]


def test_mixtures_have_their_ratio_and_start_where_the_plan_says(speech, noise):
    mixtures = plan_mixtures(speech, noise, SETTINGS, seed=0)
    clean, noisy = make_mixtures(mixtures, speech, noise, SETTINGS.samples)
    assert clean.shape == noisy.shape == (8, 5000)
    added = (noisy.double() - clean.double()).square().mean(-1)
    measured = 10 * torch.log10(clean.double().square().mean(-1) / added)
    asked = torch.tensor([one.snr_db for one in mixtures], dtype=torch.float64)
    torch.testing.assert_close(measured, asked, atol=0.01, rtol=0)
    for wave, mixture in zip(clean, mixtures, strict=True):
        row = torch.tensor([int(mixture.speech[-1])])
        start = torch.tensor([mixture.speech_start])
        torch.testing.assert_close(wave, speech.crops(row, start, 5000)[0])
    assert {one.speech_start for one in mixtures if one.speech == "speech0"} == {0}


def test_noise_starts_where_it_is_heard(speech):
    draws = torch.Generator().manual_seed(0)
    samples = torch.zeros(200_000, dtype=torch.int16)
    samples[:20_000] = torch.randint(-9000, 9000, (20_000,), generator=draws, dtype=torch.int16)
    index = Index(torch.tensor([0]), torch.tensor([len(samples)]), torch.tensor([1 / 32768]))
    padded = Store(samples, index, [Recording("padded", None, "test")], 16000)
    mixtures = plan_mixtures(speech, padded, SETTINGS, seed=0)
    clean, noisy = make_mixtures(mixtures, speech, padded, SETTINGS.samples)
    assert all(not torch.equal(a, b) for a, b in zip(clean, noisy, strict=True))
