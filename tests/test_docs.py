"""What the documentation says is run."""

import re
import shlex
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from sslse.cli import main
from sslse.cli.main import COMMANDS
from sslse.recipe import load_recipe, packaged_recipes
from sslse.registry import KINDS

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(page, language):
    return [text for name, text in BLOCK.findall(page.read_text("utf-8")) if name == language]


def command_lines():
    for page in PAGES:
        for language in ("", "bash"):
            for block in blocks(page, language):
                for line in block.splitlines():
                    if line.startswith("sslse "):
                        yield line.partition("  #")[0].rstrip()


def test_the_first_screen_has_the_two_commands():
    beginning = "\n".join((ROOT / "README.md").read_text("utf-8").splitlines()[:25])
    first, second = re.findall(r"^```bash\n(.*?)\n```$", beginning, re.MULTILINE | re.DOTALL)
    assert first.startswith("python3 -m venv .venv && ")
    assert first.endswith("sslse run recipes/quickstart.yaml")
    assert second.endswith("pytest")


PYTHON = [
    pytest.param(text, id=f"{page.name}-{number}")
    for page in PAGES
    for number, text in enumerate(blocks(page, "python"))
]


@pytest.mark.parametrize("text", PYTHON)
def test_python_blocks_run(text):
    exec(compile(text, "documentation", "exec"), {"__name__": "documentation"})  # noqa: S102


def test_the_readmes_plugin_trains(tmp_path, tiny_cache, tiny_sets, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SSLSE_CACHE", str(tiny_cache))
    (plugin,) = blocks(ROOT / "README.md", "python")
    code = [line for line in plugin.splitlines() if line and not line.startswith('"""')]
    assert len(code) <= 20
    Path("consensus.py").write_text(plugin, encoding="utf-8")
    sets = [part for text in tiny_sets for part in ("--set", text)]
    chosen = ["--plugin", "consensus.py", "--set", "objective=consensus"]
    result = CliRunner().invoke(
        main, ["run", "quickstart", *sets, *chosen, "--set", "objective.own=0.3"]
    )
    assert result.exit_code == 0, result.output
    assert Path("runs/quickstart/evaluation.json").is_file()


def test_the_readmes_recipe_is_one(tmp_path, registry):
    shutil.copytree(packaged_recipes(), tmp_path / "recipes")
    (text,) = blocks(ROOT / "README.md", "yaml")
    (tmp_path / "recipes" / "mine.yaml").write_text(text, encoding="utf-8")
    recipe = load_recipe(str(tmp_path / "recipes" / "mine.yaml"), registry)
    assert recipe.plain() | {"name": ""} == (
        load_recipe("byol_round", registry).plain() | {"name": ""}
    )


def test_the_readmes_errors_are_the_real_ones(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shutil.copytree(packaged_recipes(), "recipes")
    text = "extends: recipes/byol.yaml\nobjective:\n  taw: 0.9\nschedule: rounds\n"
    Path("my.yaml").write_text(text, encoding="utf-8")
    result = CliRunner().invoke(main, ["check", "my.yaml"])
    assert result.exit_code == 2
    shown = [b for b in blocks(ROOT / "README.md", "") if b.startswith("my.yaml")]
    assert result.output == shown[0]


def test_commands_and_their_options_exist():
    lines = list(command_lines())
    assert len(lines) > 8
    for line in lines:
        name, *arguments = shlex.split(line)[1:]
        command = main.get_command(None, name)
        assert command is not None, line
        with command.make_context(name, [*arguments], resilient_parsing=True) as context:
            command.make_parser(context).parse_args(list(arguments))


def test_every_command_kind_and_recipe_is_documented():
    readme = (ROOT / "README.md").read_text("utf-8")
    for command in COMMANDS:
        assert f"sslse {command}" in readme, command
    for path in packaged_recipes().glob("*.yaml"):
        assert f"`{path.stem}`" in readme, path.stem
    plugins = (ROOT / "docs" / "plugins.md").read_text("utf-8")
    for kind in KINDS:
        assert f"`{kind}`" in plugins, kind


def test_links_lead_somewhere():
    for page in [*PAGES, *(ROOT / "plugins").glob("*/README.md")]:
        for target in re.findall(r"\]\(([^)#]+)\)", page.read_text("utf-8")):
            if not target.startswith("http"):
                assert (page.parent / target).exists(), f"{page.name}: {target}"
