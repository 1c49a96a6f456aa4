"""Put one recipe together: files it extends, a preset, data profiles, ``--set``, variables."""

import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from sslse.errors import Problem, RecipeError
from sslse.recipe import layout
from sslse.recipe.packaged import find_parent, find_preset, find_profile, find_recipe
from sslse.recipe.reader import MAX_DEPTH, Node, parse_scalar, read_file, read_value
from sslse.wording import show_value

_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^{}]*))?\}")
_SET = "--set"


def compose(recipe: str, data: Sequence[str] = (), sets: Sequence[str] = ()) -> Node:
    """Read a recipe and everything that changes it into one tree of nodes.

    Later wins: preset, extended files, the recipe, the data profiles in their order, ``--set``. A
    mapping is merged key by key, a list replaces the whole list, and a component of another name
    replaces the component with all its options. A corpus that a profile names always does.

    Args:
        recipe: a file, or the bare name of a packaged recipe.
        data: data profiles: files that hold ``data:`` only, or bare names of packaged ones.
        sets: ``path=value`` texts.

    Raises:
        RecipeError: something cannot be read, found or combined.
    """
    tree = compose_before_variables(recipe, data, sets)
    problems: list[Problem] = []
    tree = _substitute(tree, (), os.environ, problems)
    if problems:
        raise RecipeError(problems)
    return Node(tree.value, str(find_recipe(recipe)))


def compose_before_variables(recipe: str, data: Sequence[str], sets: Sequence[str]) -> Node:
    """Read the same tree as `compose` with ``${VARIABLE}`` left in it."""
    path = find_recipe(recipe)
    own = _read(path)
    tree = _with_parents(path, own, ())
    name = own.value.get("name") or Node(path.stem, str(path))
    tree = _merge(tree, Node({"name": name}, str(path)), ())
    for one in data:
        tree = _lay_profile(tree, _read_profile(find_profile(one)))
    return apply_sets(_over_preset(tree, sets), sets)


def apply_sets(tree: Node, sets: Sequence[str]) -> Node:
    """Overlay ``path=value`` texts; all that cannot be read are reported together."""
    problems: list[Problem] = []
    for text in sets:
        try:
            tree = _set(tree, text)
        except RecipeError as error:
            problems += error.problems
    if problems:
        raise RecipeError(problems)
    return tree


def _read(path: Path) -> Node:
    return _expand_names(read_file(path), ())


def _expand_names(node: Node, path: layout.Path) -> Node:
    """Write a component given by its name alone as a mapping: ``byol`` is ``{name: byol}``."""
    if isinstance(node.value, str) and layout.is_component(path):
        return Node({"name": node}, node.where)
    if isinstance(node.value, dict):
        items = node.value.items()
        return Node({key: _expand_names(one, (*path, key)) for key, one in items}, node.where)
    if isinstance(node.value, list):
        listed = enumerate(node.value)
        return Node([_expand_names(one, (*path, index)) for index, one in listed], node.where)
    return node


def _with_parents(path: Path, own: Node, chain: tuple[Path, ...]) -> Node:
    """Lay a file over the files it extends, the first of them lowest."""
    resolved = path.resolve()
    entries = dict(own.value)
    extends = entries.pop("extends", None)
    chain = (*chain, resolved)
    tree = Node({}, own.where)
    problems: list[Problem] = []
    for parent in _parents(extends):
        try:
            tree = _merge(tree, _read_parent(parent, path.parent, chain), ())
        except RecipeError as error:
            problems += error.problems
    if problems:
        raise RecipeError(problems)
    return _merge(tree, Node(entries, own.where), ())


def _read_parent(parent: Node, folder: Path, chain: tuple[Path, ...]) -> Node:
    """Read a file that another extends, with what it extends itself."""
    file = find_parent(_substituted_text(parent, "extends", os.environ), folder, parent.where)
    if file.resolve() in chain:
        cycle = " -> ".join(one.name for one in (*chain, file))
        raise RecipeError([Problem(parent.where, "extends", f"goes in a circle: {cycle}")])
    if len(chain) > MAX_DEPTH:
        message = f"goes through more than {MAX_DEPTH} files"
        raise RecipeError([Problem(parent.where, "extends", message)])
    return _with_parents(file, _read(file), chain)


def _parents(extends: Node | None) -> list[Node]:
    if extends is None:
        return []
    parents = extends.value if isinstance(extends.value, list) else [extends]
    for one in parents:
        if not isinstance(one.value, str):
            message = f"takes a file name or a list of file names, not {show_value(one.plain())}"
            raise RecipeError([Problem(one.where, "extends", message)])
    return list(parents)


def _read_profile(path: Path) -> Node:
    """Read a data profile, which may extend other profiles but set nothing except ``data``."""
    profile = _with_parents(path, _read(path), ())
    problems = [
        Problem(node.where, key, "a data profile holds 'data:' only")
        for key, node in profile.value.items()
        if key != "data"
    ]
    if "data" not in profile.value:
        problems.append(Problem(profile.where, "data", "is required in a data profile"))
    if problems:
        raise RecipeError(problems)
    return profile


