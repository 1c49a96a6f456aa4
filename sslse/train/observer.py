"""What goes along with a training and changes nothing in it."""

from collections.abc import Sequence
from typing import Any


class Observer:
    """Told by the trainer of rank 0 how far it is, between two steps; does nothing by itself."""

    def started(self, step: int, seconds: float) -> None:
        """See the training begin.

        Args:
            step: steps taken before, in the state it goes on from.
            seconds: of training until then.
        """

    def logged(self, line: dict[str, Any]) -> None:
        """See a line of ``metrics.jsonl``."""

    def epoch_ended(self, step: int, seconds: float) -> None:
        """See the end of an epoch, before the state of it is saved; it may come twice.

        Args:
            step: steps taken.
            seconds: of training until then.
        """

    def ended(self) -> None:
        """See the end of the last step; not called where the training stops before."""


class Observers(Observer):
    """Several, told one after another.

    Args:
        observers: in that order.
    """

    def __init__(self, observers: Sequence[Observer]) -> None:
        self._observers = observers

    def started(self, step: int, seconds: float) -> None:
        """Tell all."""
        for one in self._observers:
            one.started(step, seconds)

    def logged(self, line: dict[str, Any]) -> None:
        """Tell all."""
        for one in self._observers:
            one.logged(line)

    def epoch_ended(self, step: int, seconds: float) -> None:
        """Tell all."""
        for one in self._observers:
            one.epoch_ended(step, seconds)

    def ended(self) -> None:
        """Tell all."""
        for one in self._observers:
            one.ended()


NOBODY = Observer()
