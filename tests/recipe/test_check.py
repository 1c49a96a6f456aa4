"""Shipped recipes are right; faults are found at their places, all at once."""

import re

import pytest

from sslse.errors import RecipeError
from sslse.options import options_of
from sslse.recipe import layout, load_recipe, packaged_recipes
from sslse.recipe.check import check_network, check_recipe
from sslse.recipe.reader import Node, read_text
from sslse.registry import discover
from sslse.settings import Train

FOLDER = packaged_recipes()
PROFILES = sorted((FOLDER / "data").rglob("*.yaml"))
PRESETS = sorted((FOLDER / "presets").rglob("*.yaml"))
RUNNABLE = sorted(set(FOLDER.rglob("*.yaml")) - set(PROFILES) - set(PRESETS))
VARIABLE = re.compile(r"\$\{([A-Z0-9_]+)\}")
ROOTS = {name for path in PROFILES for name in VARIABLE.findall(path.read_text("utf-8"))}


@pytest.fixture(autouse=True)
def roots(monkeypatch):
    for name in ROOTS:
        monkeypatch.setenv(name, f"/data/{name.lower()}")


def test_there_are_recipes():
    assert len(RUNNABLE) >= 12
    assert len(PROFILES) >= 10
    assert len(PRESETS) >= 2


@pytest.mark.parametrize("path", RUNNABLE, ids=lambda path: path.stem)
def test_shipped_recipe(path, registry):
    recipe = load_recipe(str(path), registry)
    assert recipe == load_recipe(path.stem, registry)
    assert recipe.name == path.stem
    assert recipe.train.epochs > 0


@pytest.mark.parametrize("path", PROFILES, ids=lambda path: path.stem)
def test_shipped_profile(path, registry):
    recipe = load_recipe("quickstart", registry, data=[str(path)])
    assert recipe == load_recipe("quickstart", registry, data=[path.stem])
    own = [one for one in (recipe.speech, recipe.noise) if one.where.startswith(f"{path}:")]
    assert own
    for choice in own:
        assert "${" not in str(choice.options)


@pytest.mark.parametrize("preset", PRESETS, ids=lambda path: path.stem)
@pytest.mark.parametrize("path", RUNNABLE, ids=lambda path: path.stem)
def test_shipped_preset_under_every_recipe(path, preset, registry):
    ours = {"paper": ("conformer", 128), "small": ("conformer", 64), "tiny": ("dual_path", None)}
    name, dim = ours.get(preset.stem, (preset.stem, None))
    sets = [f"preset={preset.stem}"]
    if path.stem in ("best", "streaming") and name != "conformer":  # they set the conformer's sizes
        with pytest.raises(RecipeError, match=rf"unknown option \({name} takes: "):
            load_recipe(str(path), registry, sets=sets)
        return
    recipe = load_recipe(str(path), registry, sets=sets)
    assert (recipe.encoder.name, recipe.encoder.options.get("dim")) == (name, dim)


def test_defaults_are_filled_in(registry):
    recipe = load_recipe("quickstart", registry)
    assert recipe.objective.options == {"tau": 0.99, "over": "frame"}
    assert recipe.seed == 0
    assert recipe.train.momentum == 0.9


def test_where_things_come_from(registry, tmp_path):
    path = tmp_path / "my.yaml"
    path.write_text("extends: quickstart\nencoder:\n  dim: 32\n  heads: 2\n", encoding="utf-8")
    encoder = load_recipe(str(path), registry, sets=["encoder.heads=4"]).encoder
    assert encoder.path == "encoder"
    assert encoder.options["dim"] == 32
    assert encoder.lines["dim"] == f"{path}:3"
    assert encoder.lines["heads"] == "--set"
    assert encoder.lines["blocks"].startswith(str(FOLDER / "presets"))
    assert "frame_kernel" not in encoder.lines
    recipe = load_recipe(str(path), registry)
    assert recipe.encoder.where == f"{path}:2"
    assert [one.path for one in recipe.metrics][:2] == [
        "evaluate.metrics[0]",
        "evaluate.metrics[1]",
    ]
    assert recipe.speech.path == "data.speech"


def test_a_section_left_out_has_its_defaults(registry):
    recipe = load_recipe("quickstart", registry, sets=["train=null"])
    assert recipe.train == Train()


def test_null_takes_the_predictor_away(registry):
    sets = ["objective=normal", "predictor=null"]
    assert load_recipe("quickstart", registry, sets=sets).predictor is None


def test_problems_are_listed_by_line(registry, tmp_path):
    path = tmp_path / "my.yaml"
    lines = ["objective: x", "seed: x", "encoder: x", "train: {crop: x, epochs: x}", "views: x"]
    path.write_text("\n".join(["extends: quickstart", *lines]), encoding="utf-8")
    with pytest.raises(RecipeError) as caught:
        load_recipe(str(path), registry, sets=["schedule=x"])
    where = [problem.where for problem in caught.value.problems]
    assert where == ["--set", *(f"{path}:{line}" for line in (2, 3, 4, 5, 5, 6))]
    assert str(caught.value).count("\n") == 6


def test_an_empty_tree_lists_what_is_required(registry):
    with pytest.raises(RecipeError) as caught:
        check_recipe(Node({}, "x.yaml"), registry)
    required = {"name", "encoder", "decoder", "objective", "schedule", "augmentations"}
    required |= {"data.speech", "data.noise", "evaluate.metrics", "evaluate.snr_db"}
    assert {problem.path for problem in caught.value.problems} == required
    assert {problem.where for problem in caught.value.problems} == {"x.yaml"}


