"""A module imports only from its own layer or lower ones; the imports are read, not run."""

import ast
from pathlib import Path

import pytest

import sslse

PACKAGE = Path(sslse.__file__).parent
PLUGINS = Path(__file__).parents[1] / "plugins"
LAYERS = [
    {
        "atomic",
        "errors",
        "hooks",
        "registry",
        "options",
        "settings",
        "recipe",
        "builtins",
        "wording",
        "__init__",
    },
    {"api", "audio", "pcm", "wav_header"},
    {
        "nn",
        "losses",
        "spectral_losses",
        "latents",
        "seeds",
        "data",
        "defaults",
        "metrics",
        "baselines",
        "device",
        "places",
        "ranks",
    },
    {
        "encoders",
        "decoders",
        "networks",
        "predictors",
        "schedules",
        "augmentations",
        "corpora",
        "loggers",
    },
    {
        "build",
        "bundle",
        "calibration",
        "compare",
        "curves",
        "train",
        "evaluate",
        "report",
        "prepare",
        "probe",
        "provenance",
        "run",
        "run_folder",
        "run_list",
        "run_lock",
        "run_state",
        "reproduce",
        "sweep",
        "doctor",
        "enhance",
        "export",
        "front",
        "golden",
        "longer",
        "new",
        "testing",
        "scan",
    },
    {"cli", "__main__"},
]
# Every layer may import the package for its version; what it offers to Python it imports when it is
# asked.
DOOR = PACKAGE / "__init__.py"
BEHIND_THE_DOOR = "sslse.front"
LAYER_OF = {name: number for number, names in enumerate(LAYERS) for name in names}


def imported(path):
    """Every module a file imports at its top level or inside a function."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (one.name for one in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            if node.module == "sslse":
                yield from (f"sslse.{one.name}" for one in node.names)
            else:
                yield node.module


def top(module):
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else "__init__"


def room(path):
    relative = path.relative_to(PACKAGE)
    return relative.parts[0].removesuffix(".py")


FILES = sorted(PACKAGE.rglob("*.py"))


def test_every_module_has_a_layer():
    assert {room(path) for path in FILES} == set(LAYER_OF)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_go_down_only(path):
    modules = set(imported(path)) - ({BEHIND_THE_DOOR} if path == DOOR else set())
    for module in modules:
        assert not module.startswith("sslse_"), f"{path} imports the plugin {module}"
        if module.split(".")[0] == "sslse" and top(module) in LAYER_OF:
            assert LAYER_OF[top(module)] <= LAYER_OF[room(path)], module


def test_the_package_itself_imports_nothing_of_it_before_it_is_asked():
    statements = ast.parse(DOOR.read_text(encoding="utf-8")).body
    at_once = [one for one in statements if isinstance(one, ast.Import | ast.ImportFrom)]
    assert [ast.unparse(one) for one in at_once] == ["from typing import TYPE_CHECKING"]
    assert BEHIND_THE_DOOR in set(imported(DOOR))


@pytest.mark.parametrize("path", sorted(PLUGINS.rglob("*.py")), ids=lambda path: path.parent.name)
def test_plugins_know_the_contracts_and_blocks_only(path):
    for module in imported(path):
        if module.startswith("sslse_"):
            assert module.split(".")[0] == path.parent.name, f"{path} imports another plugin"
        elif module.split(".")[0] == "sslse":
            assert LAYER_OF[top(module)] <= 2, f"{path} imports {module}"


def test_reading_imports_no_torch():
    reading = [path for path in FILES if LAYER_OF[room(path)] == 0]
    assert len(reading) > 8
    for path in reading:
        assert "torch" not in {module.split(".")[0] for module in imported(path)}, path
