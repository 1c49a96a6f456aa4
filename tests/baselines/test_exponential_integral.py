import math

import numpy as np
import pytest

from sslse.baselines.exponential_integral import exponential_integral


def integrated(x):
    """E1 by Simpson's rule over u = log t, until nothing is left."""
    points = 20001
    low, high = math.log(x), math.log(x + 60)
    step = (high - low) / (points - 1)
    values = [math.exp(-math.exp(low + place * step)) for place in range(points)]
    return step / 3 * (values[0] + values[-1] + 4 * sum(values[1:-1:2]) + 2 * sum(values[2:-1:2]))


@pytest.mark.parametrize("x", [1e-8, 1e-3, 0.1, 0.5, 0.999, 1.0, 1.001, 2.0, 7.0, 30.0])
def test_it_is_the_integral(x):
    assert exponential_integral(np.array([x]))[0] == pytest.approx(integrated(x), abs=3e-7)


def test_it_falls_and_stays_finite():
    x = np.geomspace(1e-10, 700, 5000)
    values = exponential_integral(x)
    assert np.isfinite(values).all()
    assert (np.diff(values) <= 1e-7).all()
