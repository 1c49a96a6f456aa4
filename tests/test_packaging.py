"""What the wheel and the source archive hold, and that every way to install gives the same run."""

import csv
import io
import json
import os
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import tomllib
import venv
import zipfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import pytest

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
INCLUDED = PROJECT["tool"]["hatch"]["build"]["targets"]["sdist"]["include"]
VERSION = PROJECT["project"]["version"]
DIST_INFO = f"sslse-{VERSION}.dist-info"
PLUGINS = {path.name for path in (ROOT / "plugins").iterdir() if (path / "__init__.py").is_file()}
LEFTOVERS = (
    "sslse/__pycache__/api.cpython-311.pyc",
    "sslse/.mypy_cache/one.json",
    "plugins/sslse_byol/__pycache__/objective.cpython-311.pyc",
    "recipes/runs/quickstart/model.safetensors",
    "runs/quickstart/model.safetensors",
    "tests/.pytest_cache/one",
    "build/lib/sslse/api.py",
    "dist/sslse-0.0.1.tar.gz",
    ".venv/lib/one.py",
    "secret.txt",
)
TINY_RUN = (
    *("train.epochs=1", "train.crop=1024", "train.crops_per_utterance=1", "train.batch_size=90"),
    *("train.threads=1", "predictor={blocks: 1, hidden: 16}"),
    "encoder={blocks: 1, dim: 16, hidden: 16, channels: [4, 8]}",
    "decoder={blocks: 1, hidden: 16, channels: [8, 4]}",
    *("evaluate.utterances=1", "evaluate.snr_db=[0]", "evaluate.samples=4096"),
    *("evaluate.metrics=[si_sdr]", "evaluate.workers=1"),
)


