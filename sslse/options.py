"""Options of a component, read from its signature: the only schema there is.

Positional-only parameters are wiring (``encoder``, ``predictor``, ...); keyword-only parameters
are the options a recipe may set.
"""

import inspect
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from annotated_types import BaseMetadata, Ge, Gt, Le, Lt, MinLen

from sslse.errors import RegistryError
from sslse.registry import did_you_mean

PositiveInt = Annotated[int, Gt(0)]
NonNegativeInt = Annotated[int, Ge(0)]
PositiveFloat = Annotated[float, Gt(0)]
NonNegativeFloat = Annotated[float, Ge(0)]
Fraction = Annotated[float, Ge(0), Le(1)]

REQUIRED = inspect.Parameter.empty


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
        RegistryError: an annotation cannot be evaluated at run time.
    """
    try:
        return inspect.signature(target, eval_str=True)
    except (NameError, AttributeError, SyntaxError) as error:
        raise RegistryError(
            f"{target.__module__}.{target.__qualname__}: annotations must be importable at run "
            f"time, they are the recipe's schema: {error}"
        ) from error


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
        All options with their values (complete only where there is no fault), and every fault.
    """
    from pydantic import ValidationError

    options = options_of(target)
    try:
        checked = _model(target).model_validate_json(json.dumps(given))
    except ValidationError as error:
        names = [option.name for option in options]
        return {}, [_fault(detail, names, label) for detail in error.errors()]
    return {option.name: getattr(checked, f"value_{option.name}") for option in options}, []


@cache
def _model(target: Callable[..., Any]) -> Any:
    """Build the pydantic model of a signature; fields are prefixed, so any name is possible."""
    from pydantic import ConfigDict, Field, create_model

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
    return create_model(target.__qualname__, __config__=settings, **fields)


def _fault(detail: Mapping[str, Any], names: list[str], label: str) -> Fault:
    path = tuple(detail["loc"])
    if detail["type"] == "extra_forbidden":
        taken = ", ".join(names) or "no options"
        near = did_you_mean(str(path[-1]), names)
        return Fault(path, f"unknown option{near} ({label} takes: {taken})")
    if detail["type"] == "missing":
        return Fault(path, "is required")
    text = detail["msg"].replace("Input should", "should").replace("Value error, ", "")
    value = json.dumps(detail["input"], ensure_ascii=False)
    return Fault(path, f"{text[:1].lower()}{text[1:]}, not {value}")


def describe_type(annotation: Any) -> str:
    """Say an annotation in words: ``int > 0``, ``'frame' | 'utterance'``, ``list of float``."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        bounds = [_bound(one) for one in arguments[1:] if isinstance(one, BaseMetadata)]
        return " ".join([describe_type(arguments[0]), *bounds])
    if origin is Literal:
        return " | ".join(repr(one) for one in arguments)
    if origin in (Union, UnionType):
        return " | ".join(describe_type(one) for one in arguments)
    if origin in (list, tuple, set):
        kinds = dict.fromkeys(describe_type(one) for one in arguments if one is not ...)
        count = "" if origin is not tuple or ... in arguments else f"{len(arguments)} "
        return f"list of {count}{' or '.join(kinds)}"
    if annotation is NoneType:
        return "none"
    return str(getattr(annotation, "__name__", annotation))


def _bound(metadata: BaseMetadata) -> str:
    match metadata:
        case Gt(gt):
            return f"> {gt}"
        case Ge(ge):
            return f">= {ge}"
        case Lt(lt):
            return f"< {lt}"
        case Le(le):
            return f"<= {le}"
        case MinLen(length):
            return f"(at least {length})"
    return str(metadata)
