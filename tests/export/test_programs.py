"""Torch programs and ONNX files give what the model gives, for any length, without sslse."""

import json
import subprocess
import sys
import wave
from pathlib import Path

import numpy as np
import pytest
import torch

from sslse.export.onnx import runner, write_onnx
from sslse.export.program import ABOUT, trace, write_program
from sslse.export.subject import read_subject

EXAMPLE = Path(__file__).parents[2] / "docs" / "examples" / "onnx" / "enhance.py"
WITHOUT = """
import runpy, sys
for name in ("torch", "sslse", "onnx", "onnxscript"):
    sys.modules[name] = None
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""
PROGRAM = """
import json, sys, torch
assert "sslse" not in sys.modules
sys.modules["sslse"] = None
more = {"sslse.json": ""}
module = torch.export.load(sys.argv[1], extra_files=more).module()
with torch.no_grad():
    enhanced = module(torch.ones(1, 777))
print(json.loads(more["sslse.json"])["sample_rate"], tuple(enhanced.shape))
"""


pytestmark = pytest.mark.export


@pytest.fixture(scope="module", params=["context", "global", "causal"])
def exported(request, tiny_models, registry, tmp_path_factory):
    """Trace each kind of network once; give it with its two files."""
    pytest.importorskip("onnxscript")
    pytest.importorskip("onnxruntime")
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    subject = read_subject(tiny_models[request.param], registry)
    folder = tmp_path_factory.mktemp(request.param)
    program = trace(subject)
    for write, name in ((write_program, "model.pt2"), (write_onnx, "model.onnx")):
        assert write(subject, program, folder / name) <= 1e-5
    torch.set_num_threads(before)
    return subject, folder


def test_an_onnx_file_gives_what_the_model_gives(exported):
    subject, folder = exported
    enhance = runner(folder / "model.onnx")
    random = np.random.default_rng(1)
    for samples in (1, 2, 129, 1024, 5000, 20001):
        noisy = random.standard_normal((2, samples)).astype(np.float32)
        expected = subject.model.enhance(noisy, 16000)
        assert np.abs(enhance(noisy) - expected).max() <= 1e-4 * np.abs(expected).max()
        assert np.abs(expected - noisy).max() > 1e-3 * np.abs(expected).max()


def test_an_onnx_file_says_what_it_is(exported):
    import onnxruntime

    subject, folder = exported
    session = onnxruntime.InferenceSession(folder / "model.onnx")
    (taken,), (given,) = session.get_inputs(), session.get_outputs()
    assert (taken.name, taken.shape) == ("noisy", ["batch", "samples"])
    assert (given.name, given.shape) == ("enhanced", ["batch", "samples"])
    about = session.get_modelmeta().custom_metadata_map
    assert about["sample_rate"] == "16000"
    assert about["stride"] == str(subject.stride)
    assert about["recipe"] == subject.recipe_text
    assert about["sslse_version"] == subject.version


def test_no_file_names_one_of_this_machine(exported):
    for path in exported[1].iterdir():
        content = path.read_bytes()
        for place in (str(Path.cwd()), sys.prefix, str(path.parent), "sslse/nn/"):
            assert place.encode() not in content, (path, place)


def test_a_program_needs_torch_alone(exported):
    file = exported[1] / "model.pt2"
    more = {ABOUT: ""}
    torch.export.load(file, extra_files=more)
    assert json.loads(more[ABOUT])["stride"] == str(exported[0].stride)
    if exported[0].model.causal:  # once is enough
        command = [sys.executable, "-c", PROGRAM, str(file)]
        ended = subprocess.run(command, capture_output=True, text=True, check=True)
        assert ended.stdout == "16000 (1, 777)\n"


def example(folder, rate, channels, samples=4321):
    noisy = np.random.default_rng(2).uniform(-0.3, 0.3, (samples, channels))
    with wave.open(str(folder / "noisy.wav"), "wb") as file:
        file.setparams((channels, 2, rate, 0, "NONE", ""))
        file.writeframes((noisy * 32768).astype("<i2").tobytes())
    files = [folder / "model.onnx", folder / "noisy.wav", folder / "enhanced.wav"]
    command = [sys.executable, "-c", WITHOUT, str(EXAMPLE), *map(str, files)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def samples_of(file):
    with wave.open(str(file)) as opened:
        data = np.frombuffer(opened.readframes(opened.getnframes()), "<i2")
        return data.reshape(-1, opened.getnchannels()).T, opened.getframerate()


def test_the_example_needs_onnxruntime_alone(exported):
    subject, folder = exported
    assert len(EXAMPLE.read_text("utf-8").splitlines()) <= 30
    ended = example(folder, 16000, channels=2)
    assert ended.returncode == 0, ended.stderr
    noisy, _ = samples_of(folder / "noisy.wav")
    enhanced, rate = samples_of(folder / "enhanced.wav")
    assert rate == 16000
    expected = subject.model.enhance(noisy.astype(np.float32) / 32768, 16000)
    expected = np.rint(expected * 32768).clip(-32768, 32767)
    assert np.abs(enhanced - expected).max() <= 1


def test_the_example_refuses_another_rate(exported):
    ended = example(exported[1], 8000, channels=1)
    assert ended.returncode == 1
    assert "has 8000 Hz and 16 bits; the model takes 16000 Hz and 16 bits" in ended.stderr
