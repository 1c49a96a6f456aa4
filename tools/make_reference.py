"""Write docs/reference.md from the signatures and docstrings of the shipped components.

Run it after changing a component: ``python tools/make_reference.py``. A test holds the page
against what this would write.
"""

import inspect
from collections.abc import Iterator
from pathlib import Path

from sslse.options import REQUIRED, options_of, wiring_of
from sslse.registry import KINDS, Component, discover
from sslse.settings import Data, Evaluate, General, Train
from sslse.wording import show_value

PAGE = Path(__file__).parents[1] / "docs" / "reference.md"
SECTIONS = {"recipe": General, "data": Data, "train": Train, "evaluate": Evaluate}
HEAD = """# Reference

Made by `tools/make_reference.py` from signatures and docstrings; `sslse show KIND NAME` says the
same of any installed component.
"""


def reference() -> str:
    """Return the page's text."""
    registry = discover()
    parts = [HEAD, "## Recipe sections\n"]
    for name, section in SECTIONS.items():
        parts += [f"### {name}\n", *describe(section)]
    for kind in KINDS:
        shipped = [one for one in registry.of_kind(kind) if one.plugin.distribution == "sslse"]
        parts.append(f"## {kind}\n")
        for component in shipped:
            parts += [f"### {kind} `{component.name}`\n", *describe(component.load(), component)]
    return "\n".join(parts)


def describe(target: type, component: Component | None = None) -> Iterator[str]:
    """Give the paragraphs about one section or component."""
    if component is not None:
        wiring = ", ".join(wiring_of(target)) or "nothing"
        yield f"{component.summary}. Plugin `{component.plugin.name}`; it is given {wiring}.\n"
    options = options_of(target)
    if options:
        yield "| option | type | default |\n|---|---|---|"
    for option in options:
        default = "required" if option.default is REQUIRED else f"`{show_value(option.default)}`"
        kind = option.type_text.replace("|", "\\|")
        yield f"| `{option.name}` | {kind} | {default} |"
    yield f"\n```text\n{inspect.getdoc(target)}\n```\n"


if __name__ == "__main__":
    PAGE.write_text(reference(), encoding="utf-8")
