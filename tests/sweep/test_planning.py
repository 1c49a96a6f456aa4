"""Every combination is checked at once, named, and written so that what was checked is run."""

import pytest

from sslse.errors import RecipeError, RunError
from sslse.recipe import load_recipe
from sslse.sweep.plan import PLAN, Member, Plan, read_plan, write_plan
from sslse.sweep.planning import plan_grid


def planned_plan(folder, planned):
    return Plan(folder, "a_sweep", tuple(member for member, _ in planned), "cpu", (), ("sslse",))


def test_a_grid_times_seeds(registry):
    planned = plan_grid(
        "quickstart",
        registry,
        sets=["objective.tau=0.9,0.99", "train.epochs=3", "schedule=mix,se"],
        seeds=2,
    )
    assert [member.name for member, _ in planned] == [
        f"quickstart,tau={tau},schedule={schedule},seed={seed}"
        for tau in ("0.9", "0.99")
        for schedule in ("mix", "se")
        for seed in (0, 1)
    ]
    for member, recipe in planned:
        assert recipe.seed == member.seed
        assert recipe.name == member.label == member.name.rpartition(",")[0]
        assert recipe.objective.options["tau"] == member.values["objective.tau"]
        assert recipe.schedule.name == member.values["schedule"]
        assert recipe.train.epochs == 3
    assert len({member.name for member, _ in planned}) == len(planned) == 8


def test_names_stay_where_values_and_seeds_are_added(registry):
    few = plan_grid("quickstart", registry, sets=["objective.tau=0.9,0.99"])
    more = plan_grid("quickstart", registry, sets=["objective.tau=0.5,0.9,0.99"], seeds=3)
    assert {member.name for member, _ in few} < {member.name for member, _ in more}


def test_seeds_go_on_from_the_recipes(registry, tmp_path):
    (tmp_path / "mine.yaml").write_text("extends: quickstart\nseed: 7\n")
    planned = plan_grid(str(tmp_path / "mine.yaml"), registry, seeds=2)
    assert [member.name for member, _ in planned] == ["mine,seed=7", "mine,seed=8"]
    assert [recipe.seed for _, recipe in planned] == [7, 8]


def test_seeds_may_be_named(registry):
    planned = plan_grid("quickstart", registry, sets=["seed=3,11"])
    assert [(m.name, r.seed) for m, r in planned] == [
        ("quickstart,seed=3", 3),
        ("quickstart,seed=11", 11),
    ]
    with pytest.raises(RecipeError, match="--set: seed: set both here and by --seeds"):
        plan_grid("quickstart", registry, sets=["seed=3,11"], seeds=2)


def test_a_seed_that_is_none_is_refused(registry):
    with pytest.raises(RecipeError, match="seed"):
        plan_grid("quickstart", registry, sets=["seed=-1,1"])


def test_all_combinations_are_refused_at_once_each_fault_once(registry):
    with pytest.raises(RecipeError) as caught:
        plan_grid(
            "quickstart",
            registry,
            sets=["objective.tau=0.9,2,3", "train.epochs=0", "schedule=mix,se"],
        )
    lines = str(caught.value).splitlines()
    assert len(lines) == 3
    (epochs,) = [line for line in lines if "train.epochs" in line]
    assert "(with" not in epochs
    for tau in (2, 3):
        (line,) = [one for one in lines if f"not {tau}" in one]
        assert line.endswith(f"(with tau={tau},schedule=mix and 1 more)")


def test_what_is_written_is_what_was_checked(registry, tmp_path, monkeypatch):
    monkeypatch.setenv("SPEECH", "/data/speech")
    (tmp_path / "mine.yaml").write_text(
        "extends: quickstart\ndata:\n  speech: {name: folder, root: '${SPEECH}'}\n"
    )
    planned = plan_grid(str(tmp_path / "mine.yaml"), registry, sets=["objective.tau=0.9,0.99"])
    plan = planned_plan(tmp_path / "sweep", planned)
    write_plan(plan, planned)
    monkeypatch.delenv("SPEECH")
    assert read_plan(plan.folder) == plan
    for member, recipe in planned:
        again = load_recipe(str(plan.recipe_file(member)), registry)
        assert again.plain() == recipe.plain()
        assert again.speech.options["root"] == "/data/speech"


def test_a_run_is_no_folder_for_a_sweep(tmp_path):
    (tmp_path / "recipe.yaml").write_text("name: a\n")
    with pytest.raises(RunError, match="is the directory of a run; choose another with --out"):
        write_plan(Plan(tmp_path, "a", (Member("a", "a", 0),)), [])


@pytest.mark.parametrize("text", ["", "{}", '{"format": 2}', "[" * 2000, '{"format": 1}'])
def test_a_damaged_plan_is_one_message(tmp_path, text):
    (tmp_path / PLAN).write_text(text)
    with pytest.raises(RunError, match=r"sweep\.json: is damaged"):
        read_plan(tmp_path)


def test_a_folder_without_plan(tmp_path):
    with pytest.raises(RunError, match=r"holds no sweep\.json; give the folder of a sweep"):
        read_plan(tmp_path)
