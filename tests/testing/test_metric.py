"""Each rule for metrics catches the one that breaks it."""

import math

import numpy as np
import pytest

from sslse.api import Metric, OptionError, PositiveFloat
from sslse.testing import check_metric
from sslse.testing.metric import METRIC_RULES, MetricCase, odd_waves


class Good(Metric):
    """SNR in dB of a scaled estimate."""

    unit = "dB"

    def __init__(self, *, scale: PositiveFloat = 1.0) -> None:
        self.scale = scale

    def score(self, clean, estimate, noisy, sample_rate):
        power = np.square(clean, dtype=np.float64).sum()
        wrong = np.square(clean - self.scale * estimate, dtype=np.float64).sum()
        if not power or not wrong:
            raise ValueError("no ratio")
        return float(10 * np.log10(power / wrong))

    def contract(self):
        return {"package": "here", "scale": self.scale}


class Distance(Good):
    """Root mean squared error."""

    better, unit = "lower", ""
    range = (0.0, math.inf)

    def score(self, clean, estimate, noisy, sample_rate):
        return float(np.sqrt(np.square(clean - estimate, dtype=np.float64).mean()))


class Loudness(Good):
    """Not a measure of noise."""

    def score(self, clean, estimate, noisy, sample_rate):
        return float(10 * np.log10(np.square(estimate, dtype=np.float64).mean()))


class NoMetric:
    pass


class Wired(Good):
    def __init__(self, noise: object, /) -> None:
        super().__init__()


class WrongWord(Good):
    better = "up"


class WrongUnit(Good):
    unit = None


class UpsideDown(Good):
    range = (5.0, 1.0)


class NoRates(Good):
    rates = ()


class ContractOfArrays(Good):
    def contract(self):
        return {"weights": np.ones(3)}


class ContractOfTuples(Good):
    def contract(self):
        return {"band": (300, 3400)}


class EmptyContract(Good):
    def contract(self):
        return {}


class ChangingContract(Good):
    def contract(self):
        return {"number": id(self)}


class TooNarrow(Good):
    range = (0.0, 30.0)


class GivesFloat32(Good):
    def score(self, *waves_and_rate):
        return np.float32(super().score(*waves_and_rate))


class FailsAtALowRate(Good):
    def score(self, clean, estimate, noisy, sample_rate):
        if sample_rate < 10000:
            raise ValueError("too low")
        return super().score(clean, estimate, noisy, sample_rate)


class WrongDirection(Distance):
    better = "higher"


class Constant(Good):
    def score(self, clean, estimate, noisy, sample_rate):
        return 1.0


class Counts(Good):
    calls = 0

    def score(self, *waves_and_rate):
        self.calls += 1
        return super().score(*waves_and_rate) + 1e-9 * self.calls


class Draws(Good):
    def __init__(self) -> None:
        super().__init__()
        self.random = np.random.default_rng()

    def score(self, *waves_and_rate):
        return super().score(*waves_and_rate) + 1e-6 * float(self.random.random())


class InPlace(Good):
    def score(self, clean, estimate, noisy, sample_rate):
        estimate -= estimate.mean()
        return super().score(clean, estimate, noisy, sample_rate)


class InPlaceNoisy(Good):
    def score(self, clean, estimate, noisy, sample_rate):
        noisy *= 0.5
        return super().score(clean, estimate, noisy, sample_rate)


class GivesNan(Good):
    def score(self, clean, estimate, noisy, sample_rate):
        spread = estimate.std()
        if spread < 1e-6:
            return math.nan
        return super().score(clean, estimate, noisy, sample_rate)


class Overflows(Good):
    range = (-60.0, 60.0)


class SaysOneRate(Good):
    rates = (16000,)


class RefusesRates(Good):
    rates = (16000,)

    def score(self, clean, estimate, noisy, sample_rate):
        if sample_rate not in self.rates:
            raise OptionError("other rate")
        return super().score(clean, estimate, noisy, sample_rate)


BROKEN = {
    "is constructed from options": (NoMetric, Wired),
    "says which direction": (WrongWord, WrongUnit, UpsideDown, NoRates),
    "has a contract": (ContractOfArrays, ContractOfTuples, EmptyContract, ChangingContract),
    "gives a number in its range": (TooNarrow, GivesFloat32, FailsAtALowRate),
    "scores speech under less noise": (WrongDirection, Constant, Loudness),
    "gives the same score": (Counts, Draws),
    "leaves the waves": (InPlace, InPlaceNoisy),
    "raises where it has no score": (GivesNan, Overflows),
    "refuses other rates": (SaysOneRate,),
}


@pytest.mark.parametrize(
    ("rule", "target"), [(rule, one) for rule, all_ in BROKEN.items() for one in all_]
)
def test_a_broken_one_is_caught_by_its_rule(rule, target):
    with pytest.raises(AssertionError, match=rule) as caught:
        check_metric(target)
    assert str(caught.value).startswith(f"metric {target.__module__}:{target.__name__}: ")


def test_every_rule_has_its_offender():
    for one in METRIC_RULES:
        assert sum(rule in one.text for rule in BROKEN) == 1, one.text


@pytest.mark.parametrize("target", [Good, Distance, RefusesRates])
def test_what_is_allowed_passes(target):
    check_metric(target)


def test_a_measure_of_something_else_says_so():
    check_metric(Loudness, orders=False)


def test_options_reach_it():
    with pytest.raises(AssertionError, match="scale: takes float > 0, not -1"):
        check_metric(Good, scale=-1)


@pytest.mark.parametrize("rate", [8000, 16000])
def test_mixtures_have_their_ratio(rate):
    case = MetricCase(Good, {}, orders=True)
    for snr_db in (-20.0, 0.0, 20.0):
        measured = Good().score(case.speech(rate), case.mixture(snr_db, rate), None, rate)
        assert measured == pytest.approx(snr_db, abs=0.5)


def test_odd_waves_are_odd():
    clean = np.linspace(-1, 1, 32000, dtype=np.float32)
    found = {name: pair for name, *pair in odd_waves(clean, 0.5 * clean, 16000)}
    assert len(found) == 14
    assert len(found["waves of 0.1 s"][0]) == 1600
    assert np.ptp(found["a constant estimate"][1]) == 0
    assert all(len(one) == len(other) for one, other in found.values())
