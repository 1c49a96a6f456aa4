"""A trained model as a torch program (``.pt2``), which torch alone can run."""

import contextlib
import io
import json
import logging
import re
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import torch
from torch import Tensor, nn
from torch.export import Dim, ExportedProgram

from sslse.bundle import Enhancer
from sslse.enhance.pieces import LEAST_FRAMES
from sslse.errors import ExportError
from sslse.export.parity import Waves, verify
from sslse.export.subject import Subject

INPUT, OUTPUT = "noisy", "enhanced"
BATCH, SAMPLES = "batch", "samples"
REASON = 400  # letters of what an exporter says
ABOUT = "sslse.json"  # among the program's extra files


class WholeWave(nn.Module):
    """Enhance waves (batch, samples) of any length; silence fills the last frame.

    Args:
        enhancer: in evaluation mode.
    """

    def __init__(self, enhancer: Enhancer) -> None:
        super().__init__()
        self.enhancer = enhancer
        self.stride = enhancer.encoder.stride

    def forward(self, noisy: Tensor) -> Tensor:
        """Map (batch, samples) to the same shape."""
        samples = noisy.shape[-1]
        frames = _number(samples + self.stride - 1, self.stride)
        torch._check(frames >= LEAST_FRAMES)  # noqa: SLF001 - torch.export's way to be told facts
        filled = nn.functional.pad(noisy, (0, frames * self.stride - samples))
        enhanced: Tensor = self.enhancer(filled)
        return enhanced.narrow(-1, 0, samples)


def _number(samples: int, stride: int) -> int:
    """Return how many frames to compute; an export takes it for a size of its own.

    As a formula of the samples it would stand in every shape of the network, and the exporter
    cannot prove what it needs of those.
    """
    counted = torch.full((), samples, dtype=torch.int64)
    whole = counted.div(stride, rounding_mode="floor").clamp_min(LEAST_FRAMES)
    return cast("int", whole.item())  # int() would ask for its value


def trace(subject: Subject) -> ExportedProgram:
    """Turn a network into a program for waves of any number and length.

    Raises:
        ExportError: its code cannot be traced.
    """
    module = WholeWave(subject.model.enhancer).eval()
    example = torch.zeros(2, 13 * subject.stride + 1)
    sizes = {0: Dim(BATCH, min=1), 1: Dim(SAMPLES, min=1)}
    try:
        with quiet():
            program = torch.export.export(module, (example,), dynamic_shapes={INPUT: sizes})
    except Exception as error:
        raise refusal(subject, error) from error
    for part in program.graph_module.modules():
        for node in part.graph.nodes if isinstance(part, torch.fx.GraphModule) else ():
            node.meta.pop("stack_trace", None)  # files of this machine
    return program


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Keep exporters from printing graphs and advice; what they refuse, they raise."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    said = io.StringIO()
    try:
        with (
            torch.no_grad(),
            warnings.catch_warnings(),
            contextlib.redirect_stdout(said),
            contextlib.redirect_stderr(said),
        ):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)


def refusal(subject: Subject, error: Exception) -> ExportError:
    """Say that a network cannot be exported, and why."""
    recipe = subject.model.recipe
    said = re.sub(r"For more information, run with \S+|For extended logs .*", "", str(error))
    reason = " ".join(said.split())[:REASON]
    return ExportError(
        f"{subject.model.path}: encoder {recipe.encoder.name!r} with decoder "
        f"{recipe.decoder.name!r} cannot be exported: {type(error).__name__}: {reason}; possible: "
        "--to bundle, which takes any network"
    )


def write_program(subject: Subject, program: ExportedProgram, path: Path) -> float:
    """Write a torch program and hold the file against the model.

    Args:
        subject: the model.
        program: of it, from `trace`.
        path: ends in ``.pt2``.

    Returns:
        The largest difference, as a share of the peak.

    Raises:
        ExportError: the program in the file gives something else.
    """
    torch.export.save(program, path, extra_files={ABOUT: json.dumps(subject.about(), indent=2)})
    module = torch.export.load(path).module()

    def enhance(noisy: Waves) -> Waves:
        with torch.no_grad():
            enhanced: Waves = module(torch.from_numpy(noisy)).numpy()
        return enhanced

    return verify(subject, enhance)
