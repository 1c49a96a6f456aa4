"""Help like a manual page: what a command reads and writes, its exit codes, and examples.

Give it to a command as its class, with what it should tell::

    @click.command(
        "enhance",
        cls=Manual,
        reads="RUN, the directory of a trained run, and the audio files FILE.",
        writes="One file of the same name for each, into the folder of -o.",
        exits={75: "one of several processes was lost"},
        examples=(
            ("one file", "sslse enhance runs/byol noisy.wav -o clean"),
            ("a folder, on a GPU", "sslse enhance runs/byol noisy -o clean --device cuda"),
        ),
    )

A test holds that every command has two to five examples, that each is a line the command takes, and
that no line is wider than 80 columns. Exit codes 0 and 2 need not be said.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import click

EXITS = {0: "done", 2: "wrong input: one line says what, and what is possible"}
STOPPED = {130: "stopped by Ctrl-C; what is saved stays", 143: "stopped by SIGTERM; the same"}
STOPS = {
    75: "the machine ended it (memory, disk, a lost device or process); the command that goes on "
    "is printed",
    **STOPPED,
}

Examples = Sequence[tuple[str, str]]


class Manual(click.Command):
    """A command whose help ends in what it reads and writes, its exit codes and examples.

    Args:
        reads: where its input lies; empty for nothing.
        writes: what it leaves behind; empty for nothing.
        exits: what exit codes mean, beside or in place of ``EXITS``.
        examples: pairs of a few words and a whole command line.
        attributes: as of ``click.Command``.
    """

    def __init__(
        self,
        *,
        reads: str = "",
        writes: str = "",
        exits: Mapping[int, str] | None = None,
        examples: Examples = (),
        **attributes: Any,
    ) -> None:
        super().__init__(**attributes)
        self.reads, self.writes = reads, writes
        self.exits = dict(sorted({**EXITS, **(exits or {})}.items()))
        self.examples = tuple(examples)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Show with an argument that is missing how the command is given."""
        try:
            return super().parse_args(ctx, args)
        except click.MissingParameter as error:
            example = f" For example: {self.examples[0][1]}" if self.examples else ""
            raise click.UsageError(error.format_message() + example, ctx) from error

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the sections below the options."""
        for title, text in (("Reads", self.reads), ("Writes", self.writes)):
            if text:
                with formatter.section(title):
                    formatter.write_text(text)
        with formatter.section("Exit codes"):
            formatter.write_dl([(str(code), meaning) for code, meaning in self.exits.items()])
        if self.examples:
            with formatter.section("Examples"):
                for words, line in self.examples:
                    formatter.write(f"{'':{formatter.current_indent}}# {words}\n")
                    formatter.write(f"{'':{formatter.current_indent}}{line}\n")
        super().format_epilog(ctx, formatter)


class ManualGroup(Manual, click.Group):
    """A group of commands with the same sections."""
