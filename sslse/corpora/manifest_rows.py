"""Read a manifest's rows, finding all that is wrong with them."""

import contextlib
import csv
import io
import json
import math
import posixpath
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, cast

from sslse.corpora.paths import composed
from sslse.errors import DataError
from sslse.registry import did_you_mean
from sslse.wording import show_value

COLUMNS = ("path", "split", "speaker", "kind", "start", "seconds")
ENDINGS = (".csv", ".jsonl")
DELIMITERS = {",": "a comma", ";": "a semicolon", "\t": "a tab"}

_Split = Literal["train", "test"]
_POSSIBLE = f"possible: {', '.join(COLUMNS)}"


@dataclass(frozen=True)
class Fault:
    """What is wrong in one cell; with an empty column: in the row as a whole."""

    line: int
    column: str
    message: str

    def describe(self, file: Path) -> str:
        """Say where it is and what."""
        column = f"{self.column}: " if self.column else ""
        return f"{file}:{self.line}: {column}{self.message}"


@dataclass(frozen=True)
class Row:
    """One recording or segment, and the line it stands on."""

    line: int
    path: str
    split: _Split
    speaker: str
    kind: str
    start: float
    seconds: float | None

    @property
    def key(self) -> str:
        """The path, with the segment if it is one."""
        if not self.start and self.seconds is None:
            return self.path
        return f"{self.path}#{self.start}" + (f"+{self.seconds}" if self.seconds else "")

    @property
    def end(self) -> float:
        """Where it ends in the file, in seconds; infinite where that is the file's end."""
        return math.inf if self.seconds is None else self.start + self.seconds


def read_rows(file: Path) -> tuple[list[Row], list[Fault]]:
    """Return the rows that are right, and every fault of the others with its line.

    Raises:
        DataError: the file is missing, no text in UTF-8, of another ending, or its header is wrong.
    """
    if file.suffix.lower() not in ENDINGS:
        raise DataError(f"{file}: a manifest ends in {' or '.join(ENDINGS)}")
    try:
        text = file.read_text("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError(f"{file}: is not UTF-8 text: {error.reason}") from error
    except OSError as error:
        raise DataError(f"{file}: cannot be read: {error.strerror}") from error
    rows: list[Row] = []
    faults: list[Fault] = []
    cells = _csv_cells if file.suffix.lower() == ".csv" else _json_cells
    for line, found, fault in cells(file, text):
        checked = _Cells(line, found)
        row = None if fault else checked.row()
        if row is not None:
            rows.append(row)
        else:
            faults += [Fault(line, "", fault)] if fault else checked.faults
    return rows, faults


@dataclass
class _Cells:
    """The cells of one row, turned into values; what is wrong is kept."""

    line: int
    values: Mapping[str, Any]
    faults: list[Fault] = field(default_factory=list)

    def row(self) -> Row | None:
        """Return the row, or None where something is wrong."""
        for name in self.values:
            if name not in COLUMNS:
                self._fault(name, f"unknown column{did_you_mean(name, COLUMNS)} ({_POSSIBLE})")
        row = Row(
            line=self.line,
            path=self._path(),
            split=self._split(),
            speaker=self._text("speaker"),
            kind=self._text("kind"),
            start=self._number("start") or 0.0,
            seconds=self._number("seconds"),
        )
        if row.seconds == 0:
            self._fault("seconds", "takes a number > 0 or nothing, not 0")
        return None if self.faults else row

    def _fault(self, column: str, message: str) -> None:
        self.faults.append(Fault(self.line, column, message))

    def _text(self, column: str) -> str:
        value = self.values.get(column)
        if value is None:
            return ""
        if not isinstance(value, str):
            self._fault(column, f"takes text, not {show_value(value)}")
            return ""
        value = composed(value)
        return value if column == "path" else value.strip()

    def _path(self) -> str:
        before = len(self.faults)
        text = self._text("path")
        if not text and len(self.faults) == before:
            self._fault("path", "is required")
        elif text.startswith("/") or Path(text).is_absolute():
            self._fault("path", f"takes a relative path, not {text!r}")
        path = posixpath.normpath(text)
        if path.split("/")[0] == "..":
            self._fault("path", f"{text!r} leaves the folder that paths are relative to ('root')")
        return path

    def _split(self) -> _Split:
        text = self._text("split")
        if text not in ("train", "test"):
            self._fault("split", f"takes train or test, not {text!r}{_near(text)}")
        return cast(_Split, text)

    def _number(self, column: str) -> float | None:
        value = self.values.get(column)
        if value is None or value == "":
            return None
        number = math.nan
        if isinstance(value, str | int | float) and not isinstance(value, bool):
            with contextlib.suppress(ValueError, OverflowError):
                number = float(value)
        if not 0 <= number < math.inf:
            self._fault(column, f"takes a number of seconds >= 0, not {show_value(value)}")
            return None
        return number


def _near(text: str) -> str:
    return did_you_mean(text, ("train", "test")) if text else ""


_Found = tuple[int, Mapping[str, Any], str]


def _csv_cells(file: Path, text: str) -> Iterator[_Found]:
    """Yield the line, the cells by column and what is wrong with the row as a whole."""
    delimiter = _delimiter(text.partition("\n")[0])
    lines = csv.reader(io.StringIO(text), strict=True, delimiter=delimiter)
    try:
        header = [name.strip() for name in next(lines, [])]
        _refuse_header(file, header)
        for cells in lines:
            fault = ""
            if len(cells) > len(header):
                fault = (
                    f"{len(cells)} cells for {len(header)} columns; quote a text with "
                    f"{DELIMITERS[delimiter]}"
                )
            if any(cell.strip() for cell in cells):
                yield lines.line_num, dict(zip(header, cells, strict=False)), fault
    except csv.Error as error:
        raise DataError(f"{file}:{lines.line_num}: not valid CSV: {error}") from error


def _delimiter(header: str) -> str:
    """Return what parts the cells of a header, no name in which holds any of it: else a comma."""
    return next((one for one in DELIMITERS if one in header), ",")


def _refuse_header(file: Path, header: Sequence[str]) -> None:
    """Refuse columns that are unknown, given twice or missing; all at once."""
    faults = [
        f"{file}:1: {name or '(no name)'}: unknown column{did_you_mean(name, COLUMNS)}"
        f" ({_POSSIBLE})"
        for name in header
        if name not in COLUMNS
    ]
    twice = {name for name in header if header.count(name) > 1}
    faults += [f"{file}:1: {name}: the column is given twice" for name in sorted(twice)]
    missing = [name for name in ("path", "split") if name not in header]
    faults += [f"{file}:1: {name}: the column is missing ({_POSSIBLE})" for name in missing]
    if faults:
        raise DataError("\n".join(faults))


def _json_cells(file: Path, text: str) -> Iterator[_Found]:  # noqa: ARG001 - as _csv_cells
    """Yield the line, the cells by column and what is wrong with the row as a whole."""
    for line, content in enumerate(text.split("\n"), start=1):
        if not content.strip():
            continue
        try:
            value = json.loads(content)
        except (ValueError, RecursionError) as error:
            yield line, {}, f"not valid JSON: {error}"
            continue
        if isinstance(value, dict):
            yield line, value, ""
        else:
            yield line, {}, f'takes an object, {{"path": ...}}, not {show_value(value)}'
