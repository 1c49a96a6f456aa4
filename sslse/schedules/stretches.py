"""Say in few lines how weights go over a run."""

from collections.abc import Sequence
from dataclasses import dataclass

from sslse.api import Weights

STEPS = 3
CLOSE = 0.05

Ends = Sequence[tuple[Weights, Weights]]


@dataclass(frozen=True)
class Stretch:
    """Epochs, counted from 0, in which the weights stand still or move one way.

    Args:
        start: first epoch.
        end: one past the last epoch.
        first: weights it begins with.
        last: weights it ends with.
        how: ``smoothly``, ``step by step``, or nothing where the weights stand still.
    """

    start: int
    end: int
    first: Weights
    last: Weights
    how: str = ""

    def __str__(self) -> str:
        cl, se = _moved(self.first.cl, self.last.cl), _moved(self.first.se, self.last.se)
        how = f", {self.how}" if self.how else ""
        return f"epochs {self.start + 1}-{self.end}: CL x {cl}, SE x {se}{how}"


def stretches(ends: Ends) -> list[Stretch]:
    """Fold epochs into stretches.

    Weights that move within epochs are folded, and those that move between epochs for at least
    `STEPS` epochs. Where a moving stretch begins or ends close to the weights beside it, it is said
    to reach them.

    Args:
        ends: weights of the first and of the last step of every epoch.
    """
    found: list[Stretch] = []
    start = 0
    while start < len(ends):
        first, how = ends[start][0], ""
        if ends[start][1] != first:
            end, how = _one_way(ends, start, within=True), "smoothly"
        else:
            end = next((e for e in range(start, len(ends)) if ends[e] != (first, first)), len(ends))
            if end == start + 1:
                stepped = _one_way(ends, start, within=False)
                if stepped >= start + STEPS:
                    end, how = stepped, "step by step"
        last = ends[end - 1][1]
        if how and end < len(ends) and _close(ends[end][0], last, first):
            last = ends[end][0]
        if how and found and _close(found[-1].last, first, last):
            first = found[-1].last
        found.append(Stretch(start, end, first, last, how))
        start = end
    return found


def _one_way(ends: Ends, start: int, *, within: bool) -> int:
    """Return the epoch before which weights stop moving, or one of them turns.

    Args:
        ends: see `stretches`.
        start: first epoch.
        within: they move within every epoch; else between epochs alone.
    """
    signs = (0, 0)
    before = ends[start][0]
    for epoch in range(start, len(ends)):
        first, last = ends[epoch]
        moves = first != last if within else first == last and (first != before or epoch == start)
        turns = False
        for old, new in ((before, first), (first, last)):
            now = (_sign(new.cl - old.cl), _sign(new.se - old.se))
            turns |= any(one * other < 0 for one, other in zip(signs, now, strict=True))
            signs = (now[0] or signs[0], now[1] or signs[1])
        if epoch > start and (turns or not moves):
            return epoch
        before = last
    return len(ends)


def _sign(number: float) -> int:
    return (number > 0) - (number < 0)


def _close(beyond: Weights, near: Weights, far: Weights) -> bool:
    """Whether weights beyond one end of a stretch hardly differ from those at that end."""
    triples = ((beyond.cl, near.cl, far.cl), (beyond.se, near.se, far.se))
    return all(abs(out - end) <= CLOSE * abs(end - other) for out, end, other in triples)


def _moved(first: float, last: float) -> str:
    return f"{first:g}" if first == last else f"{first:.3g} -> {last:.3g}"
