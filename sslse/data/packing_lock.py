"""One process at a time packs a corpus; the others wait for it."""

import contextlib
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

LOCK = "lock"


@contextlib.contextmanager
def alone_in(folder: Path, on_wait: Callable[[], None]) -> Iterator[bool]:
    """Hold a folder within the block; the system lets go of it with the process.

    Args:
        folder: must exist.
        on_wait: called before waiting for another process.

    Yields:
        Whether it is held: not every file system has locks.

    Raises:
        OSError: the lock's file cannot be written.
    """
    place = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        yield _take(place, on_wait)
    finally:
        os.close(place)


if sys.platform == "win32":

    def _take(_place: int, _on_wait: Callable[[], None]) -> bool:
        return False

else:
    import fcntl

    def _take(place: int, on_wait: Callable[[], None]) -> bool:
        try:
            fcntl.flock(place, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            on_wait()
            fcntl.flock(place, fcntl.LOCK_EX)
        except OSError:  # a file system without locks
            return False
        return True
