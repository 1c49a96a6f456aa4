"""The tutorial names what plugins are made of."""

from pathlib import Path

import pytest

import sslse.nn

PAGE = Path(__file__).parents[1] / "docs" / "plugins.md"
FUNCTIONS = {"losses.py": "sslse.losses", "augmentations/draws.py": "sslse.augmentations.draws"}


@pytest.mark.parametrize("name", sslse.nn.__all__)
def test_every_block_is_named(name):
    text = PAGE.read_text(encoding="utf-8")
    table = text[text.index("| block | what it does |") :].split("\n\n", 1)[0]
    assert f"`{name}`" in table or f"`sslse.nn.{name}`" in table


@pytest.mark.parametrize("file", FUNCTIONS)
def test_every_function_is_named(file):
    source = (Path(sslse.nn.__file__).parents[1] / file).read_text(encoding="utf-8")
    names = [line[4:].split("(")[0] for line in source.splitlines() if line.startswith("def ")]
    row = next(
        line
        for line in PAGE.read_text(encoding="utf-8").splitlines()
        if FUNCTIONS[file] in line and line.startswith("|")
    )
    assert len(names) > 3
    for name in names:
        assert name.startswith("_") or f"`{name}`" in row
