"""Tables of text, and what is written into their cells."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from sslse.compare.comparison import Difference, Mean
from sslse.compare.results import Measure

Found = TypeVar("Found", Mean | None, Difference)

ARROWS = {"higher": "\u2191", "lower": "\u2193"}
NO_SCORE = "no score"
WIDTH = 100  # characters that a table may take on a terminal
LABEL = 26  # of them for what a row is called; longer ones are folded
GAP = 2


@dataclass(frozen=True)
class Table:
    """A table of text.

    Args:
        title: what it shows.
        head: of every column.
        rows: as long as the head.
        notes: what a reader must know of this table, one sentence each.
        texts: how many columns at the left are text; the others are figures.
        lines: rows after which a line is drawn, counted from 0.
    """

    title: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...] = ()
    texts: int = 1
    lines: tuple[int, ...] = ()


@dataclass(frozen=True)
class Column(Generic[Found]):
    """A column of figures: what is above it, and what it shows of each row."""

    head: str
    values: Sequence[Found]


def beside(
    columns: Sequence[Column[Found]], labels: Sequence[str], *, others: int
) -> Iterator[list[Column[Found]]]:
    """Yield as many columns at a time as fit beside each other.

    Args:
        columns: of figures.
        labels: what the rows are called.
        others: characters that other columns take.
    """
    room = WIDTH - min(LABEL, max(len(one) for one in labels)) - others - 2 * GAP
    shown: list[Column[Found]] = []
    used = 0
    for one in columns:
        wide = max(len(one.head), *(len(cell(value)) for value in one.values)) + GAP
        if shown and used + wide > room:
            yield shown
            shown, used = [], 0
        shown.append(one)
        used += wide
    yield shown


def metric_name(metric: Measure) -> str:
    """Return the name with its unit and an arrow to where better is."""
    unit = f" ({metric.unit})" if metric.unit else ""
    return f"{metric.name}{unit} {ARROWS[metric.better]}"


def cell(one: Mean | Difference | None) -> str:
    """Write a mean with its spread, or a difference with its word; empty where there is none."""
    if one is None:
        return ""
    if one.value is None:
        return NO_SCORE
    if isinstance(one, Difference):
        return f"{one.value:+z.3f} {one.verdict}"
    spread = "" if one.spread is None else f" \u00b1 {one.spread:.3f}"
    return f"{one.value:z.3f}{spread}"


def printable(text: str) -> str:
    """Write control characters, line breaks and the like as escapes."""
    return "".join(
        one if one.isprintable() else one.encode("unicode_escape").decode("ascii") for one in text
    )
