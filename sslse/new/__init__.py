"""Write a plugin package from templates: working, tested, ready to be changed."""

import importlib.util
import keyword
import re
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from string import Template

from sslse.errors import OptionError, RegistryError
from sslse.registry import Registry, require_kind

KINDS = ("objective", "schedule", "augmentation", "encoder", "metric")
LONGEST = 20  # letters of a name; with them the written code stays formatted
SUFFIX = ".tmpl"
_NAME = re.compile(r"[a-z][a-z0-9_]*")


def write_plugin(kind: str, name: str, into: Path, registry: Registry) -> list[Path]:
    """Write the package ``sslse-NAME`` and return its files.

    Args:
        kind: one of `KINDS`; an encoder comes with its decoder.
        name: of the component.
        into: folder to write the package's folder into.
        registry: whose names are taken.

    Raises:
        OptionError: the name is none, or there is such a file or folder already.
        RegistryError: there is no such kind, or the name is taken.
    """
    require_kind(kind, KINDS)
    _check_name(kind, name, registry)
    folder = into / f"sslse-{name}"
    if folder.exists():
        raise OptionError(f"{folder} exists; choose another name, or another folder with --into")
    words = {"name": name, "kind": kind, "class": class_name(kind, name)}
    words |= {"decoder": class_name("decoder", name), "about": _about(kind)}
    texts = {
        folder / path.replace("NAME", name): Template(text).substitute(words)
        for part in ("common", kind)
        for path, text in _templates(files("sslse.new") / "templates" / part)
    }
    for path, text in texts.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return sorted(texts)


def class_name(kind: str, name: str) -> str:
    """Return the class of a component: ``my_loss`` of kind objective is ``MyLossObjective``."""
    words = (word.capitalize() for word in f"{name}_{kind}".split("_"))
    return "".join(words)


def _check_name(kind: str, name: str, registry: Registry) -> None:
    if not _NAME.fullmatch(name) or len(name) > LONGEST or keyword.iskeyword(name):
        raise OptionError(
            f"{name!r} cannot be a name; take up to {LONGEST} small letters, digits and "
            "underscores, beginning with a letter, for example 'my_loss'"
        )
    kinds = (kind, "decoder") if kind == "encoder" else (kind,)
    for one in kinds:
        if taken := registry.components.get((one, name)):
            raise RegistryError(f"{one} {name!r} is taken by {taken.plugin}; choose another name")
    if importlib.util.find_spec(f"sslse_{name}") is not None:
        raise RegistryError(f"a package 'sslse_{name}' is installed; choose another name")


def _templates(folder: Traversable, above: str = "") -> list[tuple[str, str]]:
    """List the paths below a folder, their suffix taken off, with their texts."""
    found: list[tuple[str, str]] = []
    for one in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if one.is_dir():
            found += _templates(one, f"{above}{one.name}/")
        elif one.name.endswith(SUFFIX):
            found.append((above + one.name.removesuffix(SUFFIX), one.read_text("utf-8")))
    return found


def _about(kind: str) -> str:
    """Return what a package's README says of its component."""
    return (files("sslse.new") / "templates" / f"{kind}.md").read_text("utf-8").strip()
