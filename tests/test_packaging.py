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
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import pytest

pytestmark = pytest.mark.install

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
INCLUDED = PROJECT["tool"]["hatch"]["build"]["targets"]["sdist"]["include"]
VERSION = PROJECT["project"]["version"]
DIST_INFO = f"sslse-{VERSION}.dist-info"
PLUGINS = {path.name for path in (ROOT / "plugins").iterdir() if (path / "__init__.py").is_file()}
LEFT_OVER = "left over by work"
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
    *("train.epochs=1", "train.batch_size=30", "train.crop=1024", "train.crops_per_utterance=1"),
    *("train.threads=1", "evaluate.utterances=1", "evaluate.samples=4096", "evaluate.workers=1"),
    *("evaluate.snr_db=[0]", "evaluate.metrics=[si_sdr]"),
)
WAYS = ("unpacked", "installed", "editable")


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

    @classmethod
    def create(cls, folder):
        builder = venv.EnvBuilder(symlinks=os.name != "nt")
        builder.create(folder)
        context = builder.ensure_directories(folder)
        base = {"base": context.env_dir, "platbase": context.env_dir}
        packages = Path(sysconfig.get_path("purelib", "venv", base))
        # Folders named in a .pth file do not have their own .pth files read, so that an editable
        # sslse of the running environment stays unseen.
        borrowed = [path for path in sys.path if path.endswith(("site-packages", "dist-packages"))]
        (packages / "zz_borrowed.pth").write_text("\n".join(borrowed), encoding="utf-8")
        return cls(context.env_exe, Path(context.bin_path), packages)

    def pip_install(self, *what):
        pip = [sys.executable, "-m", "pip", "--isolated", "--disable-pip-version-check"]
        options = ["--no-deps", "--no-build-isolation", "--no-index", "--no-compile"]
        call([*pip, "--python", self.python, "install", *options, *what], folder=self.packages)


@dataclass(frozen=True)
class Trial:
    """One way to install, tried out: where its code lies, what it lists, what its run gave."""

    environment: Environment
    code: list[Path]
    components: dict[str, Any]
    recipe: str
    evaluation: dict[str, Any]


def try_out(way, folder, checkout, wheel, cache):
    environment = Environment.create(folder / "venv")
    python = [environment.python, "-P", "-c"]
    command, variables = [environment.scripts / "sslse"], {"SSLSE_CACHE": cache}
    if way == "unpacked":
        shutil.unpack_archive(wheel, folder / "unpacked", "zip")
        command = [*python, "from sslse.cli import main; main()"]
        variables["PYTHONPATH"] = folder / "unpacked"
    elif way == "installed":
        environment.pip_install(checkout)
    else:
        environment.pip_install("--editable", checkout)

    def sslse(*arguments):
        return call([*command, *arguments], folder=folder, **variables)

    where = "import sslse, sslse_byol; print(sslse.__file__); print(sslse_byol.__file__)"
    code = call([*python, where], folder=folder, **variables).splitlines()
    components = json.loads(sslse("list", "--json"))
    recipe = sslse("show", "recipe", "byol_round") if way == "unpacked" else ""
    sets = [part for text in TINY_RUN for part in ("--set", text)]
    sslse("run", "quickstart", "--device", "cpu", "--out", "run", *sets)
    evaluation = json.loads((folder / "run" / "evaluation.json").read_text("utf-8"))
    return Trial(environment, [Path(one) for one in code], components, recipe, evaluation)


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
        (folder / name).write_text(LEFT_OVER, encoding="utf-8")
    return folder


BUILD = (sys.executable, "-m", "build", "--no-isolation")


@pytest.fixture(scope="module")
def wheel_file(checkout, tmp_path_factory):
    """Build the wheel."""
    folder = tmp_path_factory.mktemp("wheel")
    call([*BUILD, "--wheel", "--outdir", folder, checkout], folder=folder)
    (file,) = folder.glob("*.whl")
    return file


@pytest.fixture(scope="module")
def wheel(wheel_file):
    return zipfile.ZipFile(wheel_file)


@pytest.fixture(scope="module")
def from_sdist(checkout, tmp_path_factory):
    """Build the source archive, and the wheel of the source archive."""
    folder = tmp_path_factory.mktemp("from_sdist")
    call([*BUILD, "--outdir", folder, checkout], folder=folder)
    return folder


@pytest.fixture(scope="module")
def sdist(from_sdist):
    """Give the sizes of the source archive's files, by path below its one folder."""
    (file,) = from_sdist.glob("*.tar.gz")
    with tarfile.open(file) as archive:
        members = [one for one in archive.getmembers() if one.isfile()]
    top = f"sslse-{VERSION}/"
    assert all(one.name.startswith(top) for one in members)
    return {one.name.removeprefix(top): one.size for one in members}


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    return {way: tmp_path_factory.mktemp(way) for way in WAYS}


