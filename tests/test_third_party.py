"""A plugin of another distribution really installed and run, beside one that is broken."""

import json
import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

EXAMPLE = Path(__file__).parents[1] / "docs" / "examples" / "sslse-vicreg"
REASON = "RuntimeError: this plugin needs a library that is not there"
BROKEN = {
    "pyproject.toml": """\
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"
[project]
name = "sslse-broken"
version = "2.5"
[project.entry-points.sslse]
broken = "sslse_broken"
""",
    "sslse_broken/__init__.py": """\
raise RuntimeError("this plugin needs a library that is not there")
""",
}
TINY_RUN = (
    *("train.epochs=1", "train.batch_size=30", "train.crop=1024", "train.crops_per_utterance=1"),
    *("train.threads=1", "evaluate.utterances=1", "evaluate.samples=4096", "evaluate.workers=1"),
    *("evaluate.snr_db=[0]", "evaluate.metrics=[si_sdr]"),
)
SSLSE = (sys.executable, "-P", "-c", "from sslse.cli import main; main()")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("third_party")


@pytest.fixture(scope="module")
def call(folder):
    """Give a function that runs a command where both distributions are installed."""
    packages, sources = folder / "packages", folder / "sources"
    shutil.copytree(EXAMPLE, sources / "vicreg", ignore=shutil.ignore_patterns("__pycache__"))
    for name, text in BROKEN.items():
        path = sources / "broken" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    environment = os.environ | {"PYTHONPATH": str(packages), "SSLSE_CACHE": str(folder / "cache")}

    def run(*command):
        return subprocess.run(
            command, cwd=folder, env=environment, capture_output=True, text=True, check=False
        )

    options = ("--no-deps", "--no-build-isolation", "--no-index", "--target", packages)
    pip = (sys.executable, "-m", "pip", "--isolated", "--disable-pip-version-check")
    installed = run(*pip, "install", *options, sources / "vicreg", sources / "broken")
    assert installed.returncode == 0, installed.stderr
    return run


@pytest.fixture(scope="module")
def ended(call, folder):
    """Run the slow commands, two at a time: most of their time is spent importing."""
    sets = [part for text in TINY_RUN for part in ("--set", text)]
    recipe = folder / "sources" / "vicreg" / "recipe.yaml"
    quickstart = ("quickstart", "--set", "objective=vicreg", "--set", "schedule=mix")
    pytest_ = (sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider")
    commands = {
        "run": (*SSLSE, "run", *quickstart, "--out", "run", "--device", "cpu", *sets),
        "check": (*SSLSE, "check", recipe, "--device", "cpu", *sets),
        "tests": (*pytest_, recipe.parent),
    }
    with ThreadPoolExecutor(2) as pool:
        yield {name: pool.submit(call, *command) for name, command in commands.items()}


def test_list_shows_the_plugin_with_its_distribution(call):
    listed = call(*SSLSE, "list", "objective", "--json")
    assert listed.returncode == 0, listed.stderr
    found = {one["name"]: one for one in json.loads(listed.stdout)["components"]}
    assert found["vicreg"] == {
        "name": "vicreg",
        "kind": "objective",
        "plugin": "vicreg",
        "distribution": "sslse-vicreg",
        "version": "0.1.0",
        "summary": "Invariance, variance and covariance of the latents: no predictor, no copy",
    }
    assert {"byol", "normal", "simsiam"} < set(found)


def test_list_shows_the_broken_plugin_with_its_reason(call):
    listed = call(*SSLSE, "list")
    assert listed.returncode == 0, listed.stderr
    assert f"broken plugin broken (sslse-broken 2.5): {REASON}\n" in listed.stdout


def test_finding_the_plugin_imports_no_torch(call):
    code = "import sys; from sslse.registry import discover; discover(); print(*sys.modules)"
    loaded = call(sys.executable, "-P", "-c", code).stdout.split()
    assert "sslse_vicreg" in loaded
    assert not {"torch", "sslse_vicreg.objective"} & set(loaded)


def test_plugin_trains_and_is_evaluated(ended, folder):
    run = ended["run"].result()
    assert run.returncode == 0, run.stdout + run.stderr
    evaluation = json.loads((folder / "run" / "evaluation.json").read_text("utf-8"))
    assert isinstance(evaluation["mean"]["enhanced"]["si_sdr"], float)
    lines = (folder / "run" / "metrics.jsonl").read_text("utf-8").splitlines()
    assert json.loads(lines[-1])["step"] == 3
    assert json.loads(lines[-1])["objective/variance"] > 0
    provenance = json.loads((folder / "run" / "provenance.json").read_text("utf-8"))
    assert provenance["components"]["objective vicreg"] == "vicreg (sslse-vicreg 0.1.0)"
    assert provenance["broken_plugins"]["broken (sslse-broken 2.5)"] == REASON


@pytest.mark.parametrize("command", ["run", "check"])
def test_broken_plugin_is_a_warning(command, ended):
    finished = ended[command].result()
    assert finished.returncode == 0, finished.stdout + finished.stderr
    warning = f"plugin broken (sslse-broken 2.5) is broken and left out: {REASON}"
    assert warning in finished.stderr.splitlines()
    assert REASON not in finished.stdout


def test_the_examples_recipe_is_ready_to_run(ended):
    check = ended["check"].result()
    assert "schedule mix:" in check.stdout
    assert check.stdout.endswith("the recipe is ready to run\n")


def test_the_examples_own_tests_pass(ended):
    tests = ended["tests"].result()
    assert tests.returncode == 0, tests.stdout
    assert "passed" in tests.stdout
