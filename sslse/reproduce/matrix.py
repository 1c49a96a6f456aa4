"""Which runs the paper has, and how they are made smaller without being made different."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from sslse.errors import Problem, RecipeError
from sslse.recipe import Recipe, load_recipe
from sslse.registry import Registry
from sslse.reproduce.tiers import Tier
from sslse.sweep.naming import member_name
from sslse.sweep.plan import Member, Planned

# Options of schedules that count epochs: they keep their share of the whole training.
IN_EPOCHS = {"round": "period", "pretrain": "epochs"}


@dataclass(frozen=True)
class Entry:
    """A model of the paper's tables and figures.

    Args:
        recipe: packaged; its name.
        title: in the tables.
        low_data: trained on the test part and tested on the training part (figure 6).
    """

    recipe: str
    title: str
    low_data: bool = False


PAPER = (
    Entry("normal", "Normal"),
    Entry("byol", "BYOL"),
    Entry("byol_round", "BYOL round"),
    Entry("byol_round_100", "BYOL round (100)"),
    Entry("byol_pretrain", "BYOL pretrain"),
    Entry("simsiam", "SimSiam"),
    Entry("simsiam_round", "SimSiam round"),
    Entry("simsiam_pretrain", "SimSiam pretrain"),
    Entry("low_data_normal", "Normal", low_data=True),
    Entry("low_data_byol", "BYOL", low_data=True),
    Entry("low_data_simsiam", "SimSiam", low_data=True),
)
BEYOND = (
    Entry("simclr_round", "SimCLR round"),
    Entry("moco_v2_round", "MoCo v2 round"),
    Entry("swav_round", "SwAV round"),
    Entry("byol_uncertainty", "BYOL uncertainty"),
    Entry("byol_noises", "BYOL noises"),
)
ENTRIES = {one.recipe: one for one in (*PAPER, *BEYOND)}


@dataclass(frozen=True)
class Scaled:
    """A schedule's option in epochs, as published and as used."""

    recipe: str
    option: str
    published: int
    published_epochs: int
    used: int
    epochs: int


def plan_matrix(
    tier: Tier,
    registry: Registry,
    *,
    sets: Sequence[str] = (),
    seeds: int | None = None,
    beyond: bool = False,
) -> Planned:
    """Return the runs of a tier with their recipes.

    All have the tier's settings; a schedule's options in epochs keep the share of the whole
    training that they have in the recipe as published.

    Args:
        tier: its settings lie over every recipe.
        registry: the installed components.
        sets: ``path=value`` texts laid over the tier's.
        seeds: runs of each recipe in place of the tier's number, with seeds 0, 1 and so on.
        beyond: also run what the paper names but does not measure: other methods, weights that
            adapt by themselves, more noises.

    Raises:
        RecipeError: listing the problems of all runs.
    """
    planned: Planned = []
    problems: dict[Problem, None] = {}
    for entry in (*PAPER, *(BEYOND if beyond else ())):
        chosen = [*tier.sets, *(tier.low_data if entry.low_data else ()), *sets]
        try:
            recipe = load_recipe(entry.recipe, registry, data=tier.data, sets=chosen)
        except RecipeError as error:
            problems |= dict.fromkeys(error.problems)
            continue
        recipe = scale(recipe, load_recipe(entry.recipe, registry))
        for seed in range(recipe.seed, recipe.seed + (seeds or tier.seeds)):
            member = Member(member_name(entry.recipe, seed), entry.recipe, seed)
            planned.append((member, replace(recipe, seed=seed)))
    if problems:
        raise RecipeError(list(problems))
    return planned


def scale(recipe: Recipe, published: Recipe) -> Recipe:
    """Give the schedule's option in epochs the share of the training it has as published."""
    option = IN_EPOCHS.get(recipe.schedule.name)
    if option is None or published.schedule.name != recipe.schedule.name:
        return recipe
    share = published.schedule.options[option] / published.train.epochs
    epochs = max(1, round(share * recipe.train.epochs))
    options = {**recipe.schedule.options, option: epochs}
    return replace(recipe, schedule=replace(recipe.schedule, options=options))


def scaled(planned: Planned, registry: Registry) -> Iterator[Scaled]:
    """Yield what `scale` made of every schedule, once a recipe."""
    for recipe in {member.label: recipe for member, recipe in planned}.values():
        if option := IN_EPOCHS.get(recipe.schedule.name):
            published = load_recipe(recipe.name, registry)
            yield Scaled(
                recipe.name,
                option,
                published.schedule.options[option],
                published.train.epochs,
                recipe.schedule.options[option],
                recipe.train.epochs,
            )
