"""What wins over what when a recipe is put together."""

import pytest

from sslse.errors import RecipeError
from sslse.recipe import load_recipe
from sslse.recipe.compose import compose
from sslse.recipe.layout import split_path


@pytest.fixture
def write(tmp_path, monkeypatch):
    """Give a function that writes files where the recipes of a test lie."""
    monkeypatch.chdir(tmp_path)

    def files(**texts):
        for name, text in texts.items():
            path = tmp_path / f"{name}.yaml"
            path.write_text(text, encoding="utf-8")

    return files


def composed(*arguments, **options):
    return compose(*arguments, **options).plain()


def test_the_recipe_wins_over_what_it_extends(write):
    write(base="seed: 1\ntrain: {epochs: 3, crop: 2048}\n", my="extends: base.yaml\nseed: 2\n")
    assert composed("my.yaml") == {"name": "my", "seed": 2, "train": {"epochs": 3, "crop": 2048}}


def test_sections_are_merged_and_lists_replaced(write):
    write(
        base="train: {epochs: 3, crop: 2048}\nevaluate: {snr_db: [0, 5, 10]}\n",
        my="extends: base.yaml\ntrain: {epochs: 4}\nevaluate: {snr_db: [1]}\n",
    )
    assert composed("my.yaml")["train"] == {"epochs": 4, "crop": 2048}
    assert composed("my.yaml")["evaluate"] == {"snr_db": [1]}


def test_the_last_of_several_files_wins(write):
    write(a="seed: 1\nviews: 3\n", b="seed: 2\n", my="extends: [a.yaml, b.yaml]\n")
    assert composed("my.yaml") == {"name": "my", "seed": 2, "views": 3}


def test_a_file_is_found_beside_the_one_that_extends_it(write, tmp_path):
    (tmp_path / "below").mkdir()
    write(top="seed: 4\n")
    (tmp_path / "below" / "my.yaml").write_text("extends: ../top.yaml\n", encoding="utf-8")
    assert composed("below/my.yaml")["seed"] == 4


def test_one_file_may_be_extended_on_two_ways(write):
    write(top="seed: 4\n", a="extends: top.yaml\n", b="extends: top.yaml\nviews: 3\n")
    write(my="extends: [a.yaml, b.yaml]\n")
    assert composed("my.yaml") == {"name": "my", "seed": 4, "views": 3}


def test_packaged_recipes_are_extended_by_name(write):
    write(my="extends: byol_round\n")
    assert composed("my.yaml")["schedule"] == {"name": "round", "period": 50}
    write(byol_round="extends: normal\n", normal="schedule: mix\n")
    assert composed("my.yaml")["schedule"] != {"name": "mix"}


def test_a_name_is_not_inherited(write):
    write(base="name: first\n", my="extends: base.yaml\n", own="extends: base.yaml\nname: mine\n")
    assert composed("my.yaml")["name"] == "my"
    assert composed("own.yaml")["name"] == "mine"
    assert composed("own.yaml", sets=["name=other"])["name"] == "other"


def test_the_preset_lies_beneath_everything(write):
    write(base="train: {epochs: 3}\n", my="extends: base.yaml\npreset: small\n")
    tree = composed("my.yaml")
    assert tree["train"]["epochs"] == 3
    assert tree["train"]["optimizer"] == "adamw"
    assert tree["encoder"]["dim"] == 64
    assert tree["name"] == "my"


def test_the_preset_can_be_chosen_by_set_and_by_variable(write, monkeypatch):
    write(my="preset: paper\ntrain: {epochs: 3}\n", other="preset: '${PRESET}'\n")
    monkeypatch.setenv("PRESET", "small")
    assert "dim" not in composed("my.yaml")["encoder"]
    small = composed("my.yaml", sets=["preset=small"])
    assert small["encoder"]["dim"] == 64
    assert small["train"]["epochs"] == 3
    assert composed("other.yaml")["encoder"]["dim"] == 64


def test_profile_then_set(write):
    write(
        my="data: {swap: false, sample_rate: 8000, strict: false}\n",
        profile="extends: deeper.yaml\ndata: {swap: true}\n",
        deeper="data: {sample_rate: 16000, swap: false}\n",
    )
    tree = composed("my.yaml", ["profile.yaml"], ["data.strict=true"])
    assert tree["data"] == {"swap": True, "sample_rate": 16000, "strict": True}


