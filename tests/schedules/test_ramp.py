import itertools
import math

import pytest

from sslse.api import OptionError, Progress, Weights
from sslse.schedules.ramp import Ramp

STEPS = 101


def along(schedule, steps=STEPS):
    return [schedule.weights(Progress(step, steps, 10)) for step in range(steps)]


@pytest.mark.parametrize("shape", ["linear", "cosine"])
def test_it_begins_and_ends_exactly_and_never_turns(shape):
    ramp = Ramp(cl_from=1.3, cl_to=0.0, se_from=0.1, se_to=0.7, start=0.2, end=0.6, shape=shape)
    weights = along(ramp)
    assert set(weights[:21]) == {Weights(1.3, 0.1)}
    assert set(weights[60:]) == {Weights(0.0, 0.7)}
    for before, after in itertools.pairwise(weights[20:61]):
        assert after.cl < before.cl
        assert after.se > before.se
    assert all(one.cl > 0 for one in weights[:60])


def test_the_whole_run_by_default():
    weights = along(Ramp())
    assert weights[0] == Weights(1.0, 0.1)
    assert weights[-1] == Weights(0.1, 1.0)
    assert len(set(weights)) == STEPS


def test_linear_against_the_formula():
    ramp = Ramp(cl_from=2.0, cl_to=0.5, start=0.25, end=0.75)
    for step, weights in enumerate(along(ramp, steps=9)):
        done = min(1.0, max(0.0, (step / 8 - 0.25) / 0.5))
        assert weights.cl == pytest.approx(2.0 - 1.5 * done)


def test_cosine_is_slow_at_both_ends():
    linear, cosine = along(Ramp()), along(Ramp(shape="cosine"))
    assert cosine[10].cl > linear[10].cl
    assert cosine[50].cl == pytest.approx(linear[50].cl)
    assert cosine[90].cl < linear[90].cl
    assert cosine[25].cl == pytest.approx(1 - 0.9 * (1 - math.cos(math.pi / 4)) / 2)


def test_a_run_of_one_step():
    assert along(Ramp(), steps=1) == [Weights(1.0, 0.1)]


@pytest.mark.parametrize(
    ("options", "message", "option"),
    [
        ({"start": 0.5, "end": 0.5}, r"must be greater than start \(0.5\)", "end"),
        ({"start": 0.5, "end": 0.25}, r"must be greater than start \(0.5\)", "end"),
        ({"cl_from": 0.0, "se_from": 0.0}, "both losses have weight 0", "se_from"),
        ({"cl_to": 0.0, "se_to": 0.0}, "both losses have weight 0", "se_to"),
    ],
)
def test_what_makes_no_ramp_is_refused(options, message, option):
    with pytest.raises(OptionError, match=message) as caught:
        Ramp(**options)
    assert caught.value.option == option
