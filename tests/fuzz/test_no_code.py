"""Nothing that is read can run code: no pickle is opened, no recipe reaches beyond components."""

import ast
import contextlib
import os
import pickle
import shutil
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
from click.testing import CliRunner

import sslse
from sslse.cli import main
from sslse.corpora.manifest import Manifest
from sslse.data.packing import open_store
from sslse.errors import DataError, RecipeError, RunError
from sslse.recipe import load_recipe
from sslse.train.state import FILE, load_state
from sslse.train.window import Window

PACKAGE = Path(sslse.__file__).parent
SOURCES = [*PACKAGE.rglob("*.py"), *(PACKAGE.parent / "plugins").rglob("*.py")]
PICKLERS = {"pickle", "cPickle", "dill", "cloudpickle", "joblib", "marshal", "shelve"}
RUNNERS = {"eval", "exec", "compile", "__import__"}
YAML_READERS = {"load", "load_all", "full_load", "unsafe_load", "Loader", "FullLoader"}


# What a process sends to those it started itself; never from a file.
BETWEEN_PROCESSES = {"reading.py": ["pickle"]}


class Payload:
    """Unpickled, it creates a folder."""

    def __init__(self, file):
        self.file = str(file)

    def __reduce__(self):
        return os.mkdir, (self.file,)


@pytest.fixture
def trap(tmp_path):
    """Give what a payload creates, and payloads in every form torch knows."""
    file = tmp_path / "payload ran"
    payload = Payload(file)
    torch.save(payload, tmp_path / "zip")
    torch.save(payload, tmp_path / "legacy", _use_new_zipfile_serialization=False)
    forms = {name: (tmp_path / name).read_bytes() for name in ("zip", "legacy")}
    forms["protocol 0"] = pickle.dumps(payload, 0)
    forms["protocol 5"] = pickle.dumps(payload, 5)
    pickle.loads(forms["protocol 0"])  # noqa: S301 - the payload works
    assert file.exists()
    file.rmdir()
    yield file, forms
    assert not file.exists()


FORMS = ("zip", "legacy", "protocol 0", "protocol 5")


@pytest.mark.parametrize("form", FORMS)
def test_a_pickle_as_checkpoint_is_refused(trap, tmp_path, form):
    (tmp_path / FILE).write_bytes(trap[1][form])
    model = torch.nn.Linear(2, 2)
    optimizer = torch.optim.SGD(model.parameters(), lr=1)
    with pytest.raises(RunError) as caught:
        load_state(tmp_path, model, optimizer, Window(), lambda _: None)
    assert str(caught.value).startswith(f"{tmp_path / FILE}: ")


@pytest.mark.parametrize(
    ("command", "name"),
    [
        ("evaluate", "recipe.yaml"),
        ("evaluate", "model.safetensors"),
        ("probe", "model.safetensors"),
        ("run", "recipe.yaml"),
        ("run", "evaluation.json"),
    ],
)
def test_a_pickle_in_a_run_directory_is_refused(trap, trained, tmp_path, name, command):
    shutil.copytree(trained[0], tmp_path / "run")
    (tmp_path / "run" / name).write_bytes(trap[1]["zip"])
    if command == "run":
        line = ["run", "quickstart", *trained[1], "--resume", "--out", str(tmp_path / "run")]
    else:
        line = [command, str(tmp_path / "run")]
    result = CliRunner().invoke(main, line)
    assert isinstance(result.exception, SystemExit), result.exception
    assert result.exit_code == 2
    assert name in result.stderr


@pytest.fixture(scope="module")
def trained(tmp_path_factory, tiny_cache, tiny_sets):
    """Train a tiny run once; give its directory and the arguments that made it."""
    sets = [part for one in (*tiny_sets, f"data.cache={tiny_cache}") for part in ("--set", one)]
    folder = tmp_path_factory.mktemp("trained") / "run"
    line = ["run", "quickstart", *sets, "--set", "train.epochs=1", "--out", str(folder)]
    result = CliRunner().invoke(main, line)
    assert result.exit_code == 0, result.output
    return folder, [*sets, "--set", "train.epochs=1"]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", ["list.csv", "list.jsonl"])
def test_a_pickle_as_manifest_is_refused(trap, tmp_path, form, name):
    (tmp_path / name).write_bytes(trap[1][form])
    with pytest.raises(DataError):
        Manifest(file=str(tmp_path / name)).recordings()


@pytest.mark.parametrize("form", FORMS)
def test_a_pickle_as_recording_or_recipe_is_refused(trap, tmp_path, registry, form):
    (tmp_path / "a.wav").write_bytes(trap[1][form])
    (tmp_path / "list.csv").write_text("path,split\na.wav,train\n")
    with pytest.raises(DataError, match="none of its 1 recordings is usable"):
        open_store(Manifest(file=f"{tmp_path}/list.csv"), 16000, tmp_path / "cache", label="x")
    (tmp_path / "a.yaml").write_bytes(trap[1][form])
    with pytest.raises(RecipeError):
        load_recipe(str(tmp_path / "a.yaml"), registry)