def test_packaged_profiles_are_found_by_name(write, monkeypatch):
    monkeypatch.setenv("TIMIT_ROOT", "/t")
    monkeypatch.setenv("NONSPEECH_ROOT", "/n")
    data = composed("quickstart", ["timit_nonspeech"])["data"]
    assert data["speech"] == {"name": "timit", "root": "/t", "split": "paper"}
    assert data["noise"] == {"name": "nonspeech", "root": "/n"}


def test_the_last_of_several_profiles_wins(write):
    write(my="data: {sample_rate: 8000}\n")
    write(a="data: {swap: true, noise: demo}\n", b="data: {swap: false, speech: demo}\n")
    tree = composed("my.yaml", ["a.yaml", "b.yaml"])
    demo = {"name": "demo"}
    assert tree["data"] == {"sample_rate": 8000, "swap": False, "speech": demo, "noise": demo}
    assert composed("my.yaml", ["b.yaml", "a.yaml"])["data"]["swap"] is True


def test_a_profiles_corpus_keeps_no_option_of_the_one_it_replaces(write):
    write(
        my="data: {speech: {name: folder, root: /a, kind: x}, noise: {name: folder, root: /a}}\n",
        named="data: {speech: {name: folder, root: /b}}\n",
        options="data: {speech: {kind: y}}\n",
    )
    tree = composed("my.yaml", ["named.yaml"])["data"]
    assert tree["speech"] == {"name": "folder", "root": "/b"}
    assert tree["noise"] == {"name": "folder", "root": "/a"}
    assert composed("my.yaml", ["options.yaml"])["data"]["speech"] == {
        "name": "folder",
        "root": "/a",
        "kind": "y",
    }


class TestComponents:
    def test_a_name_alone_is_a_component(self, write):
        write(my="objective: normal\nevaluate: {metrics: [stoi]}\ndata: {speech: demo}\n")
        tree = composed("my.yaml")
        assert tree["objective"] == {"name": "normal"}
        assert tree["evaluate"]["metrics"] == [{"name": "stoi"}]
        assert tree["data"]["speech"] == {"name": "demo"}

    @pytest.mark.parametrize(
        "over", ["{tau: 0.5}", "byol\n", "{name: byol}", "{name: byol, tau: 0.5}"]
    )
    def test_the_same_one_is_merged(self, write, over):
        write(base="objective: {name: byol, tau: 0.9, over: frame}\n")
        write(my=f"extends: base.yaml\nobjective: {over}\n")
        tau = 0.5 if "tau" in over else 0.9
        assert composed("my.yaml")["objective"] == {"name": "byol", "tau": tau, "over": "frame"}

    @pytest.mark.parametrize("over", ["simsiam", "{name: simsiam}"])
    def test_another_replaces_it(self, write, over):
        write(base="objective: {name: byol, tau: 0.9}\n")
        write(my=f"extends: base.yaml\nobjective: {over}\n")
        assert composed("my.yaml")["objective"] == {"name": "simsiam"}

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("objective=simsiam", {"name": "simsiam"}),
            ("objective.name=simsiam", {"name": "simsiam"}),
            (
                "objective={name: simsiam, over: utterance}",
                {"name": "simsiam", "over": "utterance"},
            ),
            ("objective=byol", {"name": "byol", "tau": 0.9}),
            ("objective.name=byol", {"name": "byol", "tau": 0.9}),
            ("objective.tau=0.5", {"name": "byol", "tau": 0.5}),
            ("objective={tau: 0.5}", {"name": "byol", "tau": 0.5}),
        ],
    )
    def test_set_does_the_same(self, write, text, expected):
        write(my="objective: {name: byol, tau: 0.9}\n")
        assert composed("my.yaml", sets=[text])["objective"] == expected

    def test_in_a_list_too(self, write):
        write(my="augmentations: [{name: add_noise, draw: range}]\n")
        for text, expected in (
            ("augmentations.0.draw=listed", {"name": "add_noise", "draw": "listed"}),
            ("augmentations.0=add_noise", {"name": "add_noise", "draw": "range"}),
            ("augmentations.0=other", {"name": "other"}),
            ("augmentations.0.name=other", {"name": "other"}),
        ):
            assert composed("my.yaml", sets=[text])["augmentations"] == [expected]


