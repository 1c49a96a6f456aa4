"""Every message that docs/troubleshooting.md quotes is one that the code says."""

import ast
import os
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest
from click.testing import CliRunner

from sslse.cli import main

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "troubleshooting.md"
LEAST = 10  # letters of a message's own that tell it from others
# Put together from pieces that are too small to be found; a command below says it.
PIECES = "--set: train.crop: takes int >= 1024, not 1000"
BLOCKS = re.findall(r"^```text\n(.*?)^```$", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL)
LINES = [line for block in BLOCKS for line in block.splitlines()]


@cache
def templates():
    """Return a pattern for the ending of a line for every text in the sources that has words."""
    found = set()
    for path in (ROOT / "sslse").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.JoinedStr):
                parts = [
                    one.value if isinstance(one, ast.Constant) else None for one in node.values
                ]
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                parts = [node.value]
            else:
                continue
            for line in split_lines(parts):
                if sum(len(part) for part in line if part) >= LEAST:
                    found.add(
                        "".join(".*" if one is None else re.escape(one) for one in line) + "$"
                    )
    return re.compile("|".join(sorted(found)))


def split_lines(parts):
    """Divide a text with gaps (None) at its line ends."""
    lines = [[]]
    for part in parts:
        first, *more = [part] if part is None else part.split("\n")
        lines[-1].append(first)
        lines += [[one] for one in more]
    return lines


def test_there_are_messages():
    assert len(BLOCKS) > 30


@pytest.mark.parametrize("line", [one for one in LINES if one != PIECES])
def test_the_code_has_every_message(line):
    assert templates().search(line), line


def test_a_message_that_no_code_says_is_found():
    for line in (
        "runs/byol: exists already and is sometimes overwritten",
        "quikstart: no such fiel",
    ):
        assert not templates().search(line)


def said(arguments):
    ended = CliRunner().invoke(main, arguments)
    assert ended.exit_code == 2, ended.output
    return ended.stderr


QUOTED = [
    ["check", "quikstart"],
    ["check", "byol", "--set", "objective.taw=0.9"],
    ["check", "byol", "--set", "preset=small", "--set", "train.crop=1000"],
    ["check", "byol", "--set", "schedule=rounds"],
    ["check", "byol", "--set", "train.epochs"],
    ["check", "tab.yaml"],
    ["check", "twice.yaml"],
    ["check", "byol", "--data", "timit_nonspeech"],
    ["list", "--plugin", "broken.py"],
    ["data", "scan", "noise"],
    ["evaluate", "runs/byol"],
    ["compare", "runs/byol"],
]


@pytest.mark.parametrize("arguments", QUOTED, ids=" ".join)
def test_commands_say_what_is_quoted(arguments, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("TIMIT_ROOT", "NONSPEECH_ROOT"):
        monkeypatch.delenv(name, raising=False)
    Path("runs/byol").mkdir(parents=True)
    Path("noise").mkdir()
    Path("tab.yaml").write_text("extends: byol\ntrain:\n\tepochs: 3\n", encoding="utf-8")
    twice = "extends: byol\ntrain: {epochs: 3}\ntrain: {crop: 2048}\n"
    Path("twice.yaml").write_text(twice, encoding="utf-8")
    Path("broken.py").write_text("import nothing_like_this\n", encoding="utf-8")
    lines = said(arguments).replace(f"{ROOT}{os.sep}", "").splitlines()
    assert any(line.startswith(quoted) for line in lines for quoted in LINES), lines


@pytest.mark.processes
def test_another_torchaudio_is_said_as_quoted(tmp_path):
    """Let a torchaudio that does not load stand before the installed one."""
    package = tmp_path / "torchaudio"
    package.mkdir()
    library = "torchaudio/lib/libtorchaudio.so"
    text = f"raise OSError('Could not load this library: {library}')\n"
    (package / "__init__.py").write_text(text, encoding="utf-8")
    info = tmp_path / "torchaudio-2.9.0.dist-info"
    info.mkdir()
    metadata = "Metadata-Version: 2.1\nName: torchaudio\nVersion: 2.9.0\n"
    (info / "METADATA").write_text(metadata, encoding="utf-8")
    code = "import numpy; from sslse.audio import resample; resample(numpy.zeros(9), 8000, 16000)"
    ended = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    last = ended.stderr.splitlines()[-1].partition("Error: ")[2]
    quoted = next(line for line in LINES if line.startswith("torch "))
    version = re.compile(r"^torch \S+ ")
    assert version.sub("", last) == version.sub("", quoted)
