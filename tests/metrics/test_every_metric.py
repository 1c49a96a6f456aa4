"""What every metric that ships has in common."""

import math
from itertools import pairwise

import numpy as np
import pytest

from sslse.api import OptionError
from sslse.evaluate.scoring import score
from sslse.golden import SAMPLE_RATE, golden_pair
from sslse.registry import discover
from sslse.testing.metric import odd_waves

NAMES = [one.name for one in discover().of_kind("metric") if one.plugin.distribution == "sslse"]
SHIPPED = {
    *("pesq_nb", "pesq_wb", "stoi", "estoi", "si_sdr", "si_sdr_improvement", "sdr"),
    *("segmental_snr", "lsd", "csig", "cbak", "covl"),
}
ODD = [
    *("the clean wave upside down", "a constant estimate", "a constant clean wave"),
    *("an estimate with an offset", "a click as clean wave", "a click as estimate"),
    *("a clipped estimate", "a soft estimate", "soft waves", "a loud estimate"),
    *("waves of 0.1 s", "waves of ten samples", "waves of one sample"),
]


@pytest.fixture(scope="module")
def pair():
    """Give the beginning of the golden pair, which is enough here."""
    return tuple(wave[: 5 * SAMPLE_RATE // 2] for wave in golden_pair())


def test_all_of_them_ship():
    assert set(NAMES) == SHIPPED


@pytest.mark.parametrize("name", NAMES)
def test_less_noise_is_better_and_none_is_best(every_metric, name, pair, noise):
    metric, clean = every_metric[name], pair[0].astype(np.float64)
    sign = 1 if metric.better == "higher" else -1
    noisy = clean + noise
    waves = [clean + 10 ** (-snr_db / 20) * noise for snr_db in (-10, 0, 10, 20, 30)]
    values = [metric.score(clean, wave, noisy, SAMPLE_RATE) for wave in [*waves, clean]]
    best = metric.range[1 if sign > 0 else 0]
    for one, two in pairwise(values):
        assert sign * two > sign * one or one == two == best, values
    assert values[-1] == pytest.approx(best, abs=0.001) or values[-1] > 200


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("odd", ODD)
def test_odd_waves_have_a_score_in_range_or_a_reason(every_metric, name, odd, pair):
    metric = every_metric[name]
    clean, estimate = {what: waves for what, *waves in odd_waves(*pair, SAMPLE_RATE)}[odd]
    scores = score({name: metric}, clean, estimate, pair[1][: len(clean)], SAMPLE_RATE)
    value, reason = scores.values[name], scores.reasons.get(name)
    if reason is None or reason == "the score is inf":
        assert metric.range[0] - 1e-9 <= value <= metric.range[1] + 1e-9
    else:
        kind, _, message = reason.partition(": ")
        assert math.isnan(value)
        assert kind.endswith(("Error", "Warning"))
        assert message
    if odd in ("a constant estimate", "a constant clean wave", "waves of one sample"):
        assert reason is not None
        assert "constant" in reason


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("fault", ["silent", "not finite", "longer", "two dimensions", "empty"])
def test_waves_that_are_none_are_refused(every_metric, name, fault, pair):
    clean, estimate = pair[0][:8000], pair[1][:8000].copy()
    if fault == "silent":
        estimate[:] = 0
    elif fault == "not finite":
        estimate[5] = np.nan
    elif fault == "longer":
        estimate = pair[1][:8001]
    elif fault == "two dimensions":
        estimate = estimate[None]
    else:
        estimate = estimate[:0]
    expected = {
        "silent": "the estimate is constant",
        "not finite": "the estimate is not finite",
        "longer": "differ in length: 8000 and 8001 samples",
        "two dimensions": "must have one dimension, not 2",
        "empty": "the estimate is empty",
    }
    with pytest.raises(ValueError, match=expected[fault]):
        every_metric[name].score(clean, estimate, pair[1][:8000], SAMPLE_RATE)


@pytest.mark.parametrize("name", ["pesq_nb", "pesq_wb", "csig", "cbak", "covl"])
def test_a_rate_that_pesq_does_not_know_is_refused(every_metric, name, pair, capsys):
    metric = every_metric[name]
    assert 11025 not in metric.rates
    with pytest.raises(OptionError, match=r"PESQ .b needs .*16000 Hz, not 11025"):
        metric.score(*pair, pair[1], 11025)
    assert not capsys.readouterr().out


@pytest.mark.parametrize(
    ("name", "samples", "level", "reason"),
    [
        ("stoi", 300, 1.0, "there is less than a frame of speech"),
        ("pesq_nb", 8000, 1e-30, "one wave is too soft beside the other for PESQ"),
    ],
)
def test_what_a_package_says_in_its_own_way_is_said_clearly(
    every_metric, name, samples, level, reason, pair
):
    clean, noisy = (wave[9000 : 9000 + samples] for wave in pair)
    with pytest.raises(ValueError, match=reason):
        every_metric[name].score(clean, np.float32(level) * noisy, noisy, SAMPLE_RATE)


def test_the_level_counts_for_some_and_not_for_others(every_metric, pair):
    clean, noisy = pair
    free = {"si_sdr", "si_sdr_improvement", "sdr", "stoi", "estoi"}
    for name in free | {"segmental_snr", "lsd", "cbak"}:
        metric = every_metric[name]
        one, other = (
            metric.score(clean, level * noisy, noisy, SAMPLE_RATE) for level in (1.0, 0.25)
        )
        assert (other == pytest.approx(one, abs=1e-5)) == (name in free), name
