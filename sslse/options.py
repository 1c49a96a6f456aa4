"""Options of a component, read from its signature: the only schema there is.

Positional-only parameters are wiring (``encoder``, ``predictor``, ...); keyword-only parameters
are the options a recipe may set.
"""

import inspect
import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from annotated_types import Ge, Gt, Le

from sslse.errors import RegistryError
from sslse.registry import did_you_mean, nearest
from sslse.wording import describe_type, hint, show_value

PositiveInt = Annotated[int, Gt(0)]
NonNegativeInt = Annotated[int, Ge(0)]
PositiveFloat = Annotated[float, Gt(0)]
NonNegativeFloat = Annotated[float, Ge(0)]
Fraction = Annotated[float, Ge(0), Le(1)]

REQUIRED = inspect.Parameter.empty

# pydantic's refusals that the described type explains
_EXPLAINED = {
    "enum",
    "greater_than",
    "greater_than_equal",
    "int_from_float",
    "less_than",
    "less_than_equal",
    "literal_error",
    "multiple_of",
    "string_too_long",
    "string_too_short",
    "too_long",
    "too_short",
}


@dataclass(frozen=True)
class Option:
    """One option: its name, its annotation and its default (`REQUIRED` if it has none)."""

    name: str
    annotation: Any
    default: Any

    @property
    def type_text(self) -> str:
        """The type as a reader would say it."""
        return describe_type(self.annotation)


@dataclass(frozen=True)
class Fault:
    """What is wrong with one option: the path below the component, and the message."""

    path: tuple[str | int, ...]
    message: str


@cache
def signature(target: Callable[..., Any]) -> inspect.Signature:
    """Return the signature with its annotations evaluated.

    Raises:
        RegistryError: it is no schema: unreadable, or a parameter is neither wiring nor option.
    """
    try:
        found = inspect.signature(target, eval_str=True)
    except (NameError, AttributeError, SyntaxError, TypeError, ValueError) as error:
        raise RegistryError(
            f"{code_of(target)}: annotations must be importable at run time, they are the "
            f"recipe's schema: {error}"
        ) from error
    for one in found.parameters.values():
        if one.kind is one.POSITIONAL_OR_KEYWORD:
            raise RegistryError(
                f"{code_of(target)}: {one.name!r} is neither wiring nor option; put '/' after the "
                "parts it asks for and '*' before its options"
            )
        if one.kind is one.KEYWORD_ONLY and one.annotation is one.empty:
            raise RegistryError(f"{code_of(target)}: option {one.name!r} has no annotation")
    return found


def code_of(target: Callable[..., Any]) -> str:
    """Say where a component's code is: ``package.module:Name``."""
    name = getattr(target, "__qualname__", None)
    return f"{target.__module__}:{name}" if name else repr(target)


def wiring_of(target: Callable[..., Any]) -> tuple[str, ...]:
    """Return the names of the parts a component asks for."""
    parameters = signature(target).parameters.values()
    return tuple(one.name for one in parameters if one.kind is one.POSITIONAL_ONLY)


def options_of(target: Callable[..., Any]) -> tuple[Option, ...]:
    """Return a component's options in the order of its signature."""
    parameters = signature(target).parameters.values()
    return tuple(
        Option(one.name, one.annotation, one.default)
        for one in parameters
        if one.kind is one.KEYWORD_ONLY
    )


def check_options(
    target: Callable[..., Any], given: Mapping[str, Any], label: str
) -> tuple[dict[str, Any], list[Fault]]:
    """Check values against a signature and fill in the defaults.

    Args:
        target: a class or function with keyword-only options.
        given: option names and plain values, as a recipe says them.
        label: what to call the target in messages.

    Returns:
        All options with their values (empty where there is a fault), and every fault.

    Raises:
        RegistryError: the signature is no schema.
    """
    from pydantic import ValidationError

    options = {option.name: option for option in options_of(target)}
    model = _model(target)
    try:
        checked = model.model_validate_json(json.dumps(given))
    except ValidationError as error:
        faults = [_fault(detail, given, options, label) for detail in error.errors()]
        return {}, list({fault.path: fault for fault in reversed(faults)}.values())[::-1]
    return {name: getattr(checked, f"value_{name}") for name in options}, []


