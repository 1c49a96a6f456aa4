"""Write a comparison as text: a terminal's, Markdown, LaTeX, CSV or JSON; read JSON again."""

import csv
import io
import json
import re
from collections.abc import Sequence
from dataclasses import asdict, fields
from typing import Any, Literal, get_args

from rich.console import Console

from sslse.compare.cells import WIDTH, Table, printable
from sslse.compare.comparison import Comparison, Difference, Mean, Row
from sslse.compare.results import Measure
from sslse.compare.screen import draw
from sslse.compare.tables import lay_out
from sslse.errors import RunError

Format = Literal["terminal", "markdown", "latex", "csv", "json"]
FORMATS: tuple[str, ...] = get_args(Format)

_MARKDOWN = re.compile(r"([\\`*_{}\[\]<>#|~&$])")
_LATEX = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "&": r"\&",
    "%": r"\%",
    "$": r"\$",
    "#": r"\#",
    "_": r"\_",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"\textquotedbl{}",
    "\u00b1": r"$\pm$",
    "\u2191": r"$\uparrow$",
    "\u2193": r"$\downarrow$",
}
_SIGNED = re.compile(r"(?<![\w.])[-+](?=\d)")


def write_text(comparison: Comparison, style: Format = "terminal") -> str:
    """Return a comparison as text that ends in a line break.

    ``terminal``, ``markdown`` and ``latex`` (packages ``booktabs`` and, for names beyond ASCII,
    an engine that reads UTF-8) have the tables; ``csv`` one line a mean or difference, ``json``
    everything, both with every digit.
    """
    if style == "json":
        return json.dumps(asdict(comparison), indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    if style == "csv":
        return _csv(comparison)
    write = {"terminal": _terminal, "markdown": _markdown, "latex": _latex}[style]
    return write(lay_out(comparison), comparison.notes)


def read_comparison(text: str) -> Comparison:
    """Read what ``write_text(comparison, "json")`` wrote: the very same values.

    Raises:
        RunError: it is something else.
    """
    parts: dict[str, Any] = {
        "rows": Row,
        "metrics": Measure,
        "means": Mean,
        "differences": Difference,
    }
    try:
        held = json.loads(text)
        for name, kind in parts.items():
            held[name] = tuple(kind(**_with_tuples(one)) for one in held[name])
        return Comparison(**_with_tuples(held))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise RunError(f"is no comparison in JSON: {error}") from error


def _with_tuples(held: dict[str, Any]) -> dict[str, Any]:
    return {key: tuple(one) if isinstance(one, list) else one for key, one in held.items()}


def _csv(comparison: Comparison) -> str:
    columns = list(dict.fromkeys(one.name for one in (*fields(Mean), *fields(Difference))))
    file = io.StringIO()
    writer = csv.DictWriter(file, ["what", "reference", *columns], lineterminator="\n")
    writer.writeheader()
    for mean in comparison.means:
        writer.writerow({"what": "mean", **asdict(mean)})
    for one in comparison.differences:
        writer.writerow({"what": "difference", "reference": comparison.reference, **asdict(one)})
    return file.getvalue()


def _terminal(tables: Sequence[Table], notes: Sequence[str]) -> str:
    file = io.StringIO()
    draw(Console(file=file, width=WIDTH), tables, notes)
    return "\n".join(line.rstrip() for line in file.getvalue().splitlines()) + "\n"


def _markdown(tables: Sequence[Table], notes: Sequence[str]) -> str:
    parts = []
    for table in tables:
        marks = [":---" if place < table.texts else "---:" for place in range(len(table.head))]
        lines = [
            _markdown_row(_escape_markdown(one) for one in table.head),
            _markdown_row(marks),
            *(_markdown_row(_escape_markdown(one) for one in row) for row in table.rows),
        ]
        said = [_escape_markdown(one) for one in table.notes]
        parts.append("\n\n".join([f"**{_escape_markdown(table.title)}**", "\n".join(lines), *said]))
    parts += [f"Note: {_escape_markdown(printable(one))}" for one in notes]
    return "\n\n".join(parts) + "\n"


def _markdown_row(cells: Any) -> str:
    return f"| {' | '.join(cells)} |"


def _escape_markdown(text: str) -> str:
    return _MARKDOWN.sub(r"\\\1", text)


def _latex(tables: Sequence[Table], notes: Sequence[str]) -> str:
    parts = ["% needs \\usepackage{booktabs}, and \\usepackage[T1]{fontenc} for quotation marks"]
    for table in tables:
        aligned = "l" * table.texts + "r" * (len(table.head) - table.texts)
        lines = [
            r"\begin{table}",
            r"\centering",
            rf"\caption{{{_escape_latex(table.title)}.}}",
            rf"\begin{{tabular}}{{{aligned}}}",
            r"\toprule",
            _latex_row(table.head),
            r"\midrule",
        ]
        for place, row in enumerate(table.rows):
            lines.append(_latex_row(row))
            if place in table.lines:
                lines.append(r"\midrule")
        lines += [r"\bottomrule", r"\end{tabular}"]
        lines += [rf"\par\footnotesize {_escape_latex(one)}." for one in table.notes]
        parts.append("\n".join([*lines, r"\end{table}"]))
    parts += [f"% note: {printable(one)}" for one in notes]
    return "\n\n".join(parts) + "\n"


def _latex_row(cells: Sequence[str]) -> str:
    return " & ".join(_escape_latex(one) for one in cells) + r" \\"


def _escape_latex(text: str) -> str:
    """Escape what LaTeX would read as commands; signs of numbers become those of mathematics."""
    plain = "".join(_LATEX.get(one, one) for one in text)
    return _SIGNED.sub(lambda match: f"${match.group()}$", plain)
