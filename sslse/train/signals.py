"""SIGTERM and SIGINT end a run at once, or between two steps."""

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import FrameType

from sslse import ranks
from sslse.errors import Stopped

WATCHED = (signal.SIGTERM, signal.SIGINT)


@dataclass
class Noted:
    """The signal that asked to stop; None while there was none."""

    number: int | None = None

    def anywhere(self) -> bool:
        """Tell whether this process noted one, or another that trains with it."""
        self.number = ranks.greatest(self.number or 0) or None
        return self.number is not None


@contextlib.contextmanager
def signals_raise() -> Iterator[None]:
    """Raise `sslse.errors.Stopped` where a signal arrives."""

    def receive(number: int, _: FrameType | None) -> None:
        raise stopped(number)

    with _handled(receive):
        yield


@contextlib.contextmanager
def signals_noted() -> Iterator[Noted]:
    """Note a signal instead of stopping for it; a second SIGINT does not wait."""
    noted = Noted()

    def receive(number: int, _: FrameType | None) -> None:
        if noted.number is not None and number == signal.SIGINT:
            raise stopped(number)
        noted.number = noted.number or number

    with _handled(receive):
        yield noted


def stopped(number: int, message: str = "") -> Stopped:
    """Return what is raised for a signal."""
    name = signal.Signals(number).name
    return Stopped(number, f"stopped by {name}{message and ': '}{message}")


@contextlib.contextmanager
def _handled(receive: Callable[[int, FrameType | None], None]) -> Iterator[None]:
    """Handle the signals; outside the main thread, which alone gets them, do nothing."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {one: signal.signal(one, receive) for one in WATCHED}
    try:
        yield
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)
