"""Recipes: YAML files that assemble a run from named components."""

from sslse.recipe.check import check_network, check_recipe, load_recipe
from sslse.recipe.model import Choice, NetworkRecipe, Recipe
from sslse.recipe.packaged import packaged_recipes

__all__ = [
    "Choice",
    "NetworkRecipe",
    "Recipe",
    "check_network",
    "check_recipe",
    "load_recipe",
    "packaged_recipes",
]
