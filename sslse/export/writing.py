"""Export a model in one of the forms there are; whole or not at all."""

import contextlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from sslse.atomic import PARTIAL, sync_folder
from sslse.errors import ExportError
from sslse.export.bundle import write_bundle
from sslse.export.onnx import require_packages, write_onnx
from sslse.export.program import trace, write_program
from sslse.export.subject import read_subject
from sslse.registry import Registry

Form = Literal["bundle", "onnx", "pt2"]
ENDINGS: dict[Form, str] = {"bundle": "-bundle", "onnx": ".onnx", "pt2": ".pt2"}


def export(
    model: str | Path,
    form: Form,
    registry: Registry,
    *,
    out: Path | None = None,
    licence: str | None = None,
) -> tuple[Path, float | None]:
    """Write a trained model in another form and hold it against the model.

    Args:
        model: a run directory, a bundle, a ``.safetensors`` file, or the name of a shipped model.
        form: ``bundle``, a folder for others and for the Hugging Face hub; ``onnx``, a file for
            onnxruntime; ``pt2``, a program for torch.
        registry: the components.
        out: to write to; None: a name in this folder, after the recipe's.
        licence: of the model, for a bundle's card; None: not stated.

    Returns:
        What was written, and the largest difference as a share of the peak; None for a bundle,
        whose weights are the same.

    Raises:
        ExportError: the target exists, the network cannot be exported, or what was written does
            not give the same.
        DependencyError: packages that ``onnx`` needs are missing.
        RunError: there is no such model, or it is damaged.
        RecipeError: its network needs components that are not installed.
    """
    if form == "onnx":
        require_packages()
    if out is not None:
        _refuse_existing(out)
    subject = read_subject(model, registry)
    target = out or Path(f"{subject.recipe['name']}{ENDINGS[form]}")
    _refuse_existing(target)
    difference = None
    with _beside(target) as folder:
        written = folder / f"model{ENDINGS[form]}"
        if form == "bundle":
            written.mkdir()
            write_bundle(subject, written, licence)
        else:
            program = trace(subject)
            write = write_onnx if form == "onnx" else write_program
            difference = write(subject, program, written)
        _refuse_existing(target)
        written.rename(target)
        sync_folder(target.parent)
    return target, difference


def _refuse_existing(target: Path) -> None:
    if target.exists() or target.is_symlink():
        raise ExportError(f"{target}: exists already and is never overwritten; choose another -o")


@contextlib.contextmanager
def _beside(target: Path) -> Iterator[Path]:
    """Give a folder beside a target for what is not finished; it is gone afterwards."""
    folder = target.with_name(f"{target.name}.{os.getpid()}{PARTIAL}")
    folder.mkdir(parents=True)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
