"""The paper's own figures, to stand beside those obtained."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from sslse.recipe.reader import read_file

FILE = Path(__file__).with_name("paper.yaml")


@dataclass(frozen=True)
class Published:
    """A row of the paper's tables 2 to 5.

    Args:
        name: of the recipe it belongs to, or ``noisy``.
        title: what the paper calls it.
        means: by metric: over all under an empty text, and by SNR as ``f"{snr_db:g}"``.
    """

    name: str
    title: str
    means: dict[str, dict[str, float]]


@cache
def published() -> dict[str, Published]:
    """Return the paper's rows by the name of the recipe that builds them."""
    held = read_file(FILE).plain()
    ratios = [f"{ratio:g}" for ratio in held["snr_db"]]
    rows = {}
    for name, row in held["rows"].items():
        means = {
            metric: {"": one["all"], **dict(zip(ratios, one["per_snr"], strict=True))}
            for metric, one in row.items()
            if metric != "title"
        }
        rows[name] = Published(name, row["title"], means)
    return rows
