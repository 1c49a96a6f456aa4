"""Several tests at once: p-values after Holm."""

import math
from collections.abc import Sequence


def adjust(p_values: Sequence[float]) -> list[float]:
    """Return p-values adjusted for their number: the step-down method of Holm (1979).

    With p(1) <= ... <= p(m), the i-th smallest becomes the largest of min(1, (m - j + 1) p(j))
    over j <= i. Whoever believes those at or below 0.05 is wrong about any of them in at most 5 %
    of such families, however the tests depend on each other (Scandinavian Journal of Statistics
    6, 65-70).

    Args:
        p_values: of one family; NaN, which tells nothing, counts as 1.
    """
    known = [1.0 if math.isnan(p) else p for p in p_values]
    order = sorted(range(len(known)), key=known.__getitem__)
    adjusted = [1.0] * len(known)
    largest = 0.0
    for place, index in enumerate(order):
        largest = max(largest, min(1.0, (len(known) - place) * known[index]))
        adjusted[index] = largest
    return adjusted