def _lay_profile(tree: Node, profile: Node) -> Node:
    """Lay a profile over a tree; no option stays of a corpus that it replaces."""
    data = profile.value["data"].value
    below = tree.value.get("data")
    if isinstance(data, dict) and below is not None and isinstance(below.value, dict):
        named = {key for key, one in data.items() if _is_corpus(key, one)}
        kept = {key: one for key, one in below.value.items() if key not in named}
        tree = Node({**tree.value, "data": Node(kept, below.where)}, tree.where)
    return _merge(tree, profile, ())


def _is_corpus(key: str, node: Node) -> bool:
    is_component = layout.is_component(("data", key))
    return is_component and isinstance(node.value, dict) and "name" in node.value


def _over_preset(tree: Node, sets: Sequence[str]) -> Node:
    """Lay the recipe over its preset, which ``--set preset=`` may choose."""
    choosing = [text for text in sets if text.startswith("preset=")]
    preset = apply_sets(tree, choosing).value.get("preset")
    if preset is None or not isinstance(preset.value, str):
        return tree
    name = _substituted_text(preset, "preset", os.environ)
    return _merge(read_preset(name, preset.where), tree, ())


def read_preset(name: str, where: str = "preset") -> Node:
    """Read a packaged preset with what it extends.

    Raises:
        RecipeError: there is none of that name.
    """
    path = find_preset(name, where)
    return _with_parents(path, _read(path), ())


def _merge(base: Node, over: Node, path: layout.Path) -> Node:
    if not isinstance(base.value, dict) or not isinstance(over.value, dict):
        return over
    if layout.is_component(path) and "name" in over.value:
        named = base.value.get("name")
        if named is not None and named.value != over.value["name"].value:
            return over
    merged = dict(base.value)
    for key, node in over.value.items():
        merged[key] = _merge(merged[key], node, (*path, key)) if key in merged else node
    return Node(merged, over.where)


def _set(tree: Node, text: str) -> Node:
    """Lay one ``path=value`` over the tree."""
    path_text, equals, value_text = text.partition("=")
    parts = layout.split_path(path_text)
    if not equals or not all(parts):
        raise _set_error(text, "takes PATH=VALUE, for example train.epochs=10")
    if len(parts) > MAX_DEPTH:
        raise _set_error(path_text, f"nested deeper than {MAX_DEPTH} levels")
    if parts == ["extends"]:
        raise _set_error(path_text, "belongs in a recipe file")
    try:
        value = _expand_names(read_value(value_text, _SET), tuple(parts))
    except RecipeError as error:
        raise _set_error(path_text, error.problems[0].message) from error
    return _replace(tree, parts, value, ())


def _set_error(path: str, message: str) -> RecipeError:
    return RecipeError([Problem(_SET, path, message)])


def _replace(tree: Node, parts: Sequence[str], value: Node, path: layout.Path) -> Node:
    """Return the tree with the value laid over what stands at the path."""
    if not parts:
        return _merge(tree, value, path)
    head, rest = parts[0], parts[1:]
    if isinstance(tree.value, list):
        count = len(tree.value)
        if not head.isdecimal() or int(head) >= count:
            possible = f"indices go from 0 to {count - 1}" if count else "it is empty"
            message = f"{layout.show_path(path)} is a list, {head!r} is not in it; {possible}"
            raise _set_error(layout.show_path((*path, *parts)), message)
        items = list(tree.value)
        items[int(head)] = _replace(items[int(head)], rest, value, (*path, int(head)))
        return Node(items, tree.where)
    entries = tree.value if isinstance(tree.value, dict) else {}
    below = _replace(entries.get(head, Node(None, _SET)), rest, value, (*path, head))
    return _merge(tree, Node({head: below}, _SET), path)


def _substitute(
    node: Node, path: layout.Path, variables: Mapping[str, str], problems: list[Problem]
) -> Node:
    """Replace ``${VARIABLE}`` in every text; unquoted text then gets its YAML value."""
    if isinstance(node.value, dict):
        items = node.value.items()
        value = {key: _substitute(one, (*path, key), variables, problems) for key, one in items}
        return Node(value, node.where)
    if isinstance(node.value, list):
        listed = enumerate(node.value)
        found = [_substitute(one, (*path, place), variables, problems) for place, one in listed]
        return Node(found, node.where)
    if not isinstance(node.value, str) or "${" not in node.value:
        return node
    try:
        text = _substituted_text(node, layout.show_path(path), variables)
    except RecipeError as error:
        problems += error.problems
        return node
    return Node(text if node.quoted else parse_scalar(text), node.where, node.quoted)


def _substituted_text(node: Node, path: str, variables: Mapping[str, str]) -> str:
    problems: list[Problem] = []

    def replace(match: re.Match[str]) -> str:
        name, default = match.groups()
        value = variables.get(name) or default
        if value is None:
            message = f"environment variable {name} is not set; set it, or write "
            message += f"${{{name}:-default}}"
            problems.append(Problem(node.where, path, message))
            return ""
        return value

    text = _VARIABLE.sub(replace, node.value)
    if "${" in _VARIABLE.sub("", node.value):
        message = f"{show_value(node.value)} has a '${{' that begins no variable; possible: "
        message += "${NAME} or ${NAME:-default}, a default without braces"
        problems.append(Problem(node.where, path, message))
    if problems:
        raise RecipeError(problems)
    return text
