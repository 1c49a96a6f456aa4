"""Recipes: YAML files that assemble a run from named components."""

from sslse.recipe.check import check_recipe, load_recipe
from sslse.recipe.model import Choice, Recipe
from sslse.recipe.packaged import packaged_recipes

__all__ = ["Choice", "Recipe", "check_recipe", "load_recipe", "packaged_recipes"]
