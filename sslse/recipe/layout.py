"""Where a recipe's parts stand: which entries are sections, components or lists of components."""

import re
from functools import cache
from typing import Any

from sslse.options import options_of
from sslse.settings import Data, Evaluate, General, Train

Path = tuple[str | int, ...]

_INDEX = re.compile(r"\[([0-9]+)\]")

SECTIONS: dict[Path, Any] = {
    (): General,
    ("data",): Data,
    ("train",): Train,
    ("evaluate",): Evaluate,
}
COMPONENTS: dict[Path, str] = {
    ("encoder",): "encoder",
    ("predictor",): "predictor",
    ("decoder",): "decoder",
    ("objective",): "objective",
    ("schedule",): "schedule",
    ("data", "speech"): "corpus",
    ("data", "noise"): "corpus",
}
COMPONENT_LISTS: dict[Path, str] = {
    ("augmentations",): "augmentation",
    ("evaluate", "metrics"): "metric",
    ("evaluate", "baselines"): "baseline",
    ("loggers",): "logger",
}
# What a list holds where a recipe does not give it; such a list may be empty.
LIST_DEFAULTS: dict[Path, tuple[str, ...]] = {
    ("evaluate", "baselines"): ("log_mmse", "ratio_mask"),
    ("loggers",): (),
}
# Entries that were options once, and what takes their place.
MOVED: dict[Path, str] = {
    ("train", "tensorboard"): "is a logger now; take it out, and for TensorBoard write "
    "'loggers: [tensorboard]' at the top level of the recipe",
}
TAKEN = ("noisy", "enhanced")  # names that no baseline can have


def is_component(path: Path) -> bool:
    """Tell whether a component stands at a path, alone or in a list."""
    return path in COMPONENTS or path[:-1] in COMPONENT_LISTS


def kind_at(path: Path) -> str:
    """Return the kind of the component at a path, where `is_component` tells of one."""
    return COMPONENTS.get(path) or COMPONENT_LISTS[path[:-1]]


def children(path: Path) -> list[str]:
    """Return the keys below a section that are not options but parts of their own."""
    parts = [*SECTIONS, *COMPONENTS, *COMPONENT_LISTS]
    return [str(one[-1]) for one in parts if one and one[:-1] == path]


@cache
def option_paths() -> dict[str, str]:
    """Return where the options and parts of all sections stand, by their last names."""
    paths = [(*path, option.name) for path, one in SECTIONS.items() for option in options_of(one)]
    known = [*paths, *COMPONENTS, *COMPONENT_LISTS]
    return {str(path[-1]): show_path(path) for path in reversed(known)}


def show_path(path: Path) -> str:
    """Write a path as messages do: ``augmentations[0].snr_db``."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}"
    return text.removeprefix(".")


def split_path(text: str) -> list[str]:
    """Divide a path that a user writes: as messages do, or ``augmentations.0.snr_db``."""
    return _INDEX.sub(r".\1", text).split(".")


def read_path(text: str) -> Path:
    """Return the path that a user writes, indices as numbers."""
    return tuple(int(one) if one.isdecimal() else one for one in split_path(text))
