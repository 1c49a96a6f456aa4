"""``sslse new``: what it writes, and what it refuses."""

import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from sslse.cli import main
from sslse.new import KINDS, LONGEST, class_name

LONG = "a" * (LONGEST - 2) + "_1"


def new(*arguments):
    return CliRunner().invoke(main, ["new", *map(str, arguments)])


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("kind", KINDS)
def test_it_writes_a_package_and_says_how_to_go_on(kind, folder):
    result = new(kind, "mine_2")
    assert result.exit_code == 0, result.output
    package = Path("sslse-mine_2")
    written = sorted(str(path) for path in package.rglob("*") if path.is_file())
    modules = ["__init__", *(["decoder"] if kind == "encoder" else []), kind]
    code = {f"sslse_mine_2/{one}.py" for one in modules} | {"tests/test_mine_2.py"}
    others = {".gitignore", "README.md", "pyproject.toml", "recipe.yaml"}
    assert set(written) == {str(package / one) for one in code | others}
    lines = result.stdout.splitlines()
    assert lines[:-4] == [f"wrote {one}" for one in written]
    assert lines[-4:] == [
        "next:",
        "  cd sslse-mine_2 && pip install -e .",
        "  pytest",
        "  sslse run recipe.yaml",
    ]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ["m", LONG])
def test_it_is_rendered_clean_and_formatted(kind, name):
    assert new(kind, name).exit_code == 0
    package = Path(f"sslse-{name}")
    for path in package.rglob("*"):
        if path.is_file():
            text = path.read_text("utf-8")
            assert "$" not in text, path
            assert text.endswith("\n"), path
    ruff = (sys.executable, "-m", "ruff")
    for command in (("check",), ("format", "--check", "--diff")):
        ended = subprocess.run(
            [*ruff, *command, "--isolated", "--no-cache", "."],
            cwd=package,
            capture_output=True,
            text=True,
            check=False,
        )
        assert ended.returncode == 0, ended.stdout + ended.stderr


def test_into_another_folder():
    result = new("schedule", "mine", "--into", "plugins/of mine")
    assert result.exit_code == 0
    assert Path("plugins/of mine/sslse-mine/pyproject.toml").is_file()
    assert "  cd 'plugins/of mine/sslse-mine' && pip install -e .\n" in result.stdout


@pytest.mark.parametrize(
    "name", ["Mine", "my-loss", "2mine", "_mine", "", "class", "größe", "a/b", "a" * (LONGEST + 1)]
)
def test_what_is_no_name_is_refused(name, folder):
    result = new("objective", name)
    assert result.exit_code == 2
    assert result.stderr == (
        f"{name!r} cannot be a name; take up to 20 small letters, digits and underscores, "
        "beginning with a letter, for example 'my_loss'\n"
    )
    assert not list(folder.iterdir())


def test_a_taken_name_is_refused(registry, folder):
    owner = registry.get("objective", "byol").plugin
    result = new("objective", "byol")
    assert result.exit_code == 2
    assert result.stderr == f"objective 'byol' is taken by {owner}; choose another name\n"
    assert "encoder 'conformer' is taken by" in new("encoder", "conformer").stderr
    assert not list(folder.iterdir())


def test_the_name_of_an_installed_package_is_refused(folder):
    result = new("schedule", "byol")
    assert result.exit_code == 2
    assert result.stderr == "a package 'sslse_byol' is installed; choose another name\n"
    assert not list(folder.iterdir())


def test_nothing_is_overwritten():
    Path("sslse-mine").mkdir()
    Path("sslse-mine/README.md").write_text("my own work", encoding="utf-8")
    result = new("objective", "mine")
    assert result.exit_code == 2
    assert result.stderr == (
        "sslse-mine exists; choose another name, or another folder with --into\n"
    )
    assert [path.name for path in Path("sslse-mine").iterdir()] == ["README.md"]
    assert Path("sslse-mine/README.md").read_text("utf-8") == "my own work"


def test_an_unknown_kind_is_refused():
    result = new("objectiv", "mine")
    assert result.exit_code == 2
    possible = ", ".join(KINDS)
    assert result.stderr == (
        f"no kind named 'objectiv'; did you mean 'objective'? (possible: {possible})\n"
    )


def test_it_imports_no_torch():
    code = (
        "import sys; from sslse.cli import main; "
        "main(['new', 'objective', 'mine'], standalone_mode=False); print('torch' in sys.modules)"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    assert ended.stdout.splitlines()[-1] == "False", ended.stderr


def test_class_names():
    assert class_name("objective", "my_loss2") == "MyLoss2Objective"
    assert class_name("encoder", "x") == "XEncoder"
