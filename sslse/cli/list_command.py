"""``sslse list``."""

import json
from pathlib import Path

import click

from sslse.cli import completion
from sslse.cli.manual import Manual
from sslse.cli.options import common_options, tell_slow
from sslse.registry import KINDS, Registry, discover, require_kind


@click.command(
    "list",
    cls=Manual,
    examples=(
        ("everything, and from which plugin", "sslse list"),
        ("one kind", "sslse list objective"),
        ("is a plugin of your own found?", "sslse list augmentation --plugin mine.py"),
        ("for other tools", "sslse list metric --json"),
    ),
)
@click.argument("kind", required=False, shell_complete=completion.kinds())
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@common_options
def command(kind: str | None, as_json: bool, plugins: tuple[Path, ...]) -> None:
    """List components, of one KIND or all, and broken plugins."""
    if kind is not None:
        require_kind(kind)
    registry = discover(plugins)
    tell_slow(registry)
    kinds = [kind] if kind else list(KINDS)
    if as_json:
        click.echo(json.dumps(_plain(registry, kinds), indent=2, ensure_ascii=False))
    else:
        _print(registry, kinds)


def _plain(registry: Registry, kinds: list[str]) -> dict[str, list[dict[str, str]]]:
    return {
        "components": [
            {
                "name": one.name,
                "kind": one.kind,
                "plugin": one.plugin.name,
                "distribution": one.plugin.distribution,
                "version": one.plugin.version,
                "summary": one.summary,
            }
            for kind in kinds
            for one in registry.of_kind(kind)
        ],
        "broken": [
            {
                "plugin": one.plugin.name,
                "distribution": one.plugin.distribution,
                "version": one.plugin.version,
                "reason": one.reason,
            }
            for one in registry.broken
        ],
    }


def _print(registry: Registry, kinds: list[str]) -> None:
    components = [one for kind in kinds for one in registry.of_kind(kind)]
    rows = [(one.kind, one.name, str(one.plugin), one.summary) for one in components]
    rows.insert(0, ("KIND", "NAME", "PLUGIN", "SUMMARY"))
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    for row in rows:
        cells = [text.ljust(width) for text, width in zip(row[:3], widths, strict=True)]
        click.echo("  ".join([*cells, row[3]]).rstrip())
    for one in registry.broken:
        click.echo(f"broken plugin {one.plugin}: {one.reason}")
