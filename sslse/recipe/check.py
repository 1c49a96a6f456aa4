"""Check a composed recipe against the signatures of what it names; report all faults at once."""

from collections.abc import Iterator, Sequence
from typing import Any

from sslse.errors import Problem, RecipeError, RegistryError
from sslse.options import Fault, check_options, options_of, wiring_of
from sslse.recipe import layout
from sslse.recipe.compose import compose
from sslse.recipe.model import Choice, Recipe
from sslse.recipe.reader import Node
from sslse.registry import Registry, did_you_mean


def load_recipe(
    recipe: str, registry: Registry, *, data: str | None = None, sets: Sequence[str] = ()
) -> Recipe:
    """Read, compose and check a recipe.

    Args:
        recipe: a file, or the bare name of a packaged recipe.
        registry: the components that are installed.
        data: a data profile laid over it.
        sets: ``path=value`` texts laid over that.

    Raises:
        RecipeError: listing every problem with file, line, path and what is possible.
    """
    return check_recipe(compose(recipe, data, sets), registry)


def check_recipe(tree: Node, registry: Registry) -> Recipe:
    """Turn a composed tree into a recipe; see `load_recipe`."""
    return _Check(tree, registry).recipe()


class _Check:
    def __init__(self, tree: Node, registry: Registry) -> None:
        self._tree = tree
        self._registry = registry
        self._problems: list[Problem] = []

    def recipe(self) -> Recipe:
        sections = {path: self._section(path) for path in layout.SECTIONS}
        chosen = {path: self._choice(path, kind) for path, kind in layout.COMPONENTS.items()}
        lists = {path: self._choices(path, kind) for path, kind in layout.COMPONENT_LISTS.items()}
        if self._problems:
            raise RecipeError(self._problems)
        general = sections[()]
        parts: dict[str, Any] = {str(path[-1]): one for path, one in chosen.items()}
        return Recipe(
            name=general["name"],
            seed=general["seed"],
            views=general["views"],
            **parts,
            augmentations=lists[("augmentations",)],
            metrics=lists[("evaluate", "metrics")],
            data=layout.SECTIONS[("data",)](**sections[("data",)]),
            train=layout.SECTIONS[("train",)](**sections[("train",)]),
            evaluate=layout.SECTIONS[("evaluate",)](**sections[("evaluate",)]),
        )

    def _report(self, node: Node, path: layout.Path, message: str) -> None:
        self._problems.append(Problem(node.where, layout.show_path(path), message))

    def _find(self, path: layout.Path) -> Node | None:
        """Return the node at a path, or None; a null counts as not given."""
        node = self._tree
        for part in path:
            if not isinstance(node.value, dict) or part not in node.value:
                return None
            node = node.value[part]
        return None if node.value is None else node

    def _nearest(self, path: layout.Path) -> Node:
        """Return the node at a path, or the closest one above it that exists."""
        node = self._tree
        for part in path:
            if (isinstance(node.value, dict) and part in node.value) or (isinstance(node.value, list) and isinstance(part, int) and part < len(node.value)):
                node = node.value[part]
            else:
                break
        return node

    def _faults(self, path: layout.Path, faults: Sequence[Fault]) -> None:
        for fault in faults:
            below = (*path, *fault.path)
            self._report(self._nearest(below), below, fault.message)

    def _section(self, path: layout.Path) -> dict[str, Any]:
        node = self._find(path) or Node({}, self._tree.where)
        if not isinstance(node.value, dict):
            self._report(node, path, "takes 'key: value' lines")
            return {}
        parts = layout.children(path)
        given = {key: one.plain() for key, one in node.value.items() if key not in parts}
        section = layout.SECTIONS[path]
        label = layout.show_path(path) or "a recipe"
        names = [option.name for option in options_of(section)] + parts
        unknown = {key for key in given if key not in names}
        for key in sorted(unknown):
            message = f"unknown option{did_you_mean(key, names)} ({label} takes: "
            self._report(node.value[key], (*path, key), message + ", ".join(names) + ")")
        known = {key: value for key, value in given.items() if key not in unknown}
        values, faults = check_options(section, known, label)
        self._faults(path, faults)
        return values

    def _choice(self, path: layout.Path, kind: str) -> Choice | None:
        node = self._find(path)
        if node is None:
            if kind != "predictor":
                names = ", ".join(self._registry.names(kind))
                self._report(self._nearest(path), path, f"is required (possible: {names})")
            return None
        return self._component(node, path, kind)

    def _choices(self, path: layout.Path, kind: str) -> tuple[Choice, ...]:
        node = self._find(path)
        if node is None:
            return ()
        if not isinstance(node.value, list):
            self._report(node, path, f"takes a list of {kind} components")
            return ()
        found = (self._component(one, (*path, index), kind) for index, one in enumerate(node.value))
        return tuple(one for one in found if one is not None)

    def _component(self, node: Node, path: layout.Path, kind: str) -> Choice | None:
        named = node.value.get("name") if isinstance(node.value, dict) else None
        if named is None or not isinstance(named.value, str):
            names = ", ".join(self._registry.names(kind))
            message = f"takes a name, or 'name:' with options (possible: {names})"
            self._report(named or node, path, message)
            return None
        try:
            target = self._registry.get(kind, named.value).load()
            given = {key: one.plain() for key, one in node.value.items() if key != "name"}
            values, faults = check_options(target, given, named.value)
            self._faults(path, list(self._wiring(target)))
        except RegistryError as error:
            self._report(named, path, str(error))
            return None
        self._faults(path, faults)
        return Choice(kind, named.value, values, named.where)

    def _wiring(self, target: Any) -> Iterator[Fault]:
        """Say which parts an objective needs that the recipe does not have."""
        if "predictor" in wiring_of(target) and self._find(("predictor",)) is None:
            names = ", ".join(self._registry.names("predictor"))
            yield Fault((), f"needs a 'predictor:' in the recipe (possible: {names})")
