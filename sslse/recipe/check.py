"""Check a composed recipe against the signatures of what it names; report all faults at once."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from sslse.errors import Problem, RecipeError, RegistryError
from sslse.options import Fault, check_options, options_of, unknown_option, wiring_of
from sslse.recipe import layout
from sslse.recipe.compose import compose
from sslse.recipe.model import Choice, NetworkRecipe, Recipe
from sslse.recipe.reader import Node
from sslse.registry import Registry
from sslse.wording import show_value

_MISSING_PLUGIN = (
    "was made with plugins that are not here; install them, give one-file plugins with "
    "--plugin FILE.py (from Python: plugins=)"
)


def load_recipe(
    recipe: str, registry: Registry, *, data: Sequence[str] = (), sets: Sequence[str] = ()
) -> Recipe:
    """Read, compose and check a recipe.

    Args:
        recipe: a file, or the bare name of a packaged recipe.
        registry: the components that are installed.
        data: data profiles laid over it.
        sets: ``path=value`` texts laid over that.

    Raises:
        RecipeError: listing every problem with file, line, path and what is possible.
    """
    return check_recipe(compose(recipe, data, sets), registry)


def check_recipe(tree: Node, registry: Registry, *, made: bool = False) -> Recipe:
    """Turn a composed tree into a recipe; see `load_recipe`.

    Args:
        tree: what is checked.
        registry: the components that are installed.
        made: a run was made of it: where a component is missing, its plugin is.
    """
    return _Check(tree, registry, made=made).recipe()


def check_network(tree: Node, registry: Registry) -> NetworkRecipe:
    """Turn a composed tree into what decides the network: nothing else of it need be installed.

    Raises:
        RecipeError: listing every problem of these parts.
    """
    return _Check(tree, registry, made=True).network()


class _Check:
    def __init__(self, tree: Node, registry: Registry, *, made: bool) -> None:
        self._tree = tree
        self._registry = registry
        self._made = made
        self._missing_plugin = False
        self._problems: list[Problem] = []

    def recipe(self) -> Recipe:
        sections = self._sections()
        chosen = {path: self._choice(path, kind) for path, kind in layout.COMPONENTS.items()}
        lists = {path: self._choices(path, kind) for path, kind in layout.COMPONENT_LISTS.items()}
        self._refuse_path(sections[()].get("name", ""))
        self._refuse_repeated(sections[("evaluate",)].get("snr_db", []))
        self._refuse_problems()
        parts: dict[str, Any] = {str(path[-1]): one for path, one in chosen.items()}
        return Recipe(
            **_settings(sections),
            **parts,
            augmentations=lists[("augmentations",)],
            metrics=lists[("evaluate", "metrics")],
            loggers=lists[("loggers",)],
            baselines=lists[("evaluate", "baselines")],
        )

    def network(self) -> NetworkRecipe:
        sections = self._sections()
        chosen: dict[str, Any] = {one: self._choice((one,), one) for one in ("encoder", "decoder")}
        self._refuse_problems()
        return NetworkRecipe(**_settings(sections), **chosen)

    def _sections(self) -> dict[layout.Path, dict[str, Any]]:
        return {path: self._section(path) for path in layout.SECTIONS}

    def _refuse_problems(self) -> None:
        if self._problems:
            problems = sorted(self._problems, key=_line)
            if self._made and self._missing_plugin:
                problems.append(Problem(self._tree.where, "", _MISSING_PLUGIN))
            raise RecipeError(problems)

    def _refuse_repeated(self, snr_db: Sequence[float]) -> None:
        """Refuse to test the same mixtures twice."""
        if repeated := [one for place, one in enumerate(snr_db) if one in snr_db[:place]]:
            path = ("evaluate", "snr_db")
            self._report(self._nearest(path)[0], path, f"names {repeated[0]:g} dB twice")

    def _refuse_path(self, name: str) -> None:
        """Refuse a name that is not that of one folder: a run lies in ``runs/<name>``."""
        if name in (".", "..") or "/" in name or "\\" in name:
            message = f"{show_value(name)} is a path; a run's name is that of one folder in runs/"
            self._report(self._nearest(("name",))[0], ("name",), message)

    def _report(self, node: Node, path: layout.Path, message: str) -> None:
        self._problems.append(Problem(node.where, layout.show_path(path), message))

    def _nearest(self, path: layout.Path) -> tuple[Node, bool]:
        """Return the node at a path, or the closest one above it, and whether it is there."""
        node = self._tree
        for part in path:
            below = _below(node, part)
            if below is None:
                return node, False
            node = below
        return node, True

    def _find(self, path: layout.Path) -> Node | None:
        """Return the node at a path, or None; a null counts as not given."""
        node, there = self._nearest(path)
        return node if there and node.value is not None else None

    def _faults(self, path: layout.Path, faults: Iterable[Fault]) -> None:
        for fault in faults:
            below = (*path, *fault.path)
            self._report(self._nearest(below)[0], below, fault.message)

    def _section(self, path: layout.Path) -> dict[str, Any]:
        node = self._find(path) or Node({}, self._nearest(path)[0].where)
        label = layout.show_path(path) or "a recipe"
        section = layout.SECTIONS[path]
        parts = layout.children(path)
        names = [option.name for option in options_of(section)] + parts
        if not isinstance(node.value, dict):
            message = f"takes 'key: value' lines, not {show_value(node.plain())} "
            self._report(node, path, message + f"({label} takes: {', '.join(names)})")
            return {}
        given = {key: one.plain() for key, one in node.value.items() if key in names}
        for key in node.value:
            if key not in names:
                possible = names if path else [*names, "extends"]
                message = layout.MOVED.get((*path, key)) or unknown_option(
                    key, possible, label, layout.option_paths()
                )
                self._report(node.value[key], (*path, key), message)
        options = {key: value for key, value in given.items() if key not in parts}
        values, faults = check_options(section, options, label)
        self._faults(path, faults)
        return values

    def _choice(self, path: layout.Path, kind: str) -> Choice | None:
        node = self._find(path)
        if node is None:
            if kind != "predictor":
                self._missing(path, kind)
            return None
        return self._component(node, path, kind)

    def _choices(self, path: layout.Path, kind: str) -> tuple[Choice, ...]:
        node = self._find(path)
        default = layout.LIST_DEFAULTS.get(path)
        if node is None and default is None:
            self._missing(path, kind)
            return ()
        if node is None:
            node = _named(default or (), self._nearest(path)[0].where)
        if not isinstance(node.value, list) or (not node.value and default is None):
            least = "of at least one" if default is None else "of any number of"
            message = f"takes a list {least} {kind}, not {show_value(node.plain())} "
            self._report(node, path, message + f"({self._names(kind)})")
            return ()
        places = [(*path, index) for index in range(len(node.value))]
        found = [self._component(*one, kind) for one in zip(node.value, places, strict=True)]
        chosen = tuple(one for one in found if one is not None)
        if kind in ("metric", "baseline", "logger"):
            self._refuse_twice(chosen)
        return chosen

    def _refuse_twice(self, chosen: Sequence[Choice]) -> None:
        """Refuse two of one name: their scores would fall into one column."""
        first: dict[str, Choice] = {}
        for one in chosen:
            if first.setdefault(one.name, one) is not one:
                done = "listed" if one.kind == "logger" else "measured"
                message = f"{one.name} is {done} already (first at {first[one.name].where})"
                self._problems.append(one.problem(message))
            if one.kind == "baseline" and one.name in layout.TAKEN:
                taken = " and ".join(layout.TAKEN)
                self._problems.append(one.problem(f"{taken} are in every evaluation already"))

    def _component(self, node: Node, path: layout.Path, kind: str) -> Choice | None:
        entries = node.value if isinstance(node.value, dict) else {}
        named = entries.get("name")
        if named is None or not isinstance(named.value, str):
            wrong = named or node
            message = f"takes a name, or 'name:' with options, not {show_value(wrong.plain())} "
            self._report(wrong, path, message + f"({self._names(kind)})")
            return None
        try:
            target = self._target(kind, named.value)
            plugin = str(self._registry.get(kind, named.value).plugin)
            given = {key: one.plain() for key, one in entries.items() if key != "name"}
            values, faults = check_options(target, given, named.value)
            wanting = list(self._wanting(target))
        except RegistryError as error:
            self._missing_plugin |= named.value not in self._registry.names(kind)
            self._report(named, path, str(error))
            return None
        self._faults(path, [*wanting, *faults])
        lines = {key: one.where for key, one in entries.items() if key != "name"}
        shown = layout.show_path(path)
        return Choice(kind, named.value, values, node.where, shown, lines, plugin)

    def _target(self, kind: str, name: str) -> Any:
        """Import a component; its options must leave ``name`` to recipes."""
        target = self._registry.get(kind, name).load()
        if any(option.name == "name" for option in options_of(target)):
            raise RegistryError(
                f"{kind} {name!r} has an option 'name', which recipes use for its own"
            )
        return target

    def _wanting(self, target: Any) -> Iterator[Fault]:
        """Say which parts an objective needs that the recipe does not have."""
        if "predictor" in wiring_of(target) and self._find(("predictor",)) is None:
            yield Fault((), f"needs a 'predictor:' in the recipe ({self._names('predictor')})")

    def _missing(self, path: layout.Path, kind: str) -> None:
        """Report a part that is required, unless the section it belongs in is at fault itself."""
        node, there = self._nearest(path)
        if there or isinstance(node.value, dict | None):
            self._report(node, path, f"is required ({self._names(kind)})")

    def _names(self, kind: str) -> str:
        return f"possible: {', '.join(self._registry.names(kind)) or 'none is installed'}"


def _settings(sections: dict[layout.Path, dict[str, Any]]) -> dict[str, Any]:
    """Return a recipe's entries that are no components."""
    general = {key: sections[()][key] for key in ("name", "seed", "views")}
    parts = {path[0]: layout.SECTIONS[path](**one) for path, one in sections.items() if path}
    return {**general, **{str(key): one for key, one in parts.items()}}


def _named(names: Iterable[str], where: str) -> Node:
    """Write a list of components as a recipe would."""
    return Node([Node({"name": Node(name, where)}, where) for name in names], where)


def _line(problem: Problem) -> tuple[str, int]:
    """Return where a problem stands as something to sort by."""
    source, _, line = problem.where.rpartition(":")
    return (source, int(line)) if line.isdecimal() else (problem.where, 0)


def _below(node: Node, part: str | int) -> Node | None:
    """Return the entry of a mapping or the item of a list, or None."""
    if isinstance(node.value, dict):
        found: Node | None = node.value.get(part)
        return found
    if isinstance(node.value, list) and isinstance(part, int) and part < len(node.value):
        item: Node = node.value[part]
        return item
    return None
