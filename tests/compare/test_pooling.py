"""Which runs are one row, and what the rows are called."""

from pathlib import Path

import pytest

from sslse.compare import load_results
from sslse.errors import RunError

TAU = {"objective": {"name": "byol", "tau": 0.99}}


@pytest.fixture
def labels(runs, rows, noise_like):
    """Write runs of the given options; return labels and seeds of the run rows."""

    def load(*options, conditions=()):
        folders = []
        for number, one in enumerate(options):
            folder = f"r{number}"
            runs(folder, {"si_sdr": noise_like(rows, seed=number)}, rows=rows, **one)
            folders.append(Path(folder))
        entries = load_results(folders).entries
        return {one.label: one.seeds for one in entries if one.kind == "run"}

    return load


def test_seeds_of_a_recipe_are_one_row_in_their_order(labels):
    assert labels({"seed": 2}, {"name": "normal"}, {"seed": 0}, {"seed": 1}) == {
        "byol": (0, 1, 2),
        "normal": (0,),
    }


def test_what_changes_no_number_does_not_tell_apart(labels):
    one = {"train": {"epochs": 3, "threads": 1}, "data": {"cache": "x"}, "evaluate": {"workers": 1}}
    other = {"train": {"epochs": 3, "threads": 2}, "data": {"cache": None}, "evaluate": {}}
    assert labels({"recipe": one}, {"recipe": other, "seed": 1}) == {"byol": (0, 1)}


def test_a_differing_option_is_in_the_label(labels):
    recipes = [{"objective": {"name": "byol", "tau": tau}} for tau in (0.9, 0.99, 0.99)]
    seeds = (0, 0, 1)
    options = [{"recipe": one, "seed": seed} for one, seed in zip(recipes, seeds, strict=True)]
    assert labels(*options) == {
        "byol (objective.tau=0.9)": (0,),
        "byol (objective.tau=0.99)": (0, 1),
    }


def test_another_component_is_named_without_its_options(labels):
    other = {"objective": {"name": "simclr", "temperature": 0.1}}
    assert labels({"recipe": TAU}, {"recipe": other}) == {
        "byol (objective=byol)": (0,),
        "byol (objective=simclr)": (0,),
    }


def test_where_much_differs_the_folder_tells_apart(labels):
    many = {"train": {"epochs": 1, "crop": 2, "decay": 3}}
    few = {"train": {"epochs": 4, "crop": 5, "decay": 6}}
    assert list(labels({"recipe": many}, {"recipe": few})) == ["byol (r0)", "byol (r1)"]


def test_folders_without_recipe_are_rows_of_their_own(runs, rows, noise_like):
    for folder in ("x/tool", "y/tool"):
        runs(folder, {"si_sdr": noise_like(rows)}, rows=rows, name=None)
    found = load_results([Path("x/tool"), Path("y/tool")]).entries
    assert [one.label for one in found] == ["noisy", "tool (x/tool)", "tool (y/tool)"]


def test_a_run_called_as_a_condition(labels):
    assert list(labels({"name": "noisy"})) == ["noisy (r0)"]


def test_a_seed_counts_once(labels):
    with pytest.raises(RunError) as caught:
        labels({"seed": 1}, {"seed": 1})
    assert str(caught.value) == "r1: is seed 1 of 'byol', as r0 is; a seed counts once"


def test_baselines_of_any_run_are_rows(runs, rows, noise_like):
    scores = {"si_sdr": noise_like(rows)}
    runs("a", scores, rows=rows)
    runs("b", scores, rows=rows, name="normal", baselines={"log_mmse": scores})
    found = load_results([Path("a"), Path("b")]).entries
    assert [(one.label, one.kind) for one in found] == [
        ("noisy", "noisy"),
        ("log_mmse", "baseline"),
        ("byol", "run"),
        ("normal", "run"),
    ]
