"""``sslse show``."""

import inspect
from pathlib import Path

import click

from sslse.cli import completion
from sslse.cli.manual import Manual
from sslse.cli.options import common_options, find_components, overlay_options, read_recipe
from sslse.errors import RegistryError
from sslse.registry import KINDS, Registry, no_kind

RECIPE = "recipe"


@click.command(
    "show",
    cls=Manual,
    reads="The component, which is imported; or the recipe, but not its corpora.",
    examples=(
        ("options, types, defaults, equation, paper", "sslse show objective byol"),
        ("a recipe with everything filled in", "sslse show recipe byol_round"),
        (
            "the same as 'run' would see it",
            "sslse show recipe byol --data demo --set train.epochs=5",
        ),
    ),
)
@click.argument("kind", shell_complete=completion.kinds(RECIPE))
@click.argument("name", required=False, shell_complete=completion.names)
@overlay_options
@common_options
def command(
    kind: str,
    name: str | None,
    sets: tuple[str, ...],
    data: tuple[str, ...],
    plugins: tuple[Path, ...],
) -> None:
    """Show a component (KIND NAME) or a resolved recipe ('recipe' FILE).

    A component shows its options with types and defaults, and its documentation with the paper it
    follows. A recipe shows everything filled in that 'run' would use.
    """
    if kind not in (*KINDS, RECIPE) or name is None:
        raise RegistryError(_which(find_components(plugins), kind))
    if kind != RECIPE and (sets or data):
        raise click.UsageError("--set and --data change a recipe; show recipe FILE takes them")
    registry = find_components(plugins)
    if kind == RECIPE:
        click.echo(read_recipe(name, registry, data, sets).to_yaml(), nl=False)
    else:
        _show_component(registry, kind, name)


def _which(registry: Registry, word: str) -> str:
    """Say what may be shown where a kind stands alone, or a name in its place."""
    from sslse.recipe.packaged import packaged_recipes

    recipes = sorted(one.stem for one in packaged_recipes().glob("*.yaml"))
    possible = {kind: registry.names(kind) for kind in KINDS} | {RECIPE: recipes}
    if word in possible:
        return f"{word}: which one? NAME is missing (possible: {', '.join(possible[word])})"
    if found := [kind for kind, names in possible.items() if word in names]:
        lines = " or ".join(f"'sslse show {kind} {word}'" for kind in found)
        return f"{word} is no kind but a name; say {lines}"
    return no_kind(word, tuple(possible))


def _show_component(registry: Registry, kind: str, name: str) -> None:
    from sslse.options import REQUIRED, code_of, options_of, wiring_of
    from sslse.wording import describe_scores, show_value

    component = registry.get(kind, name)
    target = component.load()
    click.echo(f"{kind} {name}: {component.summary}")
    click.echo(f"plugin: {component.plugin}")
    click.echo(f"code: {code_of(target)}")
    if wiring := wiring_of(target):
        click.echo(f"gets: {', '.join(wiring)}")
    if kind == "metric":
        click.echo(describe_scores(target))
    click.echo("options:")
    rows = [
        (
            option.name,
            option.type_text,
            "required" if option.default is REQUIRED else f"default {show_value(option.default)}",
        )
        for option in options_of(target)
    ]
    widths = [max((len(row[column]) for row in rows), default=0) for column in range(2)]
    for option_name, type_text, default in rows:
        click.echo(f"  {option_name.ljust(widths[0])}  {type_text.ljust(widths[1])}  {default}")
    if not rows:
        click.echo("  none")
    if documentation := inspect.getdoc(target):
        click.echo(f"\n{documentation}")
