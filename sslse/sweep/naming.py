"""Names for the runs of a sweep: readable, unique, and the same whenever it is started again."""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

LONGEST = 120  # characters of a label; file systems allow 255 bytes
_READABLE = re.compile(r"[A-Za-z0-9._+-]{1,40}")
_OTHER = re.compile(r"[^A-Za-z0-9._+]+")
_SLUG = 32
_DIGITS = 6


def label(base: str, several: Sequence[str], values: Mapping[str, Any]) -> str:
    """Name a combination: ``byol,tau=0.99``.

    An option is named by as much of the end of its path as tells it from the others. A name
    depends on the combination's own values alone, so that it stays where values are added.

    Args:
        base: name of the recipe.
        several: paths of the options that take several values.
        values: of the combination, by path.
    """
    parts = [f"{_short(path, several)}={word(values[path])}" for path in several]
    name = ",".join([base, *parts])
    return name if len(name) <= LONGEST else f"{name[: LONGEST - _DIGITS - 1]}-{_digest(name)}"


def member_name(of_label: str, seed: int) -> str:
    """Name a run and its directory: ``byol,tau=0.99,seed=0``."""
    return f"{of_label},seed={seed}"


def word(value: Any) -> str:
    """Write a value as part of a file name, with a digest where that loses something."""
    text = value if isinstance(value, str) else json.dumps(value, sort_keys=True)
    if _READABLE.fullmatch(text):
        return text
    slug = _OTHER.sub("-", text).strip("-.")[:_SLUG]
    return f"{slug}-{_digest(text)}".removeprefix("-")


def _short(path: str, paths: Sequence[str]) -> str:
    """Return the shortest end of a path that no other path has."""
    parts = path.split(".")
    for count in range(1, len(parts)):
        end = ".".join(parts[-count:])
        if all(one == path or not f".{one}".endswith(f".{end}") for one in paths):
            return end
    return path


def _digest(text: str) -> str:
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()[:_DIGITS]
