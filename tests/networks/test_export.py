"""Recurrent networks leave as torch programs and ONNX files for waves of any length."""

import pytest
import torch

from sslse.build import build_network
from sslse.bundle import save_bundle
from sslse.export.onnx import write_onnx
from sslse.export.program import trace, write_program
from sslse.export.subject import read_subject

SIZES = {
    "dual_path": ("linear_bands=5", "erb_bands=4", "channels=[2, 4]", "units=3", "blocks=1"),
    "fast_enhancer": (
        "linear_bands=2",
        "erb_bands=1",
        "channels=4",
        "width=4",
        "heads=2",
        "blocks=1",
    ),
}


@pytest.mark.export
@pytest.mark.parametrize("family", SIZES)
def test_they_give_the_same_elsewhere(tiny, registry, tmp_path, family):
    pytest.importorskip("onnxscript")
    pytest.importorskip("onnxruntime")
    parts = ("encoder", "decoder")
    sizes = [f"{part}.{size}" for part in parts for size in SIZES[family]]
    recipe = tiny(*(f"{part}={family}" for part in parts), *sizes)
    encoder, decoder = build_network(recipe, registry)
    for parameter in decoder.parameters():
        if not parameter.any():
            torch.nn.init.normal_(parameter, std=0.1)
    save_bundle(tmp_path / "model.safetensors", encoder, decoder, recipe)
    subject = read_subject(tmp_path / "model.safetensors", registry)
    program = trace(subject)
    assert write_program(subject, program, tmp_path / "model.pt2") <= 1e-5
    assert write_onnx(subject, program, tmp_path / "model.onnx") <= 1e-5
