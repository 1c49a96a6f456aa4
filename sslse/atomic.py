"""Write a file so that it is there whole or not at all."""

import contextlib
import os
from pathlib import Path

PARTIAL = ".partial"


def write_whole(path: Path, content: bytes | str, *, previous: Path | None = None) -> None:
    """Write a file under another name, flush it to the disk and give it its name.

    Whoever looks finds the old content or the new one, also after a crash of the machine.

    Args:
        path: of the file; its folder must exist.
        content: text is written as UTF-8.
        previous: takes the content that ``path`` had.

    Raises:
        OSError: the file cannot be written; it names the file, and ``path`` is as it was.
    """
    partial = path.with_name(f"{path.name}{PARTIAL}")
    data = content.encode() if isinstance(content, str) else content
    try:
        with partial.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        if previous is not None and path.exists():
            path.replace(previous)
        partial.replace(path)
        sync_folder(path.parent)
    except OSError as error:
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)
        # A failing write, unlike a failing open, does not know its file.
        raise OSError(error.errno, error.strerror or str(error), str(path)) from error


def sync_folder(folder: Path) -> None:
    """Flush the names of a folder to the disk, where the system can."""
    with contextlib.suppress(OSError):
        place = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(place)
        finally:
            os.close(place)
