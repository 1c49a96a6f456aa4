"""Where a recipe's parts stand: which entries are sections, components or lists of components."""

from typing import Any

from sslse.settings import Data, Evaluate, General, Train

Path = tuple[str | int, ...]

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
}


def children(path: Path) -> list[str]:
    """Return the keys below a section that are not options but parts of their own."""
    parts = [*SECTIONS, *COMPONENTS, *COMPONENT_LISTS]
    return [str(one[-1]) for one in parts if one and one[:-1] == path]


def show_path(path: Path) -> str:
    """Write a path as messages do: ``augmentations[0].snr_db``."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}"
    return text.removeprefix(".")