def test_a_pickle_as_packed_store_is_not_opened(trap, tmp_path):
    """Whether the corpus is packed anew or refused: the payload does not run."""
    for name in ("a.wav", "b.wav"):
        soundfile.write(tmp_path / name, np.ones(16000) / 2, 16000)
    (tmp_path / "list.csv").write_text("path,split\na.wav,train\nb.wav,test\n")
    corpus = Manifest(file=f"{tmp_path}/list.csv")
    cache = tmp_path / "cache"
    open_store(corpus, 16000, cache, label="x")
    files = [file for file in cache.rglob("*") if file.is_file() and file.stat().st_size]
    assert len(files) >= 2
    for file in files:
        for content in trap[1].values():
            file.unlink(missing_ok=True)  # a mapped file is not written into
            file.write_bytes(content)
            with contextlib.suppress(DataError):
                assert len(open_store(corpus, 16000, cache, label="x")) == 2


def findings(source):
    """Yield what could run code that was read, in a source text."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Import(names=[one]) if one.name.split(".")[0] in PICKLERS:
                yield one.name
            case ast.ImportFrom(module=str(module)) if module.split(".")[0] in PICKLERS:
                yield module
            case ast.Call(func=ast.Name(id=name)) if name in RUNNERS:
                yield name
            case ast.Call(func=ast.Attribute(value=ast.Name(id="torch" | "jit"), attr="load")):
                safe = [one.value for one in node.keywords if one.arg == "weights_only"]
                if not (safe and isinstance(safe[0], ast.Constant) and safe[0].value is True):
                    yield "torch.load"
            case ast.Attribute(value=ast.Name(id="yaml"), attr=name) if name in YAML_READERS:
                yield f"yaml.{name}"
            case ast.keyword(arg="allow_pickle"):
                yield "allow_pickle"
            case ast.keyword(arg="shell"):
                yield "shell"


@pytest.mark.parametrize(
    "source",
    [
        "import pickle",
        "from pickle import loads",
        "import joblib.numpy_pickle",
        "eval(text)",
        "exec(text)",
        "torch.load(path)",
        "torch.load(path, weights_only=False)",
        "torch.load(path, weights_only=flag)",
        "yaml.load(text, Loader=yaml.Loader)",
        "np.load(path, allow_pickle=True)",
        "subprocess.run(text, shell=True)",
    ],
)
def test_what_could_run_code_is_found(source):
    assert list(findings(source))


def test_no_source_reads_what_could_run_code():
    assert len(SOURCES) > 100
    found = {path: list(findings(path.read_text(encoding="utf-8"))) for path in SOURCES}
    found = {path.name: those for path, those in found.items() if those}
    assert found in ({}, BETWEEN_PROCESSES)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("objective: !!python/object/apply:os.system ['touch ran']", "tag '!!python/object/apply"),
        ("name: !!python/name:os.system ''", "tag '!!python/name:os.system' is not allowed"),
        ("name: !!binary aGk=", "tag '!!binary' is not allowed"),
        ("plugins: [evil.py]", "plugins: unknown option"),
        ("plugin: evil.py", "plugin: unknown option"),
        ("--plugin: evil.py", "--plugin: unknown option"),
        ("objective: evil.py", "no objective named 'evil.py'"),
        ("objective: {name: ./evil.py}", "no objective named './evil.py'"),
        ("objective: 'evil:Evil'", "no objective named 'evil:Evil'"),
        ("objective: {name: 'os:system'}", "no objective named 'os:system'"),
        ("objective: builtins.eval", "no objective named 'builtins.eval'"),
        ("objective: {name: normal, plugin: evil.py}", "plugin: unknown option"),
        ("objective: '${EVIL}'", "no objective named 'evil.py'"),
        ("objective: {name: '${EVIL}'}", "no objective named 'evil.py'"),
        ("data: {speech: {name: '${EVIL}'}}", "no corpus named 'evil.py'"),
        ("preset: '${EVIL}'", "no preset named 'evil.py'"),
        ("preset: ../../evil", "no preset named '../../evil'"),
        ("name: ../evil", "is a path"),
        ("name: '${AWAY}'", "is a path"),
        ('name: "a\\0b"', "character #x0000 is not allowed"),
        ('name: "\\ud800"', "character #xd800 is not allowed"),
        ('name: "\\UFFFFFFFF"', "not valid YAML"),
        ("extends: evil.py", "evil.py:1: the file is not a mapping"),
        ("extends: '${EVIL}'", "evil.py:1: the file is not a mapping"),
        ("extends: .", "no file "),
        ("extends: /dev/zero", "no file /dev/zero"),
        ("extends: fifo", "no file "),
        ("extends: http://localhost/evil.yaml", "no file "),
        ("extends: [quickstart, /proc/self/environ]", "/proc/self/environ"),
        ("data: {speech: {name: timit, root: ~no-such-user/x}}", "home of an unknown user"),
    ],
)
def test_a_recipe_names_no_code(tmp_path, monkeypatch, text, message):
    (tmp_path / "evil.py").write_text("import pathlib\npathlib.Path('ran').touch()\n")
    os.mkfifo(tmp_path / "fifo")
    extends = "" if text.startswith("extends") else "extends: quickstart\n"
    (tmp_path / "my.yaml").write_text(f"{extends}{text}\n")
    monkeypatch.setenv("EVIL", "evil.py")
    monkeypatch.setenv("AWAY", "../evil")
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(main, ["check", "my.yaml"])
    assert isinstance(result.exception, SystemExit), result.exception
    assert result.exit_code == 2
    assert message in result.stderr
    assert not (tmp_path / "ran").exists()