@pytest.fixture(scope="module")
def trials(checkout, wheel_file, folders, tmp_path_factory):
    """Try every way to install, two at a time: most of their time is spent importing."""
    cache = tmp_path_factory.mktemp("cache")
    with ThreadPoolExecutor(2) as pool:
        started = {
            way: pool.submit(try_out, way, folder, checkout, wheel_file, cache)
            for way, folder in folders.items()
        }
        yield started


@pytest.mark.smoke
def test_wheel_holds_packages_plugins_and_nothing_else_at_its_top(wheel):
    top = {PurePosixPath(name).parts[0] for name in wheel.namelist()}
    assert top == {"sslse", *PLUGINS, DIST_INFO}
    assert {"sslse_byol", "sslse_normal", "sslse_simsiam"} <= PLUGINS
    code = {path.relative_to(ROOT).as_posix() for path in (ROOT / "sslse").rglob("*.py")}
    code |= {path.relative_to(ROOT / "plugins").as_posix() for path in ROOT.glob("plugins/*/*.py")}
    assert code <= set(wheel.namelist())


@pytest.mark.smoke
def test_wheel_has_every_entry_point_and_its_module(wheel):
    text = wheel.read(f"{DIST_INFO}/entry_points.txt").decode()
    modules = PROJECT["project"]["entry-points"]["sslse"]
    assert all(f"{name} = {module}" in text.splitlines() for name, module in modules.items())
    assert "sslse = sslse.cli:main" in text.splitlines()
    for module in modules.values():
        path = module.replace(".", "/")
        assert {f"{path}.py", f"{path}/__init__.py"} & set(wheel.namelist())


@pytest.mark.smoke
def test_wheel_holds_the_recipes_presets_and_profiles(wheel):
    shipped = {path.relative_to(ROOT).as_posix() for path in ROOT.glob("recipes/**/*.yaml")}
    assert len(shipped) >= 17
    assert {"recipes/presets/paper.yaml", "recipes/data/demo.yaml"} <= shipped
    found = {name for name in wheel.namelist() if name.startswith("sslse/recipes/")}
    assert found == {f"sslse/{name}" for name in shipped}


def test_wheel_and_sdist_hold_the_templates_of_new_packages(wheel, sdist):
    found = (ROOT / "sslse" / "new" / "templates").rglob("*")
    templates = {one.relative_to(ROOT).as_posix() for one in found if one.is_file()}
    assert len(templates) >= 20
    assert templates <= set(wheel.namelist())
    assert templates <= set(sdist)


@pytest.mark.smoke
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
    assert "docs/examples/sslse-convtasnet/recipe.yaml" in sdist
    assert sum(size for name, size in sdist.items() if name.startswith("tests/")) < 10_000_000
    assert sum(sdist.values()) < 22_000_000


@pytest.mark.parametrize("leftover", LEFTOVERS)
def test_what_work_leaves_behind_is_not_in_the_sdist(leftover, checkout, sdist):
    assert (checkout / leftover).read_text("utf-8") == LEFT_OVER
    assert leftover not in sdist


@pytest.mark.smoke
def test_what_work_leaves_behind_is_not_in_the_wheel(wheel):
    assert not [name for name in wheel.namelist() if wheel.read(name) == LEFT_OVER.encode()]


def test_sdist_builds_the_same_wheel(from_sdist, wheel):
    (file,) = from_sdist.glob("*.whl")
    with zipfile.ZipFile(file) as rebuilt:
        assert sorted(rebuilt.namelist()) == sorted(wheel.namelist())


@pytest.mark.parametrize("way", WAYS)
def test_every_way_to_install_finds_the_components_and_runs(way, trials):
    trial = trials[way].result()
    assert not trial.components["broken"]
    listed = {(one["kind"], one["name"]) for one in trial.components["components"]}
    assert {("objective", name) for name in ("byol", "normal", "simsiam")} < listed
    assert trial.evaluation["counts"]["mixtures"] == 1
    assert isinstance(trial.evaluation["mean"]["enhanced"]["si_sdr"], float)


def test_unpacked_wheel_uses_its_own_code_and_recipes(trials, folders):
    trial = trials["unpacked"].result()
    assert all(one.is_relative_to(folders["unpacked"] / "unpacked") for one in trial.code)
    assert "name: byol_round\n" in trial.recipe
    assert "period: 50\n" in trial.recipe


def test_installed_copy_does_not_use_the_checkout(trials):
    trial = trials["installed"].result()
    assert all(one.is_relative_to(trial.environment.packages) for one in trial.code)


def test_editable_install_leaves_no_copy_that_could_grow_old(trials, checkout):
    trial = trials["editable"].result()
    assert all(one.is_relative_to(checkout) for one in trial.code)
    assert not (trial.environment.packages / "sslse").exists()
