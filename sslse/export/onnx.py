"""A trained model as an ONNX file, which onnxruntime alone can run."""

import importlib.util
from pathlib import Path
from typing import Any

import torch
from torch.export import ExportedProgram

from sslse.errors import DependencyError
from sslse.export.parity import Waves, verify
from sslse.export.program import BATCH, INPUT, OUTPUT, SAMPLES, quiet, refusal
from sslse.export.subject import Subject

PACKAGES = ("onnx", "onnxscript", "onnxruntime")
ERRORS_ONLY = 3  # onnxruntime's severity


def require_packages() -> None:
    """Refuse to begin without what an ONNX file is written and checked with.

    Raises:
        DependencyError: naming what is missing.
    """
    missing = [one for one in PACKAGES if importlib.util.find_spec(one) is None]
    if missing:
        raise DependencyError(
            f"--to onnx needs {', '.join(missing)}; install with: pip install 'sslse[onnx]'"
        )


def write_onnx(subject: Subject, program: ExportedProgram, path: Path) -> float:
    """Write an ONNX file and hold it against the model, in onnxruntime.

    Its input ``noisy`` and its output ``enhanced`` are float32 (batch, samples), both of any size;
    its metadata has ``sample_rate``, ``stride``, ``sslse_version`` and ``recipe``.

    Args:
        subject: the model.
        program: of it, from `sslse.export.program.trace`.
        path: of the file; weights are in it.

    Returns:
        The largest difference, as a share of the peak.

    Raises:
        DependencyError: packages of the extra ``onnx`` are missing.
        ExportError: the network cannot be exported, or the file gives something else.
    """
    require_packages()
    try:
        with quiet():
            converted: Any = torch.onnx.export(
                program,
                dynamo=True,
                input_names=[INPUT],
                output_names=[OUTPUT],
                external_data=False,
                verbose=False,
            )
    except Exception as error:
        raise refusal(subject, error) from error
    _describe(converted, subject)
    converted.save(path, external_data=False)
    return verify(subject, runner(path))


def _describe(converted: Any, subject: Subject) -> None:
    """Name the sizes, add the model's facts, and drop what names files of this machine."""
    graph = converted.model.graph
    batch, samples = graph.inputs[0].shape
    converted.rename_axes({batch: BATCH, samples: SAMPLES})
    for part in (graph, *(one.graph for one in converted.model.functions.values())):
        part.metadata_props.clear()
        for node in part.all_nodes():
            node.metadata_props.clear()
            node.doc_string = None
    converted.model.metadata_props.clear()
    converted.model.metadata_props.update(subject.about())


def runner(path: Path) -> Any:
    """Return a function that runs an ONNX file on waves (batch, samples)."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = ERRORS_ONLY
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])

    def enhance(noisy: Waves) -> Waves:
        enhanced: Waves = session.run([OUTPUT], {INPUT: noisy})[0]
        return enhanced

    return enhance