class TestSet:
    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("seed=3", {"seed": 3}),
            ("seed='3'", {"seed": "3"}),
            ("train.epochs=3", {"train": {"epochs": 3, "crop": 2048}}),
            ("train.learning_rate=1e-3", {"train": {"learning_rate": 1e-3}}),
            ("train.clip_norm=", {"train": {"clip_norm": None}}),
            ("train.clip_norm=null", {"train": {"clip_norm": None}}),
            ("evaluate.snr_db=[0]", {"evaluate": {"snr_db": [0]}}),
            ("evaluate.snr_db.1=7", {"evaluate": {"snr_db": [0, 7]}}),
            ("data.cache=a=b", {"data": {"cache": "a=b"}}),
            ("data.speech.root=C:\\x", {"data": {"speech": {"root": "C:\\x"}}}),
            ("train={epochs: 1}", {"train": {"epochs": 1, "crop": 2048}}),
        ],
    )
    def test_values(self, write, text, expected):
        write(my="train: {crop: 2048}\nevaluate: {snr_db: [0, 5]}\n")
        tree = composed("my.yaml", sets=[text])
        for key, value in expected.items():
            merged = tree[key] | value if isinstance(value, dict) else value
            assert tree[key] == merged

    def test_the_last_one_wins(self, write):
        write(my="seed: 1\n")
        assert composed("my.yaml", sets=["seed=2", "seed=3"])["seed"] == 3

    def test_it_is_where_the_value_comes_from(self, write):
        write(my="train: {epochs: 1, crop: 2048}\n")
        train = compose("my.yaml", sets=["train.epochs=2"]).value["train"]
        assert train.value["epochs"].where == "--set"
        assert train.value["crop"].where == "my.yaml:1"


class TestVariables:
    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("${N}", 10),
            ("'${N}'", "10"),
            ('"${N}"', "10"),
            ("${N}0", 100),
            ("a${N}b", "a10b"),
            ("${N}/${N}", "10/10"),
            ("${NONE:-20}", 20),
            ("'${NONE:-20}'", "20"),
            ("${EMPTY:-20}", 20),
            ("${NONE:-}", None),
            ("'${NONE:-}'", ""),
            ("${N:-20}", 10),
            ("${NO}", "no"),
            ("${ODD}", "${N}"),
            ("$N", "$N"),
            ("\n- ${N}\n- x", [10, "x"]),
            ("['${N}', x]", ["10", "x"]),
            ("'${NONE:-([^/_-]+)[_-][^/]*$}'", "([^/_-]+)[_-][^/]*$"),
        ],
    )
    def test_values(self, write, monkeypatch, text, expected):
        for name, value in {"N": "10", "EMPTY": "", "NO": "no", "ODD": "${N}"}.items():
            monkeypatch.setenv(name, value)
        monkeypatch.delenv("NONE", raising=False)
        write(my=f"seed: {text}\n")
        assert composed("my.yaml")["seed"] == expected

    def test_what_is_replaced_needs_no_variable(self, write, monkeypatch):
        monkeypatch.delenv("NONE", raising=False)
        write(base="seed: ${NONE}\n", my="extends: base.yaml\nseed: 1\n")
        assert composed("my.yaml")["seed"] == 1

    def test_they_work_in_set_and_extends(self, write, monkeypatch):
        monkeypatch.setenv("BASE", "base")
        write(base="seed: 5\n", my="extends: ${BASE}.yaml\n")
        assert composed("my.yaml", sets=["data.cache=${BASE}"]) == {
            "name": "my",
            "seed": 5,
            "data": {"cache": "base"},
        }


@pytest.mark.parametrize("path", ["augmentations[0].snr_db", "evaluate.snr_db[3]", "views"])
def test_a_path_of_a_message_can_be_set(registry, path):
    """Break an option, and set it by the very path that the refusal names."""
    with pytest.raises(RecipeError) as caught:
        load_recipe("quickstart", registry, sets=[f"{path}=wrong"])
    (problem,) = caught.value.problems
    assert problem.path == path
    value = 3 if path == "views" or path.endswith("]") else [3.0]
    tree = compose("quickstart", sets=[f"{problem.path}={value}"]).plain()
    for part in split_path(path):
        tree = tree[int(part) if part.isdecimal() else part]
    assert tree == value
