"""Each rule for baselines catches the one that breaks it."""

import math

import numpy as np
import pytest

from sslse.api import Baseline, OptionError, PositiveFloat
from sslse.testing import check_baseline
from sslse.testing.baseline import BASELINE_RULES


class Good(Baseline):
    """The mixture at another level."""

    def __init__(self, *, level: PositiveFloat = 0.5) -> None:
        self.level = level

    def estimate(self, noisy, clean, sample_rate):
        return self.level * noisy

    def contract(self):
        return {"package": "here", "level": self.level}


class Oracle(Good):
    oracle = True

    def estimate(self, noisy, clean, sample_rate):
        return 0.5 * (noisy + clean)


class RefusesSilence(Good):
    def estimate(self, noisy, clean, sample_rate):
        if not noisy.any() or not clean.any() or len(noisy) < 1000:
            raise ValueError("no speech")
        return noisy / np.abs(noisy).max()


class NoBaseline:
    pass


class Wired(Good):
    def __init__(self, noise: object, /) -> None:
        super().__init__()


class Halves(Good):
    def estimate(self, noisy, clean, sample_rate):
        return noisy[::2]


class OneRate(Good):
    def estimate(self, noisy, clean, sample_rate):
        return noisy * (math.nan if sample_rate == 8000 else 1.0)


class Lists(Good):
    def estimate(self, noisy, clean, sample_rate):
        return noisy.tolist()


class Remembers(Good):
    def estimate(self, noisy, clean, sample_rate):
        self.level *= 0.9
        return self.level * noisy


class DrawsFromNumpy(Good):
    def estimate(self, noisy, clean, sample_rate):
        return noisy + np.random.standard_normal(len(noisy))  # noqa: NPY002


class Peeks(Oracle):
    oracle = False


class InPlace(Good):
    def estimate(self, noisy, clean, sample_rate):
        noisy *= 0.5
        return noisy


class Divides(Good):
    def estimate(self, noisy, clean, sample_rate):
        with np.errstate(all="ignore"):
            return noisy / np.abs(noisy).max()


class SaysNothing(Good):
    def contract(self):
        return {}


BROKEN = {
    "is constructed from options": (NoBaseline, Wired),
    "gives a finite wave as long": (Halves, OneRate, Lists),
    "gives the same estimate": (Remembers, DrawsFromNumpy),
    "looks at the clean wave": (Peeks,),
    "leaves the waves": (InPlace,),
    "gives finite waves or raises": (Divides,),
    "says in its contract": (SaysNothing,),
}


@pytest.mark.parametrize(
    ("rule", "target"), [(rule, one) for rule, all_ in BROKEN.items() for one in all_]
)
def test_a_broken_one_is_caught_by_its_rule(rule, target):
    with pytest.raises(AssertionError, match=rule) as caught:
        check_baseline(target)
    assert str(caught.value).startswith(f"baseline {target.__module__}:{target.__name__}: ")


def test_every_rule_has_its_offender():
    for one in BASELINE_RULES:
        assert sum(rule in one.text for rule in BROKEN) == 1, one.text


@pytest.mark.parametrize("target", [Good, Oracle, RefusesSilence])
def test_what_is_allowed_passes(target):
    check_baseline(target)


def test_options_reach_it():
    with pytest.raises(AssertionError, match="level: takes float > 0, not -1") as caught:
        check_baseline(Good, level=-1)
    assert isinstance(caught.value.__cause__, OptionError)
