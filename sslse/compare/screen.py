"""Draw tables on a terminal."""

from collections.abc import Sequence

from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table as RichTable
from rich.text import Text

from sslse.compare.cells import WIDTH, Table, printable

NARROW = 78  # characters of a terminal below which words are divided
WORD = 10  # characters of a word that is not divided on a wider one


def draw(console: Console, tables: Sequence[Table], notes: Sequence[str]) -> None:
    """Print tables, each with its notes, then the notes on all of them."""
    for table in tables:
        console.print(_drawn(table, console.width))
        for one in table.notes:
            console.print(Text(one, style="italic"))
        console.print()
    for one in notes:
        console.print(Text(f"note: {printable(one)}", style="yellow"))


def _drawn(table: Table, width: int) -> RichTable:
    """Lay a table out; figures wrap only where the terminal is too narrow for them."""
    drawn = RichTable(
        title=Text(table.title), box=SIMPLE, padding=(0, 1, 0, 0), collapse_padding=True
    )
    for place, name in enumerate(table.head):
        text = place < table.texts
        words = " ".join((name, *(row[place] for row in table.rows))).split()
        longest = max((len(word) for word in words), default=0)
        drawn.add_column(
            Text(name),
            justify="left" if text else "right",
            overflow="fold",
            no_wrap=not text and width >= WIDTH,
            min_width=min(longest, WORD) if width >= NARROW else None,
        )
    for place, row in enumerate(table.rows):
        drawn.add_row(*(Text(one) for one in row), end_section=place in table.lines)
    return drawn
