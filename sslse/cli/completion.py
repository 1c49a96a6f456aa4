"""What the shell offers after TAB; nothing here imports torch or a component."""

from collections.abc import Callable, Iterable
from dataclasses import fields
from pathlib import Path

import click
from click.shell_completion import CompletionItem

from sslse.registry import KINDS

MODELS = Path(__file__).parents[1] / "models"  # sslse.enhance.model has the same, and imports torch

Complete = Callable[[click.Context, click.Parameter, str], list[CompletionItem]]


def recipes(_: click.Context, __: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Offer packaged recipes, and files where none begins like this."""
    return _or_files("*.yaml", incomplete)


def profiles(_: click.Context, __: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Offer packaged data profiles, and files where none begins like this."""
    return _or_files("data/*.yaml", incomplete)


def models(_: click.Context, __: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Offer shipped models, and files and folders where none begins like this."""
    shipped = sorted(one.stem for one in MODELS.glob("*.safetensors"))
    return [CompletionItem(incomplete, type="file"), *_beginning(shipped, incomplete)]


def files(_: click.Context, __: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Offer files and folders."""
    return [CompletionItem(incomplete, type="file")]


def settings(_: click.Context, __: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Offer what ``--set`` can set, and after the sign the names of components."""
    path, sign, _name = incomplete.partition("=")
    if sign and path in KINDS:
        return _beginning([f"{path}={one}" for one in _names(path)], incomplete)
    from sslse.settings import Data, Evaluate, General, Train

    paths = [one.name for one in fields(General)]
    for section, options in {"data": Data, "train": Train, "evaluate": Evaluate}.items():
        paths += [f"{section}.{one.name}" for one in fields(options)]
    paths += ["encoder", "predictor", "decoder", "objective", "schedule", "augmentations"]
    paths += ["data.speech", "data.noise", "evaluate.metrics", "evaluate.baselines", "loggers"]
    return _beginning([f"{one}=" for one in sorted(paths)], incomplete)


def kinds(*more: str) -> Complete:
    """Offer the kinds of components, and ``more``."""
    return words(*KINDS, *more)


def names(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Offer components of the KIND before, or recipes where that is ``recipe``."""
    kind = ctx.params.get("kind")
    if kind in KINDS:
        return _beginning(_names(kind), incomplete)
    return _or_files("*.yaml", incomplete) if kind == "recipe" else []


def metrics(*more: str) -> Complete:
    """Offer the metrics, and ``more``."""

    def complete(_: click.Context, __: click.Parameter, incomplete: str) -> list[CompletionItem]:
        return _beginning([*more, *_names("metric")], incomplete)

    return complete


def words(*offered: str) -> Complete:
    """Offer words."""

    def complete(_: click.Context, __: click.Parameter, incomplete: str) -> list[CompletionItem]:
        return _beginning(offered, incomplete)

    return complete


def _names(kind: str) -> list[str]:
    from sslse.registry import discover

    return [one.name for one in discover().of_kind(kind)]


def _or_files(pattern: str, incomplete: str) -> list[CompletionItem]:
    from sslse.recipe.packaged import packaged_recipes

    found = sorted(one.stem for one in packaged_recipes().glob(pattern))
    return [CompletionItem(incomplete, type="file"), *_beginning(found, incomplete)]


def _beginning(offered: Iterable[str], incomplete: str) -> list[CompletionItem]:
    return [CompletionItem(one) for one in offered if one.startswith(incomplete)]
