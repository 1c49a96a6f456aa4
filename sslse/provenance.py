"""What a run was made with: versions, plugins, commit, device."""

import datetime
import importlib.metadata
import platform
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from sslse import ranks
from sslse.device import describe_device
from sslse.recipe import Choice, Recipe
from sslse.registry import Registry

PACKAGES = (
    "sslse",
    "torch",
    "torchaudio",
    "numpy",
    "pesq",
    "pystoi",
    "soundfile",
    "safetensors",
)


def describe_run(recipe: Recipe, registry: Registry, device: torch.device) -> dict[str, Any]:
    """Return what ``provenance.json`` of a run holds."""
    machine = {"device": describe_device(device), "processes": ranks.world()}
    return _describe(_choices(recipe), registry, machine)


def describe_scoring(recipe: Recipe, registry: Registry) -> dict[str, Any]:
    """Return what tells how waves from elsewhere were scored: nothing of the recipe's model."""
    return _describe([*recipe.metrics, *recipe.baselines], registry, {})


def _describe(
    choices: Sequence[Choice], registry: Registry, machine: dict[str, Any]
) -> dict[str, Any]:
    return {
        "started": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "command": sys.argv,
        "python": platform.python_version(),
        "platform": platform.platform(),
        **machine,
        "packages": versions(),
        "commit": _commit(),
        "components": {
            f"{choice.kind} {choice.name}": str(registry.get(choice.kind, choice.name).plugin)
            for choice in choices
        },
        "broken_plugins": {str(one.plugin): one.reason for one in registry.broken},
    }


def versions() -> dict[str, str | None]:
    """Return the versions of the packages behind a run's numbers."""
    found: dict[str, str | None] = {}
    for name in PACKAGES:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            found[name] = None
    return found


def _choices(recipe: Recipe) -> list[Choice]:
    single = [recipe.encoder, recipe.predictor, recipe.decoder, recipe.objective, recipe.schedule]
    chosen = [one for one in single if one is not None]
    evaluated = [*recipe.metrics, *recipe.baselines]
    return [*chosen, *recipe.augmentations, recipe.speech, recipe.noise, *evaluated]


def _commit() -> str | None:
    """Return the commit of the checkout this package runs from, marked where it was changed."""
    folder = Path(__file__).parents[1]
    if not (folder / ".git").exists():
        return None
    try:
        described = subprocess.run(
            ["git", "describe", "--always", "--dirty", "--abbrev=40"],
            cwd=folder,
            capture_output=True,
            text=True,
            check=True,
            timeout=10,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return described.stdout.strip()
