"""The model that is exported, and what its run knows about it."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sslse.bundle import read_about
from sslse.enhance.model import Model, find_model, load
from sslse.errors import RunError
from sslse.evaluate.results import read_summary
from sslse.export.places import portable_recipe, without_places
from sslse.recipe.model import as_yaml
from sslse.recipe.reader import read_text
from sslse.registry import Registry
from sslse.run_folder import MATERIAL, MODEL, PROVENANCE


@dataclass(frozen=True)
class Subject:
    """A trained model and the facts about it, without places of this machine.

    Args:
        model: on the CPU.
        version: of sslse, that trained it.
        recipe: that built it.
        evaluation: what ``evaluation.json`` of its run holds; None: there is none.
        provenance: the same of ``provenance.json``.
        material: the same of ``material.json``.
    """

    model: Model
    version: str
    recipe: dict[str, Any]
    evaluation: dict[str, Any] | None
    provenance: dict[str, Any] | None
    material: dict[str, Any] | None

    @property
    def recipe_text(self) -> str:
        """The recipe as YAML."""
        return as_yaml(self.recipe)

    @property
    def stride(self) -> int:
        """Samples per frame."""
        return self.model.enhancer.encoder.stride

    def about(self) -> dict[str, str]:
        """Return what a file of another form tells about itself."""
        return {
            "sample_rate": str(self.model.sample_rate),
            "stride": str(self.stride),
            "sslse_version": self.version,
            "recipe": self.recipe_text,
        }


def read_subject(model: str | Path, registry: Registry) -> Subject:
    """Load a model and read what lies beside it.

    Args:
        model: a run directory, a bundle, a ``.safetensors`` file, or the name of a shipped model.
        registry: the components.

    Raises:
        RunError: there is no such model, or something of its run is damaged.
        RecipeError: its network needs components that are not installed.
        ExportError: it cannot leave this machine.
    """
    file = find_model(model)
    version, text = read_about(file)
    loaded = load(file, device="cpu", registry=registry)
    folder = file.parent if file.name == MODEL else None
    evaluation = None if folder is None else read_summary(folder)
    return Subject(
        model=loaded,
        version=version,
        recipe=portable_recipe(read_text(text, f"{file}: recipe").plain()),
        evaluation=without_places(evaluation),
        provenance=without_places(_read(folder, PROVENANCE)),
        material=without_places(_read(folder, MATERIAL)),
    )


def _read(folder: Path | None, name: str) -> dict[str, Any] | None:
    """Return a JSON file of a run, or None where there is none."""
    if folder is None or not (folder / name).is_file():
        return None
    try:
        content = json.loads((folder / name).read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise RunError(
            f"{folder / name}: is damaged: {error}; delete it to go on without"
        ) from error
    if not isinstance(content, dict):
        raise RunError(f"{folder / name}: is damaged: no mapping; delete it to go on without")
    return content
