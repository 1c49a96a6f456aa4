"""``sslse export``."""

import importlib.util

import pytest
from click.testing import CliRunner

from sslse.cli import main
from sslse.errors import ExportError
from sslse.export import writing


def export(*arguments):
    return CliRunner().invoke(main, ["export", *map(str, arguments)])


@pytest.fixture
def model(tiny_models, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tiny_models["context"]


def test_a_bundle_is_named_after_the_recipe(model, tmp_path):
    result = export(model, "--to", "bundle", "--license", "CC-BY-4.0")
    assert result.exit_code == 0, result.output
    assert result.output == "wrote quickstart-bundle\n"
    assert [one.name for one in tmp_path.iterdir()] == ["quickstart-bundle"]
    assert "\nlicense: cc-by-4.0\n" in (tmp_path / "quickstart-bundle/README.md").read_text("utf-8")
    again = export(model, "--to", "bundle")
    assert again.exit_code == 2
    assert again.output == (
        "quickstart-bundle: exists already and is never overwritten; choose another -o\n"
    )


@pytest.mark.parametrize("form", ["bundle", "onnx", "pt2"])
def test_nothing_is_overwritten(model, tmp_path, form):
    (tmp_path / "there").write_text("mine")
    result = export(model, "--to", form, "-o", "there")
    assert result.exit_code == 2
    assert result.output.startswith("there: exists already")
    assert (tmp_path / "there").read_text() == "mine"


def test_what_is_refused_leaves_nothing(model, tmp_path, monkeypatch):
    def refuse(subject, program, path):
        path.write_bytes(b"half")
        raise ExportError("differs")

    monkeypatch.setattr(writing, "trace", lambda subject: None)
    monkeypatch.setattr(writing, "write_program", refuse)
    result = export(model, "--to", "pt2", "-o", "new/model.pt2")
    assert result.exit_code == 2
    assert result.output == "differs\n"
    assert list((tmp_path / "new").iterdir()) == []


def test_a_difference_is_told(model, monkeypatch):
    monkeypatch.setattr(writing, "trace", lambda subject: None)
    monkeypatch.setattr(writing, "write_program", lambda _, __, path: path.write_text("") or 2e-7)
    result = export(model, "--to", "pt2")
    assert result.output == (
        "wrote quickstart.pt2\ndiffers from 'sslse enhance' by 2.0e-07 of the peak, at most\n"
    )


def test_missing_packages_are_named(model, monkeypatch):
    found = importlib.util.find_spec
    missing = ("onnxscript", "onnxruntime")
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *more: None if name in missing else found(name)
    )
    result = export(model, "--to", "onnx")
    assert result.exit_code == 2
    assert result.output == (
        "--to onnx needs onnxscript, onnxruntime; install with: pip install 'sslse[onnx]'\n"
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--to", "onnx", "--license", "mit"], "--license goes into the card of a bundle"),
        (["--to", "bundle", "--license", "a b"], "--license takes an id like mit, apache-2.0 or"),
        (["--to", "tflite"], "'tflite' is not one of 'bundle', 'onnx', 'pt2'"),
        ([], "Missing option '--to'"),
    ],
)
def test_wrong_use(model, arguments, message):
    result = export(model, *arguments)
    assert result.exit_code == 2
    assert message in result.output


def test_a_model_that_is_not_there(tmp_path):
    result = export(tmp_path / "none", "--to", "bundle")
    assert result.exit_code == 2
    assert "no such model" in result.output
