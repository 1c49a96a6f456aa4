"""The ``sslse`` command."""

import importlib
import io
import os
import shlex
import sys
import traceback
from typing import Any, NoReturn

import click

import sslse
from sslse.cli.manual import ManualGroup
from sslse.cli.output import NOBODY, SIGNALLED, quiet_when_unread
from sslse.errors import BrokenOffError, SslseError, Stopped

COMMANDS = {
    "run": "Train, evaluate and report as a recipe says.",
    "check": "Do everything 'run' would do except train.",
    "evaluate": "Score a trained run again.",
    "enhance": "Enhance recordings with a trained model.",
    "export": "Export a trained model: a bundle, ONNX, or a torch program.",
    "probe": "Ask what the latent of a trained run knows.",
    "compare": "Compare evaluated runs: better, worse or undecided.",
    "curves": "Draw metrics and losses over the training of runs.",
    "runs": "List runs: how far they are, and what they reached.",
    "sweep": "Run a recipe with many option values and seeds, and compare them.",
    "reproduce": "Run the paper's whole matrix; its tables and figures beside those obtained.",
    "data": "Look at audio files before training on them ('data scan FOLDER').",
    "list": "List components and plugins.",
    "show": "Show a component's options, or a recipe with everything filled in.",
    "new": "Write a plugin package, ready to be changed.",
    "doctor": "Examine this installation and say what to do.",
}
WRONG_INPUT = 2
BROKEN_OFF = 75  # sysexits' EX_TEMPFAIL: the same command with --resume may succeed
INTERRUPTED = 130
ARGUMENTS = "sslse.arguments"


class LazyGroup(ManualGroup):
    """Imports a command's module when the command is called or its help is asked for."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Keep the command line, to say how a run is continued."""
        ctx.meta[ARGUMENTS] = list(args)
        return super().parse_args(ctx, args)

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """Name the commands in the order of a first use."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Import one command."""
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"sslse.cli.{cmd_name}_command")
        command: click.Command = module.command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Suggest the nearest command for an unknown one."""
        from sslse.registry import did_you_mean

        unknown = args and args[0] not in COMMANDS and not args[0].startswith("-")
        if unknown and not ctx.resilient_parsing:
            near = did_you_mean(args[0], COMMANDS)
            possible = ", ".join(COMMANDS)
            ctx.fail(f"no command named {args[0]!r}{near} (possible: {possible})")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """List the commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def make_context(self, *arguments: Any, **options: Any) -> click.Context:
        """Write a help that nobody reads quietly."""
        with quiet_when_unread():
            return super().make_context(*arguments, **options)

    def invoke(self, ctx: click.Context) -> Any:
        """Turn the errors that are the user's to mend into messages and exit codes."""
        try:
            with quiet_when_unread(lambda: _unread_note(ctx)):
                return super().invoke(ctx)
        except BrokenOffError as error:
            _show_traceback_if_asked(ctx)
            _end(f"{error}\ncontinue with: {_resume_command(ctx)}", BROKEN_OFF)
        except Stopped as stop:
            _end(f"{stop}\ncontinue with: {_resume_command(ctx)}", SIGNALLED + stop.number)
        except SslseError as error:
            _show_traceback_if_asked(ctx)
            _end(str(error), WRONG_INPUT)
        except OSError as error:
            if error.strerror is None:
                raise
            _show_traceback_if_asked(ctx)
            place = f"{error.filename}: " if error.filename else ""
            _end(f"{place}{error.strerror.lower()}", WRONG_INPUT)
        except KeyboardInterrupt:
            _end("stopped; what is saved stays, --resume continues a run", INTERRUPTED)


def _end(text: str, code: int) -> NoReturn:
    """Say why the command ends, also to what started it, and end it."""
    from sslse.places import tell_torchrun

    click.echo(text, err=True)
    tell_torchrun(os.environ, text)
    sys.exit(code)


def _resume_command(ctx: click.Context) -> str:
    """Return the command line that was given, with ``--resume`` where the command has it."""
    from sslse.places import started_by

    words = ctx.meta[ARGUMENTS]
    more = ["--resume"] if _resumes(ctx) and "--resume" not in words else []
    before, note = started_by(os.environ)
    return shlex.join([*before, *words, *more]) + (f"  # {note}" if note else "")


def _resumes(ctx: click.Context) -> bool:
    command = LazyGroup().get_command(ctx, ctx.meta[ARGUMENTS][0])
    return command is not None and any("--resume" in one.opts for one in command.params)


def _unread_note(ctx: click.Context) -> str:
    """Say how a run goes on that ended because nobody reads what it says."""
    if not _resumes(ctx) or set(ctx.help_option_names) & set(ctx.meta[ARGUMENTS]):
        return ""
    return f"{NOBODY}; what is saved stays\ncontinue with: {_resume_command(ctx)}"


def _show_traceback_if_asked(ctx: click.Context) -> None:
    if ctx.obj and ctx.obj.get("debug"):
        traceback.print_exc()


@click.group(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"]},
    examples=(
        ("train, evaluate and report on shipped data", "sslse run quickstart"),
        ("what there is to put into a recipe", "sslse list"),
        ("options, exit codes and examples of a command", "sslse run --help"),
        ("complete commands and names in bash", 'eval "$(_SSLSE_COMPLETE=bash_source sslse)"'),
    ),
)
@click.version_option(sslse.__version__, prog_name="sslse")
def main() -> None:
    """Self-supervised methods for speech enhancement, assembled from plugins.

    Start with: sslse run quickstart
    """
    # A name that the terminal's encoding lacks is shown in escapes; it stops nothing.
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
