"""``sslse list``: what there is, from whom, and what is broken; at once, without torch."""

import json
import subprocess
import sys
from dataclasses import replace

import pytest
from click.testing import CliRunner

from sslse.cli import main
from sslse.registry import KINDS

MOST_MODULES = 300  # imports are what takes time; `benchmarks/startup.py` measures the seconds
NO_TORCH = """\
import sys
sys.argv = ["sslse", *sys.argv[1:]]
from sslse.cli import main
try:
    main()
finally:
    heavy = {"torch", "torchaudio", "pydantic", "numpy", "matplotlib"} & set(sys.modules)
    print("heavy:", sorted(heavy), file=sys.stderr)
"""
COUNT_MODULES = """\
import sys
from sslse.cli import main
try:
    main()
finally:
    print(len(sys.modules), file=sys.stderr)
"""


def run(*arguments):
    return CliRunner().invoke(main, ["list", *map(str, arguments)])


@pytest.fixture
def broken(tmp_path, monkeypatch):
    """Install a plugin that does not import."""
    info = tmp_path / "sslse_broken-3.1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: sslse-broken\nVersion: 3.1\n")
    (info / "entry_points.txt").write_text("[sslse]\nmoco = sslse_test_no_such_module\n")
    monkeypatch.syspath_prepend(tmp_path)


def test_a_table_of_all(registry):
    result = run()
    assert result.exit_code == 0
    header, *rows = result.stdout.splitlines()
    assert header.split() == ["KIND", "NAME", "PLUGIN", "SUMMARY"]
    assert len(rows) == len(registry.components)
    kinds = [row.split()[0] for row in rows]
    assert kinds == sorted(kinds, key=KINDS.index)
    for component in registry.components.values():
        (row,) = (one for one in rows if one.split()[:2] == [component.kind, component.name])
        assert row.index(str(component.plugin)) == header.index("PLUGIN")
        assert row.index(component.summary) == header.index("SUMMARY")


def test_one_kind(registry):
    rows = run("schedule").stdout.splitlines()[1:]
    assert [row.split()[:2] for row in rows] == [
        ["schedule", name] for name in registry.names("schedule")
    ]


def test_json(registry):
    listed = json.loads(run("--json").stdout)
    assert listed["broken"] == []
    assert len(listed["components"]) == len(registry.components)
    byol = registry.get("objective", "byol")
    assert {
        "name": "byol",
        "kind": "objective",
        "plugin": "byol",
        "distribution": "sslse",
        "version": byol.plugin.version,
        "summary": byol.summary,
    } in listed["components"]


def test_json_of_one_kind(registry):
    listed = json.loads(run("metric", "--json").stdout)["components"]
    assert [one["name"] for one in listed] == registry.names("metric")


def test_an_unknown_kind():
    result = run("objectives")
    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr == (
        f"no kind named 'objectives'; did you mean 'objective'? (possible: {', '.join(KINDS)})\n"
    )


def test_a_broken_plugin_is_shown(broken):
    reason = "ModuleNotFoundError: No module named 'sslse_test_no_such_module'"
    result = run()
    assert result.exit_code == 0
    last = result.stdout.splitlines()[-1]
    assert last == f"broken plugin moco (sslse-broken 3.1): {reason}"
    assert json.loads(run("--json").stdout)["broken"] == [
        {"plugin": "moco", "distribution": "sslse-broken", "version": "3.1", "reason": reason}
    ]


def test_a_one_file_plugin_is_listed(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(
        "from sslse.hooks import hookimpl\n"
        "@hookimpl\n"
        "def sslse_components(add):\n"
        "    add('metric', 'mine', 'x:Y', summary='My own')\n"
    )
    rows = [row.split(maxsplit=2) for row in run("metric", "--plugin", path).stdout.splitlines()]
    assert ["metric", "mine", f"mine ({path})  My own"] in rows
    assert run("--plugin", tmp_path / "gone.py").exit_code == 2


def test_json_holds_nothing_that_a_plugin_prints(tmp_path):
    path = tmp_path / "loud.py"
    path.write_text(
        "from sslse.hooks import hookimpl\n"
        "print('hello')\n"
        "@hookimpl\n"
        "def sslse_components(add):\n"
        "    add('metric', 'loud', 'x:Y', summary='Prints')\n"
    )
    result = run("metric", "--json", "--plugin", path)
    assert "loud" in [one["name"] for one in json.loads(result.stdout)["components"]]
    assert result.stderr == "hello\n"


@pytest.mark.parametrize("more", [[], ["--json"]])
def test_a_slow_plugin_is_named_on_standard_error(registry, monkeypatch, more):
    plain = run("schedule", *more)
    assert plain.stderr == ""
    slow = {registry.get("objective", "byol").plugin: 8.06}
    monkeypatch.setattr(
        "sslse.cli.list_command.discover", lambda files: replace(registry, slow=slow)
    )
    result = run("schedule", *more)
    assert result.stdout == plain.stdout
    assert result.stderr == (
        f"plugin {next(iter(slow))} took 8.1 s to import; what is heavy belongs into the modules "
        "of its components\n"
    )


@pytest.mark.parametrize("arguments", [["list"], ["list", "--json"], ["--help"], ["run", "--help"]])
def test_no_heavy_import(arguments):
    command = [sys.executable, "-c", NO_TORCH, *arguments]
    result = subprocess.run(command, capture_output=True, text=True, check=True)
    assert result.stderr == "heavy: []\n"
    assert len(result.stdout.splitlines()) > 5


@pytest.mark.parametrize("argument", ["list", "--help"])
def test_little_is_imported_before_it_answers(argument):
    command = [sys.executable, "-c", COUNT_MODULES, argument]
    result = subprocess.run(command, capture_output=True, text=True, check=True)
    assert int(result.stderr) < MOST_MODULES
