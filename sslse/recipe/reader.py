"""Read YAML safely, keeping for every value the line it stands on."""

import math
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from sslse.errors import Problem, RecipeError

MAX_BYTES = 1_000_000
MAX_NODES = 10_000
MAX_DEPTH = 30
MAX_DIGITS = 18  # of an integer, so that it has 64 bits; a longer number is a float

_INTEGER = re.compile(r"[-+]?[0-9]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_SPECIAL = {
    "": None,
    "~": None,
    "null": None,
    "Null": None,
    "NULL": None,
    "true": True,
    "True": True,
    "TRUE": True,
    "false": False,
    "False": False,
    "FALSE": False,
}
_NOT_FINITE = re.compile(r"([-+]?)\.(inf|Inf|INF|nan|NaN|NAN)")
# What an escape can write in YAML, but no file name, environment or UTF-8 can hold.
_UNUSABLE = re.compile(r"[\0\ud800-\udfff]")
_UNTAGGED = "untagged"
_YAML_TAG = "tag:yaml.org,2002:"


@dataclass(frozen=True)
class Node:
    """A value and where it stands.

    Args:
        value: a scalar, a dict of nodes or a list of nodes.
        where: ``file:line``, or the command-line option it came from.
        quoted: written as a quoted or block string: stays text whatever it contains.
    """

    value: Any
    where: str
    quoted: bool = False

    def plain(self) -> Any:
        """Return the value without positions."""
        if isinstance(self.value, dict):
            return {key: node.plain() for key, node in self.value.items()}
        if isinstance(self.value, list):
            return [node.plain() for node in self.value]
        return self.value


def read_file(path: Path) -> Node:
    """Read one YAML file whose top level is a mapping.

    Raises:
        RecipeError: unreadable, not YAML, not a mapping, a key given twice, too large or too
            deep, or a construct recipes do not have.
    """
    try:
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise _error(str(path), f"has {size} bytes; a recipe has at most {MAX_BYTES}")
        content = path.read_bytes()
    except OSError as error:
        raise _error(str(path), f"cannot be read: {error.strerror}") from error
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise _error(f"{path}:{line}", f"is not UTF-8 text: {error.reason}") from error
    return read_text(text, str(path))


def read_text(text: str, source: str) -> Node:
    """Read YAML text whose top level is a mapping; see `read_file`.

    Args:
        text: to read.
        source: names it in messages.
    """
    node = _Reader(source).read(text)
    if not isinstance(node.value, dict):
        kind = "is empty" if node.value is None else "is not a mapping"
        raise _error(node.where, f"the file {kind}; it takes 'key: value' lines")
    return node


def read_value(text: str, where: str) -> Node:
    """Read a YAML value given on the command line."""
    return _Reader(where, lines=False).read(text)


def parse_scalar(text: str) -> Any:
    """Give a plain scalar its value: YAML 1.2's booleans, null, integers and floats, or text."""
    if text in _SPECIAL:
        return _SPECIAL[text]
    if _INTEGER.fullmatch(text) and len(text) <= MAX_DIGITS:
        return int(text)
    if _FLOAT.fullmatch(text):
        return float(text)
    if match := _NOT_FINITE.fullmatch(text):
        sign, word = match.groups()
        return math.nan if word.lower() == "nan" else float(f"{sign}inf")
    return text


def _error(where: str, message: str) -> RecipeError:
    return RecipeError([Problem(where, "", message)])


def _yaml_hint(said: str, text: str, line: int) -> str:
    """Say what two common refusals of YAML mean."""
    if "'\\t'" in said:
        return "; indent with spaces"
    lines = text.splitlines()
    if line < len(lines) and "${" in lines[line]:
        return "; within [] and {} a variable needs quotes: '${NAME}'"
    return ""


class _Loader(yaml.BaseLoader):
    """Marks every value that has no tag, so that any tag is seen."""

    def resolve(self, kind: type[yaml.Node], value: Any, implicit: Any) -> str:  # noqa: ARG002
        return _UNTAGGED


class _Reader:
    def __init__(self, source: str, *, lines: bool = True) -> None:
        self._source = source
        self._lines = lines
        self._nodes = 0

    def read(self, text: str) -> Node:
        try:
            loader = _Loader(text)
            try:
                root = loader.get_single_node()
            finally:
                loader.dispose()
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            said = ", ".join(part for part in (error.context, error.problem) if part)
            line = mark.line if mark else 0
            message = f"not valid YAML: {said}{_yaml_hint(said, text, line)}"
            raise _error(self._place(line), message) from error
        except yaml.reader.ReaderError as error:
            where = self._place(text[: error.position].count("\n"))
            message = f"not valid YAML: character #x{error.character:04x} is not allowed"
            raise _error(where, message) from error
        except (ValueError, OverflowError) as error:  # an escape beyond Unicode: "\UFFFFFFFF"
            raise _error(self._source, f"not valid YAML: {error}") from error
        except RecursionError as error:
            raise _error(self._source, f"nested deeper than {MAX_DEPTH} levels") from error
        if root is None:
            return Node(None, self._source)
        return self._convert(root, 0)

    def _place(self, line: int) -> str:
        return f"{self._source}:{line + 1}" if self._lines else self._source

    def _convert(self, node: yaml.Node, depth: int, where: str | None = None) -> Node:
        """Convert a YAML node; aliases are followed, so what they expand to is counted."""
        where = where or self._place(node.start_mark.line)
        self._nodes += 1
        if self._nodes > MAX_NODES:
            raise _error(where, f"expands to more than {MAX_NODES} values")
        if depth > MAX_DEPTH:
            raise _error(where, f"nested deeper than {MAX_DEPTH} levels")
        if node.tag != _UNTAGGED:
            tag = node.tag.replace(_YAML_TAG, "!!")
            raise _error(where, f"tag {tag!r} is not allowed; a recipe holds plain values")
        if isinstance(node, yaml.MappingNode):
            return Node(self._mapping(node, depth), where)
        if isinstance(node, yaml.SequenceNode):
            return Node([self._convert(one, depth + 1) for one in node.value], where)
        text = self._text(node, where)
        if isinstance(node, yaml.ScalarNode) and node.style is None:
            return Node(parse_scalar(text), where)
        return Node(text, where, quoted=True)

    def _text(self, node: yaml.Node, where: str) -> str:
        text = str(node.value)
        if bad := _UNUSABLE.search(text):
            raise _error(where, f"a text with the character #x{ord(bad[0]):04x} is not allowed")
        return text

    def _mapping(self, node: yaml.MappingNode, depth: int) -> dict[str, Node]:
        converted: dict[str, Node] = {}
        for key_node, value_node in node.value:
            where = self._place(key_node.start_mark.line)
            if not isinstance(key_node, yaml.ScalarNode) or not key_node.value:
                raise _error(where, "a key must be text")
            key = self._text(key_node, where)
            if key == "<<":
                raise _error(where, "merge keys ('<<') are not supported; use 'extends:'")
            if key in converted:
                raise _error(where, f"{key!r} is given twice (first at {converted[key].where})")
            converted[key] = self._convert(value_node, depth + 1, where)
        return converted
