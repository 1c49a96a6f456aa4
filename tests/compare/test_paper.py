"""The paper's figures: complete, and in themselves consistent."""

import pytest

from sslse.compare.paper import published
from sslse.recipe import packaged_recipes

METRICS = {"pesq_nb", "stoi", "si_sdr"}


def test_every_row_is_of_a_shipped_recipe_or_noisy():
    recipes = {path.stem for path in packaged_recipes().glob("*.yaml")}
    assert set(published()) - recipes == {"noisy"}
    assert len(published()) == 7


@pytest.mark.parametrize("name", published())
def test_the_mean_over_all_is_that_of_the_four_ratios(name):
    row = published()[name]
    assert set(row.means) == METRICS
    for metric, means in row.means.items():
        assert list(means) == ["", "-7.5", "-2.5", "2.5", "7.5"]
        mean = sum(value for group, value in means.items() if group) / 4
        assert means[""] == pytest.approx(mean, abs=0.0021), metric