def test_a_component_that_does_not_load_is_a_problem_of_its_line(tmp_path):
    plugin = tmp_path / "lost.py"
    plugin.write_text(
        "from sslse.hooks import hookimpl\n"
        "@hookimpl\n"
        "def sslse_components(add):\n"
        "    add('objective', 'lost', 'no_such_module_of_sslse:Lost', summary='')\n",
        encoding="utf-8",
    )
    with pytest.raises(RecipeError) as caught:
        load_recipe("quickstart", discover([plugin]), sets=["objective=lost"])
    assert str(caught.value) == (
        f"--set: objective: objective 'lost' of plugin lost ({plugin}) cannot be loaded from "
        "'no_such_module_of_sslse:Lost': ModuleNotFoundError: No module named "
        "'no_such_module_of_sslse'"
    )


def test_options_of_sections_are_found_by_their_last_name():
    paths = layout.option_paths()
    assert paths["learning_rate"] == "train.learning_rate"
    assert paths["batch_size"] == "train.batch_size"
    assert paths["speech"] == "data.speech"
    assert paths["metrics"] == "evaluate.metrics"
    assert {option.name for option in options_of(Train)} <= set(paths)


def test_baselines_have_a_default_and_may_be_none(registry):
    recipe = load_recipe("quickstart", registry)
    assert [one.name for one in recipe.baselines] == ["log_mmse", "ratio_mask"]
    assert recipe.plain()["evaluate"]["baselines"][0]["decision"] == 0.98
    assert load_recipe("quickstart", registry, sets=["evaluate.baselines=[]"]).baselines == ()
    sets = ["evaluate.baselines=[{name: ratio_mask, exponent: 1.0}]"]
    (chosen,) = load_recipe("quickstart", registry, sets=sets).baselines
    assert chosen.options == {"exponent": 1.0}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[log_mmse, log_mmse]", r"evaluate.baselines\[1\]: log_mmse is measured already \(first"),
        ("log_mmse", "takes a list of any number of baseline, not 'log_mmse'"),
        ("[log_mse]", "no baseline named 'log_mse'; did you mean 'log_mmse'"),
        ("[{name: ratio_mask, exponent: 0}]", r"baselines\[0\].exponent: takes float > 0, not 0"),
    ],
)
def test_baselines_that_cannot_be_are_refused(registry, text, message):
    with pytest.raises(RecipeError, match=message):
        load_recipe("quickstart", registry, sets=[f"evaluate.baselines={text}"])


def test_no_baseline_has_the_name_of_another_condition(tmp_path):
    plugin = tmp_path / "own.py"
    plugin.write_text(
        "from sslse.hooks import hookimpl\n"
        "@hookimpl\n"
        "def sslse_components(add):\n"
        "    add('baseline', 'enhanced', 'sslse.baselines.log_mmse:LogMmse', summary='')\n",
        encoding="utf-8",
    )
    with pytest.raises(RecipeError, match="noisy and enhanced are in every evaluation already"):
        load_recipe("quickstart", discover([plugin]), sets=["evaluate.baselines=[enhanced]"])


def test_what_decides_the_network_is_read_without_the_rest(registry):
    """A model is loaded where the objective that trained it is not installed."""
    recipe = load_recipe("quickstart", registry, sets=["encoder.dim=32"])
    text = recipe.to_yaml()
    for name, gone in (("byol", "not_here"), ("demo", "gone"), ("pretrain", "lost")):
        assert f"name: {name}\n" in text
        text = text.replace(f"name: {name}\n", f"name: {gone}\n")
    tree = read_text(text, "model: recipe")
    network = check_network(tree, registry)
    assert network.encoder.options == recipe.encoder.options
    assert network.decoder.options == recipe.decoder.options
    assert (network.name, network.data, network.train) == (recipe.name, recipe.data, recipe.train)
    with pytest.raises(RecipeError, match="no objective named 'not_here'"):
        check_recipe(tree, registry)


def test_faults_of_the_network_are_found(registry):
    text = "encoder: {name: conformer, dimm: 3}\ndata: {sample_rate: 0}\n"
    with pytest.raises(RecipeError) as caught:
        check_network(read_text(text, "model: recipe"), registry)
    paths = {one.path for one in caught.value.problems}
    assert paths >= {"decoder", "encoder.dimm", "data.sample_rate"}
    assert not paths & {"objective", "schedule", "augmentations", "data.speech"}


def test_a_name_near_nothing_may_be_of_a_file(registry):
    message = r"no objective named 'consensus'; one of a one-file plugin needs --plugin FILE.py \("
    with pytest.raises(RecipeError, match=message):
        load_recipe("quickstart", registry, sets=["objective=consensus"])


def test_what_was_run_names_the_plugins_that_are_missing(registry):
    text = load_recipe("quickstart", registry).to_yaml().replace("name: byol\n", "name: byoll\n")
    tree = read_text(text, "recipe.yaml")
    with pytest.raises(RecipeError) as caught:
        check_recipe(tree, registry, made=True)
    first, last = str(caught.value).splitlines()
    assert "no objective named 'byoll'; did you mean 'byol'?" in first
    assert last == (
        "recipe.yaml:1: was made with plugins that are not here; install them, give one-file "
        "plugins with --plugin FILE.py (from Python: plugins=)"
    )
    with pytest.raises(RecipeError) as caught:
        check_recipe(read_text(text.replace("seed: 0", "sed: 0"), "x"), registry)
    assert "--plugin" not in str(caught.value)


def test_other_faults_of_what_was_run_name_no_plugin(registry):
    text = load_recipe("quickstart", registry).to_yaml().replace("seed: 0\n", "seed: x\n", 1)
    with pytest.raises(RecipeError) as caught:
        check_recipe(read_text(text, "x"), registry, made=True)
    assert "--plugin" not in str(caught.value)
