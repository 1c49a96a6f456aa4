"""Find plugins and the components they name, without importing any component."""

import contextlib
import difflib
import importlib
import importlib.metadata
import importlib.util
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

import pluggy

from sslse import hooks
from sslse.errors import RegistryError

SLOW_SECONDS = 2.0
SLOW_ADVICE = "what is heavy belongs into the modules of its components"
SHORTEST_BEGINNING = 3  # letters of a name that are enough to suggest the whole
# what a plugin may raise without harm to others; `sys.exit` in a module is a fault like any other
_PLUGIN_ERRORS = (Exception, SystemExit)

KINDS = (
    "encoder",
    "predictor",
    "decoder",
    "objective",
    "schedule",
    "augmentation",
    "corpus",
    "metric",
    "baseline",
    "logger",
)


@dataclass(frozen=True)
class Plugin:
    """Where components come from: an entry point of a distribution, or a file."""

    name: str
    distribution: str
    version: str

    def __str__(self) -> str:
        source = f"{self.distribution} {self.version}".rstrip()
        return f"{self.name} ({source})"


@dataclass(frozen=True)
class Broken:
    """A plugin that could not be used, and why."""

    plugin: Plugin
    reason: str


@dataclass(frozen=True)
class Component:
    """A named component; its code is imported by `load` only."""

    kind: str
    name: str
    target: str | Callable[..., Any]
    summary: str
    plugin: Plugin

    def load(self) -> Callable[..., Any]:
        """Import the class or function behind the name.

        Raises:
            RegistryError: its module does not import, or has no such attribute.
        """
        if not isinstance(self.target, str):
            return self.target
        module_name, _, attribute = self.target.partition(":")
        try:
            with _printing_to_stderr():
                loaded: Any = getattr(importlib.import_module(module_name), attribute)
        except _PLUGIN_ERRORS as error:
            raise self._unloadable(_reason(error)) from error
        if not callable(loaded):
            raise self._unloadable("it is neither a class nor a function")
        checked: Callable[..., Any] = loaded
        return checked

    def _unloadable(self, reason: str) -> RegistryError:
        return RegistryError(
            f"{self.kind} {self.name!r} of plugin {self.plugin} cannot be loaded from "
            f"{self.target!r}: {reason}"
        )


@dataclass
class Registry:
    """Every component found, every plugin that failed, and how long the slow ones took."""

    components: dict[tuple[str, str], Component] = field(default_factory=dict)
    broken: list[Broken] = field(default_factory=list)
    slow: dict[Plugin, float] = field(default_factory=dict)

    def of_kind(self, kind: str) -> list[Component]:
        """Return the components of a kind, sorted by name."""
        require_kind(kind)
        return [self.components[key] for key in sorted(self.components) if key[0] == kind]

    def names(self, kind: str) -> list[str]:
        """Return the names of a kind, sorted."""
        return [component.name for component in self.of_kind(kind)]

    def get(self, kind: str, name: str) -> Component:
        """Return the component of that kind and name.

        Raises:
            RegistryError: there is none; the nearest name, the possible ones and broken plugins
                are named.
        """
        require_kind(kind)
        if found := self.components.get((kind, name)):
            return found
        names = self.names(kind)
        possible = f"possible: {', '.join(names)}" if names else "none is installed"
        near = did_you_mean(name, names) or "; one of a one-file plugin needs --plugin FILE.py"
        message = f"no {kind} named {name!r}{near} ({possible})"
        if self.broken:
            plugins = ", ".join(str(one.plugin) for one in self.broken)
            message += f"; broken plugins, see 'sslse list': {plugins}"
        raise RegistryError(message)

    def accept(self, plugin: Plugin, components: Iterable[Component]) -> None:
        """Take all components of a plugin, or none of them.

        Raises:
            RegistryError: a name is taken, both owners are named; or there is no component.
        """
        accepted: dict[tuple[str, str], Component] = {}
        for component in components:
            key = (component.kind, component.name)
            if key in accepted:
                raise RegistryError(f"it adds {component.kind} {component.name!r} twice")
            if owner := self.components.get(key):
                raise RegistryError(
                    f"{component.kind} {component.name!r} is claimed by two plugins: "
                    f"{owner.plugin} and {plugin}; the first is kept, none of the second's "
                    "components is used"
                )
            accepted[key] = component
        if not accepted:
            raise RegistryError("it adds no component: no @hookimpl sslse_components(add) found")
        self.components |= accepted


def did_you_mean(name: str, possible: Iterable[str]) -> str:
    """Return ``"; did you mean 'x'?"`` for the nearest possible name, or an empty string."""
    near = nearest(name, possible)
    return f"; did you mean {near!r}?" if near else ""


def nearest(name: str, possible: Iterable[str]) -> str:
    """Return the possible name that is meant: near, begun, or by its initials; or an empty text."""
    wanted = name.lower()
    by_lower_case = {one.lower(): one for one in possible}
    near = difflib.get_close_matches(wanted, list(by_lower_case), n=1, cutoff=0.6)
    if not near and len(wanted) >= SHORTEST_BEGINNING:
        near = [one for one in by_lower_case if one.startswith(wanted)]
    if not near and len(wanted) > 1:
        near = [one for one in by_lower_case if _initials(one) == wanted]
    return by_lower_case[near[0]] if near else ""


