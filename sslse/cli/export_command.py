"""``sslse export``."""

import re
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sslse.cli import completion
from sslse.cli.manual import Manual
from sslse.cli.options import common_options, find_components

if TYPE_CHECKING:
    from sslse.export.writing import Form

LICENCE = re.compile(r"[a-z0-9][a-z0-9.+-]{0,63}")


@click.command(
    "export",
    cls=Manual,
    reads="MODEL, a run directory, a bundle, a .safetensors file, or the name of a shipped model.",
    writes="A folder (bundle) or a file (onnx, pt2) of a name that is not there yet. It names no "
    "path of this machine.",
    examples=(
        (
            "a folder for others, and for the Hugging Face hub",
            "sslse export runs/byol --to bundle --license cc-by-4.0",
        ),
        ("a file for onnxruntime", "sslse export runs/byol --to onnx -o byol.onnx"),
        ("a program for torch without sslse", "sslse export runs/byol --to pt2"),
    ),
)
@click.argument("model", shell_complete=completion.models)
@click.option(
    "--to",
    "form",
    required=True,
    type=click.Choice(["bundle", "onnx", "pt2"]),
    help="What to make of it; onnx needs the extra 'onnx'.",
)
@click.option(
    "-o",
    "--out",
    metavar="OUT",
    type=click.Path(path_type=Path),
    help="Where to write (default: NAME-bundle, NAME.onnx or NAME.pt2, after the recipe).",
)
@click.option(
    "--license",
    "licence",
    metavar="ID",
    help="Licence of the model for a bundle's card, as the hub names it: mit, cc-by-4.0 ... "
    "(default: other, not stated).",
)
@common_options
def command(
    model: str, form: "Form", out: Path | None, licence: str | None, plugins: tuple[Path, ...]
) -> None:
    """Export the trained MODEL: a bundle, an ONNX file, or a torch program.

    An ONNX file or a program is run on several lengths and batches before it gets its name, and
    refused where it differs from 'sslse enhance' by more than 1e-4 of the peak.
    """
    if licence is not None and form != "bundle":
        raise click.UsageError("--license goes into the card of a bundle; use it with --to bundle")
    if licence is not None and not LICENCE.fullmatch(licence.lower()):
        raise click.UsageError(
            f"--license takes an id like mit, apache-2.0 or cc-by-4.0, not {licence!r}"
        )
    from sslse.export.writing import export

    target, difference = export(
        model,
        form,
        find_components(plugins),
        out=out,
        licence=licence.lower() if licence else None,
    )
    click.echo(f"wrote {target}")
    if difference is not None:
        click.echo(f"differs from 'sslse enhance' by {difference:.1e} of the peak, at most")
