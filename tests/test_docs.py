"""What the documentation says is run."""

import importlib
import os
import re
import shlex
import shutil
import site
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from sslse.cli import main
from sslse.cli.main import COMMANDS
from sslse.recipe import load_recipe, packaged_recipes
from sslse.registry import KINDS
from sslse.testing.augmentation import AUGMENTATION_RULES
from sslse.testing.baseline import BASELINE_RULES
from sslse.testing.logger import LOGGER_RULES
from sslse.testing.metric import METRIC_RULES
from sslse.testing.network_rules import ENCODER_RULES, NETWORK_RULES
from sslse.testing.objective_rules import ALWAYS
from sslse.testing.objective_training import WITH_LOSS
from sslse.testing.schedule import SCHEDULE_RULES

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


# A block below a line that is a file's name alone is that file.
FILED = re.compile(r"(?:^`([\w./-]+)`:\n\n)?^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
TUTORIAL = ROOT / "docs" / "plugins.md"


def filed_blocks(page):
    """List a page's blocks in order: the file each is of, or an empty text; language; text."""
    return FILED.findall(page.read_text("utf-8"))


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
    assert second.endswith("pytest -n 2")
    plain = " ".join(beginning.split())
    assert "**For** comparing such methods" in plain
    assert "**Not for** cleaning up recordings" in plain
    assert "on real speech" in plain
    assert "(docs/results.md)" in plain


PYTHON = [
    pytest.param(text, id=f"{page.name}-{number}")
    for page in PAGES
    for number, (file, language, text) in enumerate(filed_blocks(page))
    if language == "python" and not file
]


@pytest.mark.parametrize("text", PYTHON)
def test_python_blocks_run(text):
    exec(compile(text, "documentation", "exec"), {"__name__": "documentation"})  # noqa: S102


class Reader:
    """Does what a page tells its reader to do, in a folder of its own, without a network."""

    def __init__(self, folder, monkeypatch, sets):
        self.packages = folder / "packages"
        self.monkeypatch = monkeypatch
        self.sets = [part for text in sets for part in ("--set", text)]
        self.output = {}
        monkeypatch.chdir(folder)
        monkeypatch.setattr(sys, "path", [*sys.path])
        monkeypatch.setattr(sys, "dont_write_bytecode", True)

    def read(self, file, language, text):
        if file:
            Path(file).write_text(text, encoding="utf-8")
        elif language == "bash":
            for line in text.splitlines():
                self.obey(line)

    def obey(self, line):
        command, *arguments = shlex.split(line, comments=True)
        if command == "cd":
            self.monkeypatch.chdir(arguments[0])
        elif command == "pip":
            offline = ["--no-deps", "--no-build-isolation", "--no-index", "--target"]
            pip = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
            self.call([*pip, *arguments, *offline, str(self.packages)])
            site.addsitedir(str(self.packages))
        elif command == "pytest":
            self.call([sys.executable, "-m", "pytest", "-q", *arguments])
        else:
            assert command == "sslse", line
            self.forget()
            trains = arguments[0] in ("run", "check")
            sets = self.sets if trains else []
            ended = CliRunner().invoke(main, [*arguments[:2], *sets, *arguments[2:]])
            assert ended.exit_code == 0, f"{line}\n{ended.output}{ended.exception}"
            self.output[line] = ended.output

    def call(self, command):
        paths = os.pathsep.join([str(self.packages), str(Path.cwd())])
        ended = subprocess.run(
            command,
            env=os.environ | {"PYTHONPATH": paths},
            capture_output=True,
            text=True,
            check=False,
        )
        assert ended.returncode == 0, ended.stdout + ended.stderr

    @staticmethod
    def forget():
        """Let a module be read again that has been changed."""
        importlib.invalidate_caches()
        for name in [one for one in sys.modules if one.startswith("sslse_mine")]:
            del sys.modules[name]


@pytest.mark.docs
def test_the_tutorial_leads_to_a_trained_method(tmp_path, tiny_cache, tiny_sets, monkeypatch):
    monkeypatch.setenv("SSLSE_CACHE", str(tiny_cache))
    reader = Reader(tmp_path, monkeypatch, tiny_sets)
    try:
        for file, language, text in filed_blocks(TUTORIAL):
            reader.read(file, language, text)
    finally:
        reader.forget()
    package = tmp_path / "sslse-mine"
    first, second = package / "runs" / "recipe", package / "runs" / "spread"
    assert "gets: encoder" in reader.output["sslse show objective mine"]
    assert "objective/agreement" in (first / "metrics.jsonl").read_text("utf-8")
    assert "objective/hinge" in (second / "metrics.jsonl").read_text("utf-8")
    assert (second / "evaluation.json").is_file()
    assert "chirps" in reader.output["sslse list corpus --plugin chirps.py"]


def test_the_tutorial_tells_the_rules_of_the_kit():
    page = " ".join(TUTORIAL.read_text("utf-8").split())
    sections = {
        "`check_objective`: it ": (*ALWAYS, *WITH_LOSS),
        "`check_schedule`: it ": SCHEDULE_RULES,
        "`check_augmentation`: it ": AUGMENTATION_RULES,
        "and `check_predictor`: it ": dict.fromkeys([*ENCODER_RULES, *NETWORK_RULES]),
        "`check_metric`: it ": METRIC_RULES,
        "`check_baseline`: it ": BASELINE_RULES,
        "`check_logger`: it ": LOGGER_RULES,
    }
    for beginning, rules in sections.items():
        assert beginning + " ".join(f"- {one.text}" for one in rules) in page


@pytest.mark.docs
@pytest.mark.smoke
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
    plugins = TUTORIAL.read_text("utf-8")
    for kind in KINDS:
        assert f"`{kind}`" in plugins, kind


def test_links_lead_somewhere():
    for page in [*PAGES, *(ROOT / "plugins").glob("*/README.md")]:
        for target in re.findall(r"\]\(([^)#]+)\)", page.read_text("utf-8")):
            if not target.startswith("http"):
                assert (page.parent / target).exists(), f"{page.name}: {target}"


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
@pytest.mark.parametrize("code", [0, 2, 75, 143])
def test_the_batch_script_queues_itself_again_at_its_time_limit(tmp_path, code):
    """Run it with programs in SLURM's place, in an environment that is not activated yet."""
    (script,) = (one for one in blocks(ROOT / "docs" / "scale.md", "bash") if "#SBATCH" in one)
    bin_folder = tmp_path / "venv" / "bin"
    bin_folder.mkdir(parents=True)
    (bin_folder / "activate").write_text(f'PATH="{bin_folder}:$PATH"\n')
    for name, text in (
        ("srun", f'echo "$@" >> {tmp_path}/started\nexit {code}\n'),
        ("scontrol", f'echo "$@" >> {tmp_path}/asked\n'),
    ):
        program = bin_folder / name
        program.write_text(f"#!/bin/sh\n{text}")
        program.chmod(0o755)
    assert "/shared/sslse/.venv" in script
    script = script.replace("/shared/sslse/.venv", str(tmp_path / "venv"))
    ended = subprocess.run(
        ["bash", "-c", script],
        env=os.environ | {"SLURM_JOB_ID": "7", "SLURM_CPUS_PER_TASK": "2"},
        capture_output=True,
        check=False,
    )
    assert ended.returncode == code
    started = (tmp_path / "started").read_text()
    assert started.startswith("--kill-on-bad-exit=1 python -m sslse run byol_round ")
    assert started.endswith(" --resume\n")
    asked = tmp_path / "asked"
    assert (asked.read_text() if asked.exists() else "") == ("requeue 7\n" if code == 143 else "")
