"""Say types and values in messages as a recipe writes them."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import astuple
from enum import Enum
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from annotated_types import Ge, GroupedMetadata, Gt, Le, Lt, MaxLen, MinLen, MultipleOf

from sslse.registry import did_you_mean

SHOWN = 80  # characters of a value that a message repeats

_WORDS: dict[Any, str] = {NoneType: "null", bool: "true | false", str: "text", Any: "anything"}
_BOUNDS: dict[type, str] = {
    Gt: "> {}",
    Ge: ">= {}",
    Lt: "< {}",
    Le: "<= {}",
    MultipleOf: "(a multiple of {})",
    MinLen: "(at least {})",
    MaxLen: "(at most {})",
}


def show_value(value: Any) -> str:
    """Write a value as a message repeats it: as a recipe would, cut after 80 characters."""
    if isinstance(value, Enum):
        value = value.value
    text = repr(value)
    if not isinstance(value, str):
        text = json.dumps(value, ensure_ascii=False, default=_plain)
    return text if len(text) <= SHOWN else f"{text[: SHOWN - 3]}..."


def show_kind(value: Any) -> str:
    """Write a value that is of another kind than wanted: its type, and shape or beginning."""
    kind = f"{type(value).__module__}.{type(value).__qualname__}".removeprefix("builtins.")
    if getattr(value, "shape", ()) and hasattr(value, "dtype"):
        return f"{kind} of shape {tuple(value.shape)}, {value.dtype}"
    text = " ".join(repr(value).split())
    return f"{kind} {text if len(text) <= SHOWN else f'{text[: SHOWN - 3]}...'}"


def describe_type(annotation: Any) -> str:
    """Say an annotation in words: ``int > 0``, ``'frame' | 'utterance'``, ``list of float``."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        bounds = [_bound(one) for one in _metadata(arguments[1:])]
        return " ".join(
            filter(None, [describe_type(arguments[0]), " and ".join(filter(None, bounds))])
        )
    if origin is Literal or _is_enum(annotation):
        return " | ".join(show_value(one) for one in _plain_types(annotation))
    if origin in (Union, UnionType):
        return " | ".join(describe_type(one) for one in arguments)
    if origin in (list, tuple, set):
        kinds = dict.fromkeys(describe_type(one) for one in arguments if one is not ...)
        count = "" if origin is not tuple or ... in arguments else f"{len(arguments)} "
        return f"list of {count}{' or '.join(kinds)}"
    if origin is dict:
        return f"mapping of {' to '.join(describe_type(one) for one in arguments)}"
    return _WORDS.get(annotation) or str(getattr(annotation, "__name__", annotation))


def describe_scores(metric: Any) -> str:
    """Say what a metric's class declares: direction, range, unit and rates.

    Args:
        metric: a subclass of `sslse.api.Metric`, or a function that makes one, of which nothing
            is known beforehand.
    """
    if not hasattr(metric, "better"):
        return "scores: as its metric says"
    least, greatest = metric.range
    unit = f" {metric.unit}" if metric.unit else ""
    rates = "any rate"
    if metric.rates is not None:
        rates = f"at {' or '.join(str(one) for one in metric.rates)} Hz"
    return f"scores: {least:g} to {greatest:g}{unit}, {metric.better} is better; {rates}"


def hint(annotation: Any, value: Any) -> str:
    """Say what a refused value was probably meant to be; empty where nothing comes to mind."""
    types = list(_plain_types(annotation))
    numbers = [one for one in types if one in (int, float)]
    if isinstance(value, str):
        if numbers and _is_number(value):
            return "; without quotes it is a number"
        return did_you_mean(value, [one for one in types if isinstance(one, str)])
    if str in types and not numbers and isinstance(value, int | float):
        return "; in quotes it is text"
    return ""


def _plain_types(annotation: Any) -> Iterator[Any]:
    """Yield the types and literal values that an annotation allows, lists left out."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        yield from _plain_types(arguments[0])
    elif origin in (Union, UnionType):
        for one in arguments:
            yield from _plain_types(one)
    elif origin is Literal:
        yield from arguments
    elif _is_enum(annotation):
        yield from (one.value for one in annotation)
    elif origin is None:
        yield annotation


def _is_enum(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, Enum)


def _plain(value: Any) -> Any:
    """Return what a recipe writes for a default that JSON does not know."""
    if isinstance(value, Enum):
        return value.value
    return sorted(value, key=str) if isinstance(value, set | frozenset) else str(value)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _metadata(arguments: Iterable[Any]) -> Iterator[Any]:
    """Yield the single bounds of groups such as ``Interval`` and pydantic's ``Field``."""
    for one in arguments:
        if isinstance(one, GroupedMetadata):
            yield from _metadata(one)
        else:
            yield from getattr(one, "metadata", [one])


def _bound(metadata: Any) -> str:
    if metadata == MinLen(1):
        return "(not empty)"
    template = _BOUNDS.get(type(metadata))
    return template.format(*astuple(metadata)) if template else ""