def call(command, *, folder, **variables):
    """Run a command away from the checkout; fail with all it said unless it succeeds."""
    outer = {name: text for name, text in os.environ.items() if not name.startswith("PYTHON")}
    ended = subprocess.run(
        [str(part) for part in command],
        cwd=folder,
        env=outer | {name: str(value) for name, value in variables.items()},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


@dataclass(frozen=True)
class Environment:
    """A fresh environment that borrows the running one's packages, but not its sslse."""

    python: str
    scripts: Path
    packages: Path

    def pip_install(self, *what):
        pip = [sys.executable, "-m", "pip", "--isolated", "--disable-pip-version-check"]
        options = ["--no-deps", "--no-build-isolation", "--no-index", "--quiet"]
        call([*pip, "--python", self.python, "install", *options, *what], folder=self.packages)


@pytest.fixture
def environment(tmp_path):
    # Paths in a .pth file do not have their own .pth files read: an editable sslse stays unseen.
    builder = venv.EnvBuilder(symlinks=os.name != "nt")
    builder.create(tmp_path / "venv")
    context = builder.ensure_directories(tmp_path / "venv")
    base = {"base": context.env_dir, "platbase": context.env_dir}
    packages = Path(sysconfig.get_path("purelib", "venv", base))
    borrowed = [path for path in sys.path if path.endswith(("site-packages", "dist-packages"))]
    (packages / "borrowed.pth").write_text("\n".join(borrowed), encoding="utf-8")
    return Environment(context.env_exe, Path(context.bin_path), packages)


@pytest.fixture(scope="module")
def checkout(tmp_path_factory):
    """Copy the project, and litter the copy with what work leaves behind."""
    folder = tmp_path_factory.mktemp("checkout") / "sslse"
    folder.mkdir()
    for name in [*INCLUDED, "/pyproject.toml", "/.gitignore"]:
        source, target = ROOT / name[1:], folder / name[1:]
        if source.is_dir():
            ignore = shutil.ignore_patterns("__pycache__", ".*_cache", "runs")
            shutil.copytree(source, target, ignore=ignore)
        elif source.is_file():
            shutil.copy2(source, target)
    for name in LEFTOVERS:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("left over", encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def built(checkout, tmp_path_factory):
    """Build the wheel, the source archive, and the wheel of the source archive."""
    folder = tmp_path_factory.mktemp("built")
    build = [sys.executable, "-m", "build", "--no-isolation"]
    call([*build, "--wheel", "--outdir", folder, checkout], folder=folder)
    call([*build, "--outdir", folder / "from_sdist", checkout], folder=folder)
    return folder


@pytest.fixture(scope="module")
def wheel(built):
    (file,) = built.glob("*.whl")
    return zipfile.ZipFile(file)


@pytest.fixture(scope="module")
def sdist(built):
    """Give the sizes of the source archive's files, by path below its one folder."""
    (file,) = built.glob("from_sdist/*.tar.gz")
    with tarfile.open(file) as archive:
        members = [one for one in archive.getmembers() if one.isfile()]
    top = f"sslse-{VERSION}/"
    assert all(one.name.startswith(top) for one in members)
    return {one.name.removeprefix(top): one.size for one in members}


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp("cache")


def smoke(sslse, folder, **variables):
    """Train and evaluate with next to nothing; return what ``evaluation.json`` holds."""
    sets = [part for text in TINY_RUN for part in ("--set", text)]
    run = [*sslse, "run", "quickstart", "--device", "cpu", "--out", "run", *sets]
    call(run, folder=folder, **variables)
    return json.loads((folder / "run" / "evaluation.json").read_text("utf-8"))


def assert_enhanced_something(summary):
    assert summary["counts"]["mixtures"] == 1
    assert isinstance(summary["mean"]["enhanced"]["si_sdr"], float)


def test_wheel_holds_packages_plugins_and_nothing_else_at_its_top(wheel):
    top = {PurePosixPath(name).parts[0] for name in wheel.namelist()}
    assert top == {"sslse", *PLUGINS, DIST_INFO}
    assert {"sslse_byol", "sslse_normal", "sslse_simsiam"} <= PLUGINS
    code = {path.relative_to(ROOT).as_posix() for path in (ROOT / "sslse").rglob("*.py")}
    code |= {path.relative_to(ROOT / "plugins").as_posix() for path in ROOT.glob("plugins/*/*.py")}
    assert code <= set(wheel.namelist())


def test_wheel_has_every_entry_point_and_its_module(wheel):
    text = wheel.read(f"{DIST_INFO}/entry_points.txt").decode()
    modules = PROJECT["project"]["entry-points"]["sslse"]
    assert all(f"{name} = {module}" in text.splitlines() for name, module in modules.items())
    assert "sslse = sslse.cli:main" in text.splitlines()
    for module in modules.values():
        path = module.replace(".", "/")
        assert {f"{path}.py", f"{path}/__init__.py"} & set(wheel.namelist())


def test_wheel_holds_the_recipes_presets_and_profiles(wheel):
    shipped = {path.relative_to(ROOT).as_posix() for path in ROOT.glob("recipes/**/*.yaml")}
    assert len(shipped) >= 17
    assert {"recipes/presets/paper.yaml", "recipes/data/demo.yaml"} <= shipped
    found = {name for name in wheel.namelist() if name.startswith("sslse/recipes/")}
    assert found == {f"sslse/{name}" for name in shipped}


def test_wheel_holds_the_demo_speech_and_the_licence(wheel):
    speech = "sslse/corpora/demo/speech"
    rows = csv.DictReader(io.StringIO(wheel.read(f"{speech}/index.csv").decode()))
    wanted = {f"{speech}/{row['file']}" for row in rows}
    assert len(wanted) == 120
    assert {name for name in wheel.namelist() if name.endswith(".flac")} == wanted
    assert wheel.read(f"{DIST_INFO}/licenses/LICENSE") == (ROOT / "LICENSE").read_bytes()


def test_sdist_holds_what_a_rebuild_needs_and_little_more(sdist):
    top = {PurePosixPath(name).parts[0] for name in sdist}
    wanted = {name[1:] for name in INCLUDED if (ROOT / name[1:]).exists()}
    assert top == {*wanted, "pyproject.toml", "PKG-INFO", ".gitignore"}
    assert {"LICENSE", "README.md", "plugins", "recipes", "sslse", "tests"} <= wanted
    assert "docs/examples/sslse-vicreg/pyproject.toml" in sdist
    assert sum(size for name, size in sdist.items() if name.startswith("tests/")) < 10_000_000
    assert sum(sdist.values()) < 20_000_000


@pytest.mark.parametrize("leftover", LEFTOVERS)
def test_what_work_leaves_behind_is_not_distributed(leftover, checkout, wheel, sdist):
    assert (checkout / leftover).is_file()
    assert leftover not in sdist
    assert not [
        name for name in wheel.namelist() if name.endswith(PurePosixPath(leftover).name)
    ] or (PurePosixPath(leftover).name == "api.py")


def test_sdist_builds_the_same_wheel(built, wheel):
    (file,) = built.glob("from_sdist/*.whl")
    with zipfile.ZipFile(file) as rebuilt:
        assert sorted(rebuilt.namelist()) == sorted(wheel.namelist())


def test_unpacked_wheel_runs(wheel, environment, cache, tmp_path):
    wheel.extractall(tmp_path / "unpacked")
    variables = {"PYTHONPATH": tmp_path / "unpacked", "SSLSE_CACHE": cache}
    python = [environment.python, "-P", "-c"]
    where = call([*python, "import sslse; print(sslse.__file__)"], folder=tmp_path, **variables)
    assert Path(where.strip()).is_relative_to(tmp_path / "unpacked")
    sslse = [*python, "from sslse.cli import main; main()"]
    listed = json.loads(call([*sslse, "list", "--json"], folder=tmp_path, **variables))
    assert not listed["broken"]
    assert {"byol", "normal", "simsiam"} <= {one["name"] for one in listed["components"]}
    shown = call([*sslse, "show", "recipe", "byol_round"], folder=tmp_path, **variables)
    assert "name: byol_round\n" in shown
    assert_enhanced_something(smoke(sslse, tmp_path, **variables))


@pytest.mark.parametrize("editable", [False, True], ids=["install", "editable"])
def test_pip_install_runs(editable, checkout, environment, cache, tmp_path):
    environment.pip_install(*(["--editable"] if editable else []), checkout)
    expected = checkout if editable else environment.packages
    ask = "import sslse, sslse_byol; print(sslse.__file__); print(sslse_byol.__file__)"
    for where in call([environment.python, "-P", "-c", ask], folder=tmp_path).splitlines():
        assert Path(where).is_relative_to(expected)
    # One copy only: an editable install leaves nothing in site-packages that could grow old.
    assert (environment.packages / "sslse").exists() is not editable
    assert_enhanced_something(smoke([environment.scripts / "sslse"], tmp_path, SSLSE_CACHE=cache))
