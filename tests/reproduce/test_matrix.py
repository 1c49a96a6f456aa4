"""The matrix has the paper's runs, equally long, with schedules that keep their shares."""

import pytest

from sslse.compare.paper import published
from sslse.data.batches import Batches
from sslse.errors import RecipeError
from sslse.recipe import load_recipe
from sslse.reproduce.matrix import BEYOND, ENTRIES, PAPER, plan_matrix, scale, scaled
from sslse.reproduce.tiers import read_tier, shipped_tiers


@pytest.fixture(autouse=True)
def roots(monkeypatch):
    monkeypatch.setenv("TIMIT_ROOT", "/data/timit")
    monkeypatch.setenv("NONSPEECH_ROOT", "/data/nonspeech")


def test_every_row_of_the_papers_tables_is_run():
    rows = {name: one.title for name, one in published().items() if name != "noisy"}
    titles = {one.recipe: one.title for one in PAPER if not one.low_data}
    assert rows.items() <= titles.items()
    assert set(titles) - set(rows) == {"byol_pretrain", "simsiam_pretrain"}
    assert len(ENTRIES) == len(PAPER) + len(BEYOND) == 16


@pytest.mark.parametrize("name", ["smoke", "small", "full"])
def test_a_shipped_tier(name, registry):
    tier = read_tier(name)
    planned = plan_matrix(tier, registry, beyond=True)
    assert len(planned) == tier.seeds * len(ENTRIES)
    assert len({member.name for member, _ in planned}) == len(planned)
    for member, recipe in planned:
        entry = ENTRIES[member.label]
        assert recipe.name == entry.recipe
        assert recipe.data.swap == entry.low_data
        assert recipe.evaluate.every is not None
        assert recipe.evaluate.seed == 0
        assert {"pesq_nb", "stoi", "si_sdr"} <= {one.name for one in recipe.metrics}
    first = next(recipe for member, recipe in planned if member.label == "normal")
    for member, recipe in planned:
        if not ENTRIES[member.label].low_data:
            assert recipe.train == first.train
        assert recipe.evaluate == first.evaluate
        assert recipe.encoder.plain() == first.encoder.plain()


class Corpus:
    """As many utterances as asked for."""

    def __init__(self, count):
        self.count = count

    def __len__(self):
        return self.count


@pytest.mark.parametrize(
    ("name", "train", "test", "steps"),
    [
        ("smoke", 90, 30, (528, 528)),
        ("small", 90, 30, (7200, 7200)),
        ("full", 4120, 500, (6400, 6000)),
    ],
)
def test_all_runs_of_a_tier_have_equally_many_steps(name, train, test, steps, registry):
    found = set()
    for _, recipe in plan_matrix(read_tier(name), registry):
        batches = Batches(
            Corpus(test if recipe.data.swap else train),
            batch_size=recipe.train.utterances,
            crop=recipe.train.crop,
            crops_per_utterance=recipe.train.crops_per_utterance,
            seed=0,
        )
        found.add((recipe.data.swap, recipe.train.epochs * batches.steps_per_epoch))
    assert found == {(False, steps[0]), (True, steps[1])}


def test_schedules_keep_their_share(registry):
    tier = read_tier("smoke")
    planned = plan_matrix(tier, registry)
    found = {one.recipe: (one.used, one.epochs, one.published) for one in scaled(planned, registry)}
    assert found == {
        "byol_round": (2, 16, 50),
        "byol_round_100": (4, 16, 100),
        "byol_pretrain": (2, 16, 50),
        "simsiam_round": (2, 16, 50),
        "simsiam_pretrain": (2, 16, 50),
    }


@pytest.mark.parametrize(
    ("epochs", "period"), [(400, 50), (800, 100), (16, 2), (12, 2), (4, 1), (1, 1)]
)
def test_an_option_in_epochs_is_scaled_and_at_least_one(registry, epochs, period):
    recipe = load_recipe("byol_round", registry, sets=[f"train.epochs={epochs}"])
    assert scale(recipe, load_recipe("byol_round", registry)).schedule.options["period"] == period


def test_a_tier_as_published_changes_no_recipe(registry):
    for member, recipe in plan_matrix(read_tier("full"), registry):
        as_published = load_recipe(member.label, registry, data=["timit_nonspeech"]).plain()
        mine = recipe.plain()
        for part in ("encoder", "predictor", "decoder", "objective", "schedule", "augmentations"):
            assert mine[part] == as_published[part]
        changed = {key for key in mine["train"] if mine["train"][key] != as_published["train"][key]}
        assert changed == ({"crops_per_utterance"} if recipe.data.swap else set())


def test_seeds_and_settings_of_ones_own(registry):
    planned = plan_matrix(
        read_tier("smoke"), registry, seeds=2, sets=["train.crops_per_utterance=1"]
    )
    assert [member.name for member, _ in planned[:3]] == [
        "normal,seed=0",
        "normal,seed=1",
        "byol,seed=0",
    ]
    assert {recipe.train.crops_per_utterance for _, recipe in planned} == {1}


def test_faults_are_told_once(registry, monkeypatch):
    monkeypatch.delenv("TIMIT_ROOT")
    with pytest.raises(RecipeError) as caught:
        plan_matrix(read_tier("full"), registry)
    assert len(str(caught.value).splitlines()) == 1
    assert "environment variable TIMIT_ROOT is not set" in str(caught.value)


def test_tiers_of_ones_own(tmp_path):
    text = "about: mine\nseeds: 2\ndata: [demo]\nsets: [preset=small]\nlow_data: []\n"
    (tmp_path / "mine.yaml").write_text(text)
    tier = read_tier(str(tmp_path / "mine.yaml"))
    assert (tier.name, tier.seeds, tier.sets) == ("mine", 2, ["preset=small"])
    (tmp_path / "mine.yaml").write_text(text.replace("seeds: 2", "seeds: none\nsizes: 3"))
    with pytest.raises(RecipeError) as caught:
        read_tier(str(tmp_path / "mine.yaml"))
    assert "mine.yaml:2: seeds: takes int > 0" in str(caught.value)
    assert "mine.yaml:3: sizes: unknown option" in str(caught.value)


def test_a_tier_that_does_not_exist():
    with pytest.raises(RecipeError, match=r"no tier named 'smok'.*did you mean 'smoke'"):
        read_tier("smok")
    assert shipped_tiers() == ["smoke", "small", "full"]
