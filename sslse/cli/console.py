"""Rich's console, as every command uses it."""

import errno

from rich import console

from sslse.cli.output import NOBODY


class Console(console.Console):
    """Leaves it to `sslse.cli.output` to end a command whose output nobody reads."""

    def on_broken_pipe(self) -> None:
        """Raise what rich has caught."""
        raise BrokenPipeError(errno.EPIPE, NOBODY)
