"""Plugins of other distributions really installed and run, beside one that is broken."""

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

pytestmark = pytest.mark.install

ROOT = Path(__file__).parents[1]
EXAMPLES = (
    *("sslse-convtasnet", "sslse-vicreg"),
    *(("sslse-mlflow",) if importlib.util.find_spec("mlflow") else ()),
)
KINDS = ("objective", "schedule", "augmentation", "encoder", "metric")
NEW = {f"sslse-new_{kind}": kind for kind in KINDS}
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
TWO_AUGMENTATIONS = "augmentations=[add_noise, new_augmentation]"
LOAD = """\
import sys
from sslse.recipe import load_recipe
from sslse.registry import discover
registry = discover()
for path in sys.argv[1:]:
    print(load_recipe(path, registry).plain())
"""
SSLSE = (sys.executable, "-P", "-c", "from sslse.cli import main; main()")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("third_party")


@pytest.fixture(scope="module")
def call(folder, tiny_cache):
    """Give a function that runs a command where sslse and all plugins are installed.

    The plugins are the examples, a broken one, and one that ``sslse new`` wrote for every kind.
    """
    packages, sources = folder / "packages", folder / "sources"
    for name in EXAMPLES:
        ignore = shutil.ignore_patterns("__pycache__", ".*", "runs")
        shutil.copytree(ROOT / "docs" / "examples" / name, sources / name, ignore=ignore)
    for name, text in BROKEN.items():
        path = sources / "broken" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    environment = os.environ | {"PYTHONPATH": str(packages), "SSLSE_CACHE": str(tiny_cache)}

    def run(*command, at=folder):
        return subprocess.run(
            command, cwd=at, env=environment, capture_output=True, text=True, check=False
        )

    def install(*what):
        options = ("--no-deps", "--no-build-isolation", "--no-index", "--target", packages)
        pip = (sys.executable, "-m", "pip", "--isolated", "--disable-pip-version-check")
        installed = run(*pip, "install", *options, *what)
        assert installed.returncode == 0, installed.stderr

    install(ROOT)
    for package, kind in NEW.items():
        name = package.removeprefix("sslse-")
        written = run(*SSLSE, "new", kind, name, "--into", sources)
        assert written.returncode == 0, written.stderr
    install(*(sources / name for name in (*EXAMPLES, "broken", *NEW)))
    return run


@pytest.fixture(scope="module")
def ended(call, folder):
    """Run the slow commands, two at a time: most of their time is spent importing."""
    sets = [part for text in TINY_RUN for part in ("--set", text)]
    sources = folder / "sources"
    quickstart = ("quickstart", "--set", "objective=vicreg", "--set", "schedule=mix")
    run = (*SSLSE, "run", "--device", "cpu", *sets)
    commands = {
        "run": ((*run, *quickstart, "--out", "run"), folder),
        "check": ((*SSLSE, "check", "recipe.yaml", *sets), sources / "sslse-vicreg"),
        "convtasnet": ((*run, "recipe.yaml", "--out", "run"), sources / "sslse-convtasnet"),
    }
    together = (
        *("objective=new_objective", "schedule=new_schedule", TWO_AUGMENTATIONS),
        "evaluate.metrics=[si_sdr, new_metric]",
    )
    sets = [part for text in together for part in ("--set", text)]
    encoders = sources / "sslse-new_encoder"
    commands["new"] = ((*run, "recipe.yaml", *sets, "--out", "run"), encoders)
    recipes = [sources / name / "recipe.yaml" for name in NEW]
    commands["recipes"] = ((sys.executable, "-P", "-c", LOAD, *recipes), folder)
    for name in (*EXAMPLES, *NEW):
        tests = (sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider")
        commands[f"tests {name}"] = (tests, sources / name)
    with ThreadPoolExecutor(2) as pool:
        yield {name: pool.submit(call, *command, at=at) for name, (command, at) in commands.items()}


def test_sslse_itself_is_the_installed_one(call, folder):
    where = call(sys.executable, "-P", "-c", "import sslse; print(sslse.__file__)").stdout
    assert Path(where.strip()).is_relative_to(folder / "packages")


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


@pytest.mark.parametrize("name", ["convtasnet", "new"])
def test_networks_from_elsewhere_train_and_are_evaluated(name, ended, folder):
    run = ended[name].result()
    assert run.returncode == 0, run.stdout + run.stderr
    package = {"convtasnet": "sslse-convtasnet", "new": "sslse-new_encoder"}[name]
    written = folder / "sources" / package / "run"
    evaluation = json.loads((written / "evaluation.json").read_text("utf-8"))
    assert isinstance(evaluation["mean"]["enhanced"]["si_sdr"], float)
    used = json.loads((written / "provenance.json").read_text("utf-8"))["components"]
    short = package.removeprefix("sslse-")
    wanted = {f"encoder {short}", f"decoder {short}"}
    if name == "new":
        wanted |= {f"{kind} new_{kind}" for kind in KINDS}
    assert wanted <= set(used)


def test_the_recipes_of_new_packages_use_what_is_new(ended):
    loaded = ended["recipes"].result()
    assert loaded.returncode == 0, loaded.stderr
    recipes = loaded.stdout.splitlines()
    assert len(recipes) == len(KINDS)
    for recipe, kind in zip(recipes, KINDS, strict=True):
        assert f"'name': 'new_{kind}'" in recipe


@pytest.mark.parametrize("name", [*EXAMPLES, *NEW])
def test_a_packages_own_tests_pass_untouched(name, ended):
    tests = ended[f"tests {name}"].result()
    assert tests.returncode == 0, tests.stdout
    assert " passed" in tests.stdout
    assert "skipped" not in tests.stdout
