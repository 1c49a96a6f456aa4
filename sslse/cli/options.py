"""Options that several commands share."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sslse.cli import completion

if TYPE_CHECKING:
    from sslse.recipe import Recipe
    from sslse.registry import Registry

Command = Callable[..., Any]


def recipe_options(command: Command) -> Command:
    """Add what chooses and changes a recipe."""
    return click.argument("recipe", shell_complete=completion.recipes)(overlay_options(command))


def overlay_options(command: Command) -> Command:
    """Add what changes a recipe."""
    for option in (
        click.option(
            "--set",
            "sets",
            metavar="PATH=VALUE",
            multiple=True,
            shell_complete=completion.settings,
            help="Set an option of the recipe, for example train.epochs=10.",
        ),
        click.option(
            "--data",
            metavar="FILE",
            multiple=True,
            shell_complete=completion.profiles,
            help="Data profile laid over the recipe, several times for several: a file, or demand, "
            "demo, dns_challenge, esc50, folders, librispeech, manifest, musan, timit_nonspeech, "
            "voicebank_demand.",
        ),
    ):
        command = option(command)
    return command


def common_options(command: Command) -> Command:
    """Add one-file plugins and tracebacks."""
    return click.option(
        "--plugin",
        "plugins",
        metavar="FILE.py",
        multiple=True,
        type=click.Path(path_type=Path),
        help="Use a one-file plugin; may be given several times.",
    )(debug_option(command))


def debug_option(command: Command) -> Command:
    """Add tracebacks."""
    return click.option(
        "--debug",
        is_flag=True,
        help="Show tracebacks.",
        callback=_remember_debug,
        is_eager=True,
        expose_value=False,
    )(command)


def device_option(command: Command) -> Command:
    """Add the choice of a device."""
    return click.option(
        "--device",
        default="auto",
        metavar="auto|cpu|cuda[:N]",
        shell_complete=completion.words("auto", "cpu", "cuda"),
        help="Device to compute on.",
    )(command)


def find_components(plugins: tuple[Path, ...]) -> "Registry":
    """Discover plugins; say which are broken or slow, without stopping."""
    from sslse.registry import discover

    registry = discover(plugins)
    for one in registry.broken:
        click.echo(f"plugin {one.plugin} is broken and left out: {one.reason}", err=True)
    tell_slow(registry)
    return registry


def tell_slow(registry: "Registry") -> None:
    """Say which plugins took long to import: every command waits for them."""
    from sslse.registry import SLOW_ADVICE

    for plugin, seconds in registry.slow.items():
        click.echo(f"plugin {plugin} took {seconds:.1f} s to import; {SLOW_ADVICE}", err=True)


def read_recipe(
    recipe: str, registry: "Registry", data: tuple[str, ...], sets: tuple[str, ...]
) -> "Recipe":
    """Read and check a recipe."""
    from sslse.recipe import load_recipe

    return load_recipe(recipe, registry, data=data, sets=sets)


def _remember_debug(ctx: click.Context, _: click.Parameter, value: bool) -> None:
    root = ctx.find_root()
    root.obj = {"debug": value or bool(root.obj and root.obj["debug"])}


def quieten_ranks() -> None:
    """Keep torch's C++ code from advising every rank wrongly; to be called before its import."""
    if "RANK" in os.environ or "SLURM_PROCID" in os.environ:
        os.environ.setdefault("TORCH_CPP_LOG_LEVEL", "ERROR")
