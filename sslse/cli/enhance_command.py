"""``sslse enhance``."""

import contextlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sslse.cli import completion
from sslse.cli.manual import STOPPED, Manual
from sslse.cli.options import common_options, device_option, find_components
from sslse.cli.output import SIGNALLED

if TYPE_CHECKING:
    from sslse.enhance.loading import ModelSource
    from sslse.enhance.plan import Plan
    from sslse.registry import Registry
    from sslse.wav_header import WavHeader

FOLDER = Path("enhanced")
SOME_FAILED = 1
STREAM = "-"
TO_FILE = "to write a file: > enhanced.wav"


@click.command(
    "enhance",
    cls=Manual,
    reads="MODEL, a run directory, a bundle, a .safetensors file, or the name of a shipped model; "
    "each INPUT, a sound file that soundfile reads, a folder of them with all below it, or - for a "
    "WAV (or with --raw samples) on standard input.",
    writes="Each file into DIR, under its name or its path below INPUT, in its own format, with "
    "its sample rate, channels and length; never over an input. Standard input, and with --stdout "
    "a file, to standard output.",
    exits={
        1: "some inputs failed: one line says which and why; the others are done",
        **STOPPED,
        141: "whoever read standard output stopped reading (SIGPIPE)",
    },
    examples=(
        ("a file, into enhanced/noisy.wav", "sslse enhance runs/byol noisy.wav"),
        ("a folder with all below it, two at a time", "sslse enhance demo noisy -o clean --jobs 2"),
        (
            "what another program gives, while it gives it",
            "sslse enhance demo - < noisy.wav > clean.wav",
        ),
        (
            "samples without a header",
            "sslse enhance demo - --raw s16le,16000,1 < noisy.pcm > clean.pcm",
        ),
    ),
)
@click.argument("model", shell_complete=completion.models)
@click.argument(
    "inputs",
    metavar="INPUT...",
    nargs=-1,
    required=True,
    shell_complete=completion.files,
)
@click.option(
    "-o",
    "--out",
    metavar="DIR",
    type=click.Path(path_type=Path),
    help=f"Folder to write into (default: {FOLDER}).",
)
@click.option("--overwrite", is_flag=True, help="Replace files that are in DIR already.")
@click.option("--stdout", "to_stdout", is_flag=True, help="Write the only INPUT as WAV to stdout.")
@click.option(
    "--raw",
    metavar="ENCODING,RATE,CHANNELS",
    help="Standard input and output have no header, but samples like s16le,16000,1.",
)
@click.option(
    "--jobs",
    metavar="N",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    help="Files to enhance at once, each in a process with its share of the cores.",
)
@device_option
@common_options
def command(
    model: str,
    inputs: tuple[str, ...],
    out: Path | None,
    overwrite: bool,
    to_stdout: bool,
    raw: str | None,
    jobs: int,
    device: str,
    plugins: tuple[Path, ...],
) -> None:
    """Enhance recordings with a trained model.

    Any sample rate from 1 to 768 kHz, any number of channels (each for itself), any length in the
    same memory.
    """
    streamed = to_stdout or STREAM in inputs
    _refuse_contradictions(inputs, out, raw, overwrite=overwrite, to_stdout=to_stdout)
    from sslse.enhance.loading import ModelSource
    from sslse.enhance.plan import plan
    from sslse.errors import Stopped
    from sslse.train.signals import signals_raise

    registry = find_components(plugins)
    source = ModelSource(model, device, plugins)
    try:
        with signals_raise():
            if streamed:
                failed = _to_stdout(source, registry, inputs[0], raw)
            else:
                planned = plan([Path(one) for one in inputs], out or FOLDER, overwrite=overwrite)
                failed = _to_files(source, registry, planned, jobs)
    except Stopped as stop:
        click.echo(f"{stop}; files that are finished stay", err=True)
        sys.exit(SIGNALLED + stop.number)
    sys.exit(SOME_FAILED if failed else 0)


def _refuse_contradictions(
    inputs: tuple[str, ...], out: Path | None, raw: str | None, *, overwrite: bool, to_stdout: bool
) -> None:
    """Refuse arguments that do not go together, each in one sentence."""
    stream = STREAM in inputs
    cases = (
        (stream and len(inputs) > 1, "-: standard input is the only INPUT where it is one"),
        (to_stdout and len(inputs) > 1, f"--stdout takes one INPUT, not {len(inputs)}"),
        (
            to_stdout and not stream and Path(inputs[0]).is_dir(),
            f"--stdout takes a file, and {inputs[0]} is a folder",
        ),
        (
            (stream or to_stdout) and (out is not None or overwrite),
            f"sound that goes to standard output takes neither -o nor --overwrite; {TO_FILE}",
        ),
        (raw is not None and not stream, "--raw goes with the INPUT -"),
        (
            (stream or to_stdout) and sys.stdout.isatty(),
            f"sound is not written to a terminal; {TO_FILE}",
        ),
    )
    for wrong, sentence in cases:
        if wrong:
            raise click.UsageError(sentence)


def _to_files(source: "ModelSource", registry: "Registry", planned: "Plan", jobs: int) -> int:
    from sslse.cli.enhancing import make_lines
    from sslse.enhance.pool import enhance_in_processes
    from sslse.enhance.running import enhance_here
    from sslse.errors import DataError

    if not planned.jobs:
        raise DataError("\n".join(planned.unusable))
    jobs = min(jobs, len(planned.jobs))
    model = source.load(registry) if jobs == 1 else None
    with make_lines(len(planned.jobs), to_stderr=False) as lines:
        for line in planned.unusable:
            lines.fail(line)
        if model is None:
            enhance_in_processes(source, planned.jobs, jobs, lines)
        else:
            enhance_here(model, planned.jobs, lines)
        lines.close()
    return lines.failed


def _to_stdout(source: "ModelSource", registry: "Registry", one: str, raw: str | None) -> int:
    from sslse.cli.enhancing import make_lines
    from sslse.enhance.pipes import enhance_file_to_pipe, enhance_pipe, parse_raw
    from sslse.enhance.plan import Job, shown
    from sslse.errors import DataError

    form: WavHeader | None = None
    if raw is not None:
        try:
            form = parse_raw(raw)
        except DataError as error:
            raise click.UsageError(f"--raw {raw}: {error}") from error
    target = sys.stdout.buffer
    name = "standard input" if one == STREAM else shown(Path(one))
    # A plugin may print: the sound is not to hold it.
    with contextlib.redirect_stdout(sys.stderr), make_lines(1, to_stderr=True) as lines:
        model = source.load(registry)
        try:
            if one == STREAM:
                done = enhance_pipe(model, sys.stdin.buffer, target, form)
            else:
                job = Job(Path(one), Path("standard output"))
                done = enhance_file_to_pipe(
                    model, Path(one), target, lambda at, of: lines.advanced(job, at, of)
                )
        except DataError as error:
            text = str(error)
            lines.fail(text if one != STREAM else f"{name}: {text}")
        else:
            lines.did(f"{name} -> standard output", done)
    return lines.failed