def unknown_option(
    key: str, names: Iterable[str], label: str, elsewhere: Mapping[str, str] | None = None
) -> str:
    """Say that there is no such option and which there are.

    Args:
        key: what the recipe says.
        names: the options there are.
        label: whose options they are.
        elsewhere: options of other sections, and their paths.
    """
    names = list(names)
    near = did_you_mean(key, names)
    if elsewhere and key in elsewhere:
        near = f"; did you mean {elsewhere[key]!r}?"
    elif re.search(r"[.[][0-9]", key):
        near = "; a path with an index is for --set, in a file write the whole list"
    elif "." in key:
        *outer, last = key.split(".")
        nested = ": {".join(outer) + f": {{{last}: ...}}" + "}" * (len(outer) - 1)
        near = f"; a path with dots is for --set, in a file write '{nested}'"
    elif elsewhere and not near and (suggested := nearest(key, elsewhere)):
        near = f"; did you mean {elsewhere[suggested]!r}?"
    taken = ", ".join(names) or "no options"
    return f"unknown option{near} ({label} takes: {taken})"


@cache
def _model(target: Callable[..., Any]) -> Any:
    """Build the pydantic model of a signature; fields are prefixed, so any name is possible."""
    from pydantic import ConfigDict, Field, create_model
    from pydantic.errors import PydanticUserError

    fields: dict[str, Any] = {}
    for option in options_of(target):
        default = ... if option.default is REQUIRED else option.default
        fields[f"value_{option.name}"] = (option.annotation, Field(default, alias=option.name))
    settings = ConfigDict(
        extra="forbid",
        strict=True,
        allow_inf_nan=False,
        arbitrary_types_allowed=True,
        protected_namespaces=(),
    )
    try:
        model = create_model("Options", __config__=settings, **fields)
        model.model_rebuild(raise_errors=True)
    except (PydanticUserError, NameError, TypeError) as error:
        reason = " ".join(str(getattr(error, "message", error)).split())
        raise RegistryError(
            f"{code_of(target)}: its annotations are no schema: {reason}"
        ) from error
    return model


def _fault(
    detail: Mapping[str, Any], given: Mapping[str, Any], options: Mapping[str, Option], label: str
) -> Fault:
    """Put a refusal of pydantic's in the words of `describe_type`."""
    name, *below = detail["loc"]
    kind = detail["type"]
    if name not in options:
        return Fault((name,), unknown_option(name, options, label))
    annotation = options[name].annotation
    if name not in given:
        return Fault((name,), f"is required ({describe_type(annotation)})")
    path, annotation, value = _descend(annotation, given[name], below)
    if kind == "finite_number":
        message = "takes a finite number"
    elif kind in ("value_error", "assertion_error"):
        message = str(detail["ctx"]["error"])
    elif kind in _EXPLAINED or kind.endswith(("_type", "_parsing")):
        wanted = describe_type(annotation)
        article = "a " if wanted.startswith(("list ", "mapping ")) else ""
        message = f"takes {article}{wanted}"
    else:
        message = detail["msg"][:1].lower() + detail["msg"][1:]
    return Fault((name, *path), f"{message}, not {show_value(value)}{hint(annotation, value)}")


def _descend(annotation: Any, value: Any, parts: Iterable[str | int]) -> tuple[list[int], Any, Any]:
    """Follow list indices as far as annotation and value both go."""
    path: list[int] = []
    for part in parts:
        item = _item_type(annotation)
        if item is None or not isinstance(part, int) or not isinstance(value, list):
            break
        annotation, value = item, value[part]
        path.append(part)
    return path, annotation, value


def _item_type(annotation: Any) -> Any:
    """Return what a list holds, or None where the annotation is not one plain kind of list."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _item_type(arguments[0])
    if origin in (Union, UnionType):
        others = [one for one in arguments if one is not NoneType]
        return _item_type(others[0]) if len(others) == 1 else None
    same = origin is list or (origin is tuple and ... in arguments)
    return arguments[0] if same else None
