"""The exponential integral."""

import numpy as np
import numpy.typing as npt
from numpy.polynomial.polynomial import polyval

Values = npt.NDArray[np.float64]

_SMALL = (-0.57721566, 0.99999193, -0.24991055, 0.05519968, -0.00976004, 0.00107857)
_ABOVE = (0.2677737343, 8.6347608925, 18.0590169730, 8.5733287401, 1.0)
_BELOW = (3.9584969228, 21.0996530827, 25.6329561486, 9.5733223454, 1.0)


def exponential_integral(x: Values) -> Values:
    """Return ``E1(x)``, the integral of ``exp(-t) / t`` from x > 0 to infinity.

    To within 2e-7, by the approximations 5.1.53 and 5.1.56 of Abramowitz and Stegun (1964).
    """
    small, great = np.minimum(x, 1.0), np.maximum(x, 1.0)
    below = polyval(small, _SMALL) - np.log(small)
    above = np.exp(-great) / great * polyval(great, _ABOVE) / polyval(great, _BELOW)
    joined: Values = np.where(x < 1, below, above)
    return joined
