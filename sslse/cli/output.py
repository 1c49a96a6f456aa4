"""Standard output that nobody reads any more, as behind ``| head``: end quietly, as others do."""

import contextlib
import os
import select
import sys
from collections.abc import Callable, Iterator
from typing import Any

import click

SIGNALLED = 128  # plus the signal's number, as shells count
UNREAD = SIGNALLED + 13  # SIGPIPE
NOBODY = "nobody reads the output any more"


@contextlib.contextmanager
def quiet_when_unread(note: Callable[[], str] = str) -> Iterator[None]:
    """End with the exit code of SIGPIPE where what the block writes has no reader.

    A pipe between processes that breaks is another matter, and stays an error.

    Args:
        note: gives a line for standard error, or an empty text.
    """
    try:
        yield
    except BrokenPipeError:
        unread = [one for one in (sys.stdout, sys.stderr) if _is_unread(one)]
        if not unread:
            raise
        for one in unread:  # or Python complains when it ends
            os.dup2(os.open(os.devnull, os.O_WRONLY), one.fileno())
        if text := note():
            click.echo(text, err=True)
        sys.exit(UNREAD)


def _is_unread(stream: Any) -> bool:
    """Tell whether a stream is a pipe whose other end is closed."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        asked = select.poll()
        asked.register(stream.fileno(), 0)  # errors alone
        return bool(asked.poll(0))
    return False