def _initials(name: str) -> str:
    return "".join(word[:1] for word in name.split("_"))


def require_kind(kind: str, possible: Sequence[str] = KINDS) -> None:
    """Refuse a kind that does not exist.

    Raises:
        RegistryError: naming the nearest kind and all of them.
    """
    if kind not in possible:
        raise RegistryError(no_kind(kind, possible))


def no_kind(kind: str, possible: Sequence[str] = KINDS) -> str:
    """Say that there is no such kind, and which there are."""
    near = did_you_mean(kind, possible)
    return f"no kind named {kind!r}{near} (possible: {', '.join(possible)})"


def discover(files: Sequence[Path] = ()) -> Registry:
    """Load every installed plugin, then the given one-file plugins, into a fresh registry.

    A plugin that fails is kept in `Registry.broken`; the others are not affected.

    Args:
        files: one-file plugins asked for on the command line.

    Raises:
        RegistryError: a plugin named in ``files`` is missing or broken.
    """
    registry = Registry()
    manager = pluggy.PluginManager(hooks.GROUP)
    manager.add_hookspecs(hooks)
    for entry_point in _entry_points():
        plugin = _owner(entry_point)
        try:
            with _watched(registry, plugin):
                _register(registry, manager, plugin, entry_point.load())
        except _PLUGIN_ERRORS as error:
            registry.broken.append(Broken(plugin, _reason(error)))
    if files:  # they hold components and so need this, and torch; that is not a plugin's time
        with contextlib.suppress(*_PLUGIN_ERRORS):
            importlib.import_module("sslse.api")
    for path in files:
        plugin = Plugin(path.stem, str(path), "")
        try:
            with _watched(registry, plugin):
                _register(registry, manager, plugin, _import_file(path))
        except _PLUGIN_ERRORS as error:
            raise RegistryError(f"{path}: plugin cannot be used: {_reason(error)}") from error
    return registry


@contextlib.contextmanager
def _watched(registry: Registry, plugin: Plugin) -> Iterator[None]:
    """Let a plugin print to standard error alone, and note it where it takes long."""
    began = time.perf_counter()
    try:
        with _printing_to_stderr():
            yield
    finally:
        seconds = time.perf_counter() - began
        if seconds > SLOW_SECONDS:
            registry.slow[plugin] = seconds


def _printing_to_stderr() -> contextlib.AbstractContextManager[Any]:
    """Keep what a plugin prints out of standard output, which may be JSON or sound."""
    return contextlib.redirect_stdout(sys.stderr)


def _entry_points() -> list[importlib.metadata.EntryPoint]:
    """List the group's entry points: this distribution's first, then by distribution and name."""
    found = importlib.metadata.entry_points(group=hooks.GROUP)

    def order(entry_point: importlib.metadata.EntryPoint) -> tuple[bool, str, bool, str]:
        owner = _owner(entry_point)
        ours = owner.distribution == "sslse"
        return (not ours, owner.distribution, owner.name != "core", owner.name)

    return sorted(found, key=order)


def _owner(entry_point: importlib.metadata.EntryPoint) -> Plugin:
    distribution = entry_point.dist
    if distribution is None:
        return Plugin(entry_point.name, "unknown distribution", "")
    metadata: Any = distribution.metadata
    name = metadata.get("Name", "unnamed distribution")
    return Plugin(entry_point.name, name, metadata.get("Version", ""))


def _register(
    registry: Registry, manager: pluggy.PluginManager, plugin: Plugin, module: ModuleType
) -> None:
    """Let pluggy check the module's hooks, call them, and accept what they add."""
    added: list[Component] = []

    def add(kind: str, name: str, target: str | Callable[..., Any], *, summary: str) -> None:
        require_kind(kind)
        if isinstance(target, str) and not all(target.partition(":")):
            raise RegistryError(f"{kind} {name!r}: {target!r} is not 'package.module:Name'")
        added.append(Component(kind, name, target, summary, plugin))

    others = manager.get_plugins()
    manager.register(module, name=f"{plugin.name} ({plugin.distribution})")
    try:
        manager.check_pending()
        manager.subset_hook_caller("sslse_components", others)(add=add)
        registry.accept(plugin, added)
    except _PLUGIN_ERRORS:
        manager.unregister(module)
        raise


def _import_file(path: Path) -> ModuleType:
    if not path.is_file():
        raise RegistryError("no such file")
    name = f"sslse_file_plugin_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise RegistryError("not a Python file; its name must end in .py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except _PLUGIN_ERRORS:
        del sys.modules[name]
        raise
    return module


def _reason(error: BaseException) -> str:
    text = " ".join(str(error).split())
    return text if isinstance(error, RegistryError) else f"{type(error).__name__}: {text}"
