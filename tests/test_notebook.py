"""The notebook in the documentation runs from its first cell to its last."""

import json
from pathlib import Path

import pytest

PATH = Path(__file__).parents[1] / "docs" / "notebook.ipynb"
LARGEST = 200_000  # bytes
TITLES = {"A recipe", "A run", "A noisy sentence", "Latents", "A stream"}


@pytest.fixture(scope="module")
def notebook():
    return json.loads(PATH.read_text(encoding="utf-8"))


def sources(notebook, kind):
    return ["".join(one["source"]) for one in notebook["cells"] if one["cell_type"] == kind]


def test_it_is_small_and_without_outputs(notebook):
    assert PATH.stat().st_size < LARGEST
    assert (notebook["nbformat"], notebook["nbformat_minor"]) == (4, 5)
    for cell in notebook["cells"]:
        assert cell["id"]
        if cell["cell_type"] == "code":
            assert cell["outputs"] == []
            assert cell["execution_count"] is None


def test_it_tells_the_whole_way(notebook):
    titles = [text.splitlines()[0].lstrip("# ") for text in sources(notebook, "markdown")]
    assert set(titles) >= TITLES


def test_its_cells_are_plain_python(notebook):
    """What runs here runs in any notebook: no magics, no shell."""
    for text in sources(notebook, "code"):
        compile(text, "cell", "exec")


@pytest.mark.docs
def test_it_runs(notebook, tmp_path, tiny_cache, monkeypatch, capsys):
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("Agg")
    from matplotlib import pyplot

    figures = []
    monkeypatch.setattr(pyplot, "show", lambda: figures.extend(pyplot.get_fignums()))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SSLSE_CACHE", str(tiny_cache))
    names = {"__name__": "__main__"}
    try:
        for number, text in enumerate(sources(notebook, "code")):
            exec(compile(text, f"cell {number}", "exec"), names)  # noqa: S102
    finally:
        pyplot.close("all")
    assert set(figures) == {1, 2}
    assert (tmp_path / "runs" / "notebook" / "model.safetensors").is_file()
    assert "latency 2 ms" in capsys.readouterr().out
