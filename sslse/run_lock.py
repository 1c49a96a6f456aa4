"""One process at a time writes a run directory."""

import contextlib
import json
import os
import socket
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from sslse.errors import RunError

LOCK = "lock"
HELD = (BlockingIOError, PermissionError)
LOOKS = 5
LOOK_SECONDS = 0.02  # `held` holds the lock for a moment while it looks


@contextlib.contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold a run directory, made where it is missing; leave it as it was where nothing is written.

    The system releases the lock with the process, however that ends, so a killed run can be
    resumed at once. Where the file system has no locks, nothing is held.

    Raises:
        RunError: another process holds it.
    """
    made = not folder.exists()
    folder.mkdir(parents=True, exist_ok=True)
    place = _take(folder / LOCK, folder)
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            (folder / LOCK).unlink()
        os.close(place)
        if made:
            with contextlib.suppress(OSError):  # it is not empty
                folder.rmdir()


def held(folder: Path) -> str | None:
    """Say which process writes a run directory; None where none does, or nobody can tell."""
    try:
        place = os.open(folder / LOCK, os.O_RDWR)
    except OSError:
        return None
    try:
        _lock(place)
    except HELD:
        return _holder(folder / LOCK)
    finally:
        os.close(place)
    return None


def _take(path: Path, folder: Path) -> int:
    """Open and lock the file; return its descriptor."""
    while True:
        place = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            _lock_patiently(place)
        except HELD as error:
            os.close(place)
            raise RunError(
                f"{folder}: another run writes here ({_holder(path)}); wait for it or stop it, or "
                "choose another directory with --out"
            ) from error
        if _is_at(place, path):
            break
        os.close(place)  # its holder has just ended and removed it
    os.ftruncate(place, 0)
    os.write(place, json.dumps({"process": os.getpid(), "host": socket.gethostname()}).encode())
    return place


def _lock_patiently(place: int) -> None:
    for _ in range(LOOKS - 1):
        with contextlib.suppress(*HELD):
            return _lock(place)
        time.sleep(LOOK_SECONDS)
    return _lock(place)


def _is_at(place: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(place), path.stat())
    except FileNotFoundError:
        return False


def _holder(path: Path) -> str:
    """Say who holds the lock, as the file tells."""
    try:
        about = json.loads(path.read_text(encoding="utf-8"))
        return f"process {about['process']} on {about['host']}"
    except (OSError, ValueError, KeyError, TypeError):
        return "process unknown"


if sys.platform == "win32":
    import msvcrt

    def _lock(place: int) -> None:
        msvcrt.locking(place, msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def _lock(place: int) -> None:
        try:
            fcntl.flock(place, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except HELD:
            raise
        except OSError:  # a file system without locks
            return
