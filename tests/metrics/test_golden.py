"""The metrics: known scores of a known pair, and what they do where there is no score."""

import math

import numpy as np
import pytest

from sslse.errors import OptionError
from sslse.evaluate.scoring import score
from sslse.golden import EXPECTED, SAMPLE_RATE, SNR_DB, golden_metrics, golden_pair
from sslse.metrics.pesq import PesqWb
from sslse.metrics.si_sdr import SiSdr


@pytest.fixture
def metrics():
    return golden_metrics()


def orthogonal(seconds=0.5):
    """Give two waves of unit mean power without a common part, both of mean zero."""
    time = np.arange(int(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    return np.sqrt(2) * np.sin(2 * np.pi * 300 * time), np.sqrt(2) * np.sin(2 * np.pi * 500 * time)


def test_the_pair_is_the_same_again_and_has_its_snr(pair):
    for wave, again in zip(pair, golden_pair(), strict=True):
        np.testing.assert_array_equal(wave, again)
    clean, noisy = (wave.astype(np.float64) for wave in pair)
    clean_power = np.square(clean - clean.mean()).sum()
    measured = 10 * np.log10(clean_power / np.square(noisy - clean).sum())
    assert measured == pytest.approx(SNR_DB, abs=1e-4)


def test_the_pair_has_its_known_scores(pair, metrics):
    scores = score(metrics, *pair, pair[1], SAMPLE_RATE)
    assert not scores.reasons
    assert scores.values.keys() == EXPECTED.keys()
    for name, (expected, tolerance) in EXPECTED.items():
        assert scores.values[name] == pytest.approx(expected, abs=tolerance), name


def test_a_wave_compared_with_itself_has_the_highest_scores(pair, metrics):
    scores = score(metrics, pair[0], pair[0], pair[1], SAMPLE_RATE)
    infinite = ("si_sdr", "si_sdr_improvement")
    assert scores.reasons == dict.fromkeys(infinite, "the score is inf")
    assert scores.values["pesq_nb"] == pytest.approx(4.5485, abs=0.001)
    assert scores.values["pesq_wb"] == pytest.approx(4.6439, abs=0.001)
    assert scores.values["stoi"] == pytest.approx(1.0, abs=1e-6)
    assert scores.values["estoi"] == pytest.approx(1.0, abs=1e-6)
    assert scores.values["si_sdr"] == math.inf
    assert scores.values["sdr"] > 200
    assert scores.values["segmental_snr"] == 35
    assert scores.values["lsd"] == 0
    assert [scores.values[name] for name in ("csig", "cbak", "covl")] == [5, 5, 5]


@pytest.mark.parametrize(
    ("silent", "reason"),
    [("clean", "the clean wave is silent"), ("estimate", "the estimate is silent")],
)
def test_silence_is_no_score(pair, metrics, silent, reason):
    waves = dict(zip(("clean", "estimate"), pair, strict=True))
    waves[silent] = np.zeros_like(waves[silent])
    scores = score(metrics, waves["clean"], waves["estimate"], pair[1], SAMPLE_RATE)
    assert scores.reasons == dict.fromkeys(EXPECTED, reason)
    assert all(math.isnan(one) for one in scores.values.values())


def test_a_constant_wave_has_no_si_sdr(pair):
    constant = np.full_like(pair[0], 0.1)
    scores = score({"si_sdr": SiSdr()}, pair[0], constant, pair[1], SAMPLE_RATE)
    assert scores.reasons == {"si_sdr": "ValueError: the estimate is constant"}


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_an_estimate_that_is_not_finite_is_no_score(pair, metrics, value):
    clean, estimate = pair[0], pair[1].copy()
    estimate[1000] = value
    scores = score(metrics, clean, estimate, estimate, SAMPLE_RATE)
    assert scores.reasons == dict.fromkeys(EXPECTED, "the estimate is not finite")
    assert all(math.isnan(one) for one in scores.values.values())


def test_a_wave_too_short_for_pesq_and_stoi_has_the_other_scores(pair, metrics):
    clean, estimate = (wave[5000:6600] for wave in pair)
    scores = score(metrics, clean, estimate, estimate, SAMPLE_RATE)
    need_pesq, need_stoi = {"pesq_nb", "pesq_wb", "csig", "cbak", "covl"}, {"stoi", "estoi"}
    assert set(scores.reasons) == need_pesq | need_stoi
    assert scores.reasons["pesq_wb"].startswith("BufferTooShortError: Buffer")
    assert scores.reasons["stoi"].startswith("RuntimeWarning: Not enough STFT frames")
    assert scores.reasons["covl"] == scores.reasons["pesq_wb"]
    others = set(EXPECTED) - need_pesq - need_stoi
    assert all(math.isfinite(scores.values[name]) for name in others)


def test_pesq_refuses_a_rate_it_does_not_know(pair):
    with pytest.raises(OptionError) as caught:
        PesqWb().score(*pair, pair[1], 8000)
    assert str(caught.value) == "PESQ wb needs 16000 Hz, not 8000"


@pytest.mark.parametrize("ratio_db", [-20.0, -5.0, 0.0, 5.0, 40.0])
@pytest.mark.parametrize("zero_mean", [True, False])
def test_si_sdr_of_orthogonal_noise_is_its_ratio(ratio_db, zero_mean):
    clean, noise = orthogonal()
    estimate = clean + 10 ** (-ratio_db / 20) * noise
    metric = SiSdr(zero_mean=zero_mean)
    assert metric.score(clean, estimate, estimate, SAMPLE_RATE) == pytest.approx(ratio_db, abs=1e-9)


@pytest.mark.parametrize("scale", [1e-3, -1.0, 250.0])
def test_si_sdr_does_not_depend_on_scale(scale):
    clean, noise = orthogonal()
    estimate = clean + 0.5 * noise
    expected = SiSdr().score(clean, estimate, estimate, SAMPLE_RATE)
    assert SiSdr().score(clean, scale * estimate, estimate, SAMPLE_RATE) == pytest.approx(
        expected, abs=1e-9
    )
    assert SiSdr().score(scale * clean, estimate, estimate, SAMPLE_RATE) == pytest.approx(
        expected, abs=1e-9
    )


def test_si_sdr_forgives_an_offset_where_the_mean_is_removed():
    clean, noise = orthogonal()
    estimate = clean + 0.1 * noise + 0.3
    assert SiSdr().score(clean, estimate, estimate, SAMPLE_RATE) == pytest.approx(20, abs=1e-9)
    offset_counts = 10 * np.log10(1 / (0.1**2 + 0.3**2))
    counted = SiSdr(zero_mean=False).score(clean, estimate, estimate, SAMPLE_RATE)
    assert counted == pytest.approx(offset_counts, abs=1e-9)


def test_contracts_say_what_is_behind_a_number(metrics):
    contracts = {name: metric.contract() for name, metric in metrics.items()}
    assert {one["package"] for one in contracts.values()} == {"pesq", "pystoi", "sslse"}
    assert all(one["version"] for one in contracts.values())
    assert [contracts[name]["mode"] for name in ("pesq_nb", "pesq_wb")] == ["nb", "wb"]
    assert [contracts[name]["extended"] for name in ("stoi", "estoi")] == [False, True]
    assert contracts["si_sdr"]["zero_mean"] is True
