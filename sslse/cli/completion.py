"""What the shell offers after TAB; only options of a component import it, and torch."""

from collections.abc import Callable, Iterable
from dataclasses import fields
from pathlib import Path
from typing import Any

import click
from click.shell_completion import CompletionItem

from sslse.errors import SslseError
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


def settings(ctx: click.Context, __: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Offer what ``--set`` can set, and after the sign the names of components."""
    from sslse.recipe import layout

    written, sign, _name = incomplete.partition("=")
    path = layout.read_path(written)
    if sign and layout.is_component(path):
        kind = layout.kind_at(path)
        return _beginning([f"{written}={one}" for one in _names(ctx, kind)], incomplete)
    if layout.is_component(path[:-1]):
        before, _dot, _ = written.rpartition(".")
        options = _options(ctx, path[:-1])
        return _beginning([f"{before}.{one}=" for one in options], incomplete)
    from sslse.settings import Data, Evaluate, General, Train

    paths = [one.name for one in fields(General)]
    for section, taken in {"data": Data, "train": Train, "evaluate": Evaluate}.items():
        paths += [f"{section}.{one.name}" for one in fields(taken)]
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
        return _beginning(_names(ctx, kind), incomplete)
    return _or_files("*.yaml", incomplete) if kind == "recipe" else []


def metrics(*more: str) -> Complete:
    """Offer the metrics, and ``more``."""

    def complete(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[CompletionItem]:
        return _beginning([*more, *_names(ctx, "metric")], incomplete)

    return complete


def words(*offered: str) -> Complete:
    """Offer words."""

    def complete(_: click.Context, __: click.Parameter, incomplete: str) -> list[CompletionItem]:
        return _beginning(offered, incomplete)

    return complete


def _names(ctx: click.Context, kind: str) -> list[str]:
    from sslse.registry import discover

    try:
        return discover(ctx.params.get("plugins") or ()).names(kind)
    except SslseError:
        return []


def _options(ctx: click.Context, path: tuple[str | int, ...]) -> list[str]:
    """List the options of the component that the recipe of the line has at a path."""
    from sslse.options import options_of
    from sslse.recipe import layout
    from sslse.recipe.compose import compose_before_variables
    from sslse.registry import discover

    given = ctx.params
    # An option without its value, as the one to complete is, ends click's parsing before arguments.
    recipe = given.get("recipe") or given.get("name") or (ctx.args[-1] if ctx.args else "")
    try:
        tree: Any = compose_before_variables(
            recipe, given.get("data") or (), given.get("sets") or ()
        ).plain()
        for part in path:
            tree = tree[part]
        component = discover(given.get("plugins") or ()).get(layout.kind_at(path), tree["name"])
        return [one.name for one in options_of(component.load())]
    except (SslseError, LookupError, TypeError):  # no such recipe, or nothing there
        return []


def _or_files(pattern: str, incomplete: str) -> list[CompletionItem]:
    from sslse.recipe.packaged import packaged_recipes

    found = sorted(one.stem for one in packaged_recipes().glob(pattern))
    return [CompletionItem(incomplete, type="file"), *_beginning(found, incomplete)]


def _beginning(offered: Iterable[str], incomplete: str) -> list[CompletionItem]:
    return [CompletionItem(one) for one in offered if one.startswith(incomplete)]
