"""Construct a component as a run does: wiring by name, options checked by the signature."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from sslse.api import Context
from sslse.errors import OptionError
from sslse.options import check_options, code_of, wiring_of
from sslse.registry import discover
from sslse.seeds import seeded

Target = str | Callable[..., Any]


def find(kind: str, target: Target) -> tuple[str, Callable[..., Any]]:
    """Return what to call a component, and its class.

    Args:
        kind: one of `sslse.registry.KINDS`.
        target: the class, or the name it is registered under; a `functools.partial` of a class
            is called by its class.

    Raises:
        RegistryError: no component of that name is installed.
    """
    if isinstance(target, str):
        return f"{kind} {target!r}", discover().get(kind, target).load()
    named = target.func if isinstance(target, partial) else target
    return f"{kind} {code_of(named)}", target


def construct(
    target: Callable[..., Any], options: Mapping[str, Any], parts: Mapping[str, Any], seed: int = 0
) -> Any:
    """Construct a component with weights drawn from a seed.

    Args:
        target: the class, or a `functools.partial` of it with options.
        options: by name; checked, and the defaults filled in.
        parts: what there is to be asked for, by name.
        seed: of the weights.

    Raises:
        OptionError: it asks for a part that there is not, or an option is refused.
        RegistryError: the signature is no schema.
    """
    if isinstance(target, partial):
        options = {**target.keywords, **options}
        target = target.func
    values, faults = check_options(target, options, "it")
    if faults:
        said = (f"{'.'.join(map(str, fault.path))}: {fault.message}" for fault in faults)
        raise OptionError("; ".join(said))
    wanted = wiring_of(target)
    if missing := [name for name in wanted if name not in parts]:
        raise OptionError(f"asks for {missing[0]!r}; it can have: {', '.join(parts)}")
    with seeded(seed, "weights"):
        return target(*(parts[name] for name in wanted), **values)


def make_context(views: int = 2, batch_size: int = 4, crop: int = 2048) -> Context:
    """Return the facts of a small run at 16 kHz."""
    return Context(sample_rate=16000, views=views, batch_size=batch_size, crop=crop)
