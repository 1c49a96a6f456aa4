"""Hooks of the site (.mkdocs.yml).

- The page of commands is made from their ``--help``, the changelog from CHANGELOG.md.
- ``nav`` may hold patterns.
- Links to files and folders of the repository that are no pages lead to a page that shows them, so
  that the same links work in the repository's browser and on the site.
"""

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

from sslse.cli import main

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
SHOWN = "repository"
CHANGELOG = "changelog.md"
LINK = re.compile(r"(?<=\]\()([^)\s#]+)((?:#[^)\s]*)?)(?=\))")
FENCE = re.compile(r"(^ *(?:```|~~~).*?^ *(?:```|~~~)$)", re.MULTILINE | re.DOTALL)
WIDTH = 78  # columns of the commands' help
LANGUAGES = {".py": "python", ".yaml": "yaml", ".toml": "toml", ".md": "markdown"}
COMMANDS_HEAD = """# Commands

What `sslse COMMAND --help` says. Exit codes that all commands share are in
[Troubleshooting](troubleshooting.md#exit-codes).
"""


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Put pages in place of patterns."""
    config.nav = list(_without_patterns(config.nav))
    return config


def _without_patterns(entries: list[Any]) -> Iterator[Any]:
    for entry in entries:
        if isinstance(entry, str) and "*" in entry:
            yield from sorted(one.relative_to(DOCS).as_posix() for one in DOCS.glob(entry))
        elif isinstance(entry, dict):
            filled = {
                title: list(_without_patterns(below)) if isinstance(below, list) else below
                for title, below in entry.items()
            }
            yield from [filled] if any(filled.values()) else []
        else:
            yield entry


def on_files(files: Files, *, config: MkDocsConfig) -> Files:
    """Add the pages that are made."""
    files.append(File.generated(config, "commands.md", content=commands()))
    changelog = (ROOT / "CHANGELOG.md").read_text("utf-8")
    files.append(File.generated(config, CHANGELOG, content=changelog))
    for page in files.documentation_pages():
        for link, _ in LINK.findall(page.content_string):
            path = _shown(page.src_uri, link)
            if path is not None and _page_of(path) not in files.src_uris:
                files.append(File.generated(config, _page_of(path), content=_show(path)))
    return files


def on_page_markdown(markdown: str, *, page: Page, **_: Any) -> str:
    """Turn links to the repository into links to the pages that show it."""

    def turned(match: re.Match[str]) -> str:
        link, anchor = match.groups()
        path = _path(page.file.src_uri, link)
        if path is None or not path.exists():
            return match[0]
        if (path / "README.md").is_file() and path.is_relative_to(DOCS):
            target = (path / "README.md").relative_to(DOCS).as_posix()
        elif _shown(page.file.src_uri, link) is not None:
            target = _page_of(path)
        elif path.is_relative_to(DOCS):
            target = path.relative_to(DOCS).as_posix()
        else:
            return match[0]
        return os.path.relpath(target, Path(page.file.src_uri).parent) + anchor

    parts = FENCE.split(markdown)
    return "".join(one if number % 2 else LINK.sub(turned, one) for number, one in enumerate(parts))


def commands() -> str:
    """Return the page of all commands."""
    top = _context("sslse", main, None)
    parts = [COMMANDS_HEAD, _help(top)]
    for name in main.list_commands(top):
        context = _context(name, main.get_command(top, name), top)
        parts += [f"## {name}\n", _help(context)]
        if isinstance(context.command, click.Group):
            for sub, command in context.command.commands.items():
                parts += [f"### {name} {sub}\n", _help(_context(sub, command, context))]
    return "\n".join(parts)


def _context(name: str, command: click.Command, parent: click.Context | None) -> click.Context:
    settings = {**main.context_settings, "terminal_width": WIDTH}
    return click.Context(command, parent, info_name=name, **settings)


def _help(context: click.Context) -> str:
    return f"```text\n{context.get_help()}\n```\n"


def _path(page: str, link: str) -> Path | None:
    """Return what a link leads to; None where it leaves the repository."""
    if ":" in link or link.startswith("/"):
        return None
    folder = ROOT if page == CHANGELOG else (DOCS / page).parent
    path = Path(os.path.normpath(folder / link))
    return path if path.is_relative_to(ROOT) else None


def _shown(page: str, link: str) -> Path | None:
    """Return the path a link leads to, where it is to be shown on a page of its own."""
    path = _path(page, link)
    if path is None or not path.exists():
        return None
    if path.is_relative_to(DOCS):
        in_example = path.is_relative_to(DOCS / "examples") and path.name != "README.md"
        return path if in_example and path.is_file() else None
    return path


def _page_of(path: Path) -> str:
    return f"{SHOWN}/{path.relative_to(ROOT).as_posix()}.md"


def _show(path: Path) -> str:
    """Show a text file, or those of a folder, as Markdown."""
    parts = [f"---\nsearch: {{exclude: true}}\n---\n\n# `{path.relative_to(ROOT).as_posix()}`\n"]
    shown = [path] if path.is_file() else [one for one in path.iterdir() if one.suffix in LANGUAGES]
    for one in sorted(shown):
        title = f"## `{one.name}`\n\n" if path.is_dir() else ""
        text = one.read_text("utf-8").rstrip("\n")
        parts.append(f"{title}~~~~{LANGUAGES.get(one.suffix, 'text')}\n{text}\n~~~~\n")
    return "\n".join(parts)
