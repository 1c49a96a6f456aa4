"""Every format: exact where it is for machines, safe with any name where it is for people."""

import csv
import io
import json
import math
import re
from dataclasses import asdict
from pathlib import Path

import pytest
from rich.console import Console

from sslse.compare import compare, lay_out, load_results, read_comparison, write_text
from sslse.compare.cells import WIDTH
from sslse.compare.screen import NARROW, draw
from sslse.compare.writing import FORMATS
from sslse.errors import RunError

HOSTILE = r"a_b|c\d&e%f$g#h{i}j~k^l<script>m*n`o`[p](q)" + "\x1b[31m\n\u202er\u00e4"


KNOWN = {
    *(r"\begin", r"\end", r"\centering", r"\caption", r"\par", r"\footnotesize"),
    *(r"\toprule", r"\midrule", r"\bottomrule", r"\textbackslash", r"\textasciitilde"),
    *(r"\textasciicircum", r"\textless", r"\textgreater", r"\textbar"),
    *(r"\pm", r"\uparrow", r"\downarrow"),
}


@pytest.fixture
def comparison(runs, rows, noise_like):
    """Three runs, one of two seeds, one with failures and a name that is an attack."""
    failing = noise_like(rows, seed=4)
    failing[5] = math.nan
    two = {"si_sdr": noise_like(rows, mean=5), "lsd": noise_like(rows)}
    runs("a", two, rows=rows, name="byol", seed=0)
    runs("b", {m: s + 0.1 for m, s in two.items()}, rows=rows, name="byol", seed=1)
    runs("c", {"si_sdr": failing, "lsd": noise_like(rows, seed=5)}, rows=rows, name=HOSTILE)
    runs("d", {m: s + 1 for m, s in two.items()}, rows=rows, name="normal")
    return compare(load_results([Path(one) for one in "abcd"]), paper=True)


def test_json_round_trips_exactly(comparison):
    text = write_text(comparison, "json")
    assert read_comparison(text) == comparison
    assert write_text(read_comparison(text), "json") == text
    assert json.loads(text)["rows"][4]["label"] == HOSTILE


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"rows": 3}', '{"rows": [{"x": 1}]}'])
def test_json_of_something_else_is_refused(text):
    with pytest.raises(RunError, match="is no comparison in JSON"):
        read_comparison(text)


def test_csv_has_every_mean_and_difference_with_every_digit(comparison):
    lines = list(csv.DictReader(io.StringIO(write_text(comparison, "csv"), newline="")))
    found = [*comparison.means, *comparison.differences]
    assert len(lines) == len(found)
    for line, one in zip(lines, found, strict=True):
        for name, value in asdict(one).items():
            if isinstance(value, float):
                assert float(line[name]) == value
            else:
                assert line[name] == ("" if value is None else str(value))
        absent = set(line) - set(asdict(one)) - {"what", "reference"}
        assert {line[name] for name in absent} == {""}
    assert {line["what"] for line in lines} == {"mean", "difference"}


def test_the_terminal_fits_and_has_every_table(comparison):
    text = write_text(comparison)
    assert max(len(line) for line in text.splitlines()) <= WIDTH
    for table in lay_out(comparison):
        assert table.title[:40] in text
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert "note: one training seed only of" in text


@pytest.mark.parametrize("width", [40, 80, 140])
def test_a_narrow_terminal_wraps_and_loses_nothing(comparison, width):
    console = Console(file=io.StringIO(), width=width, force_terminal=True, color_system=None)
    tables = lay_out(comparison)
    draw(console, tables, comparison.notes)
    text = console.file.getvalue()
    assert max(len(line) for line in text.splitlines()) <= width
    assert "\u2026" not in text
    assert "\x1b[31m" not in text
    if width >= NARROW:
        cells = " ".join(cell for table in tables for row in table.rows for cell in row)
        for word in ("undecided", "47/48", "-7.5"):
            assert text.count(word) >= cells.count(word) > 0


def test_many_metrics_are_laid_out_in_several_tables(runs, rows, noise_like):
    names = [f"metric_of_a_long_name_{number}" for number in range(9)]
    options = {
        "measures": {one: {"better": "higher", "unit": "dB", "range": None} for one in names},
        "contract": {one: {} for one in names},
        "rows": rows,
    }
    label = "a run of a name so long that it takes a quarter of the line and more"
    for number, name in enumerate(("a", label)):
        runs(f"r{number}", {one: noise_like(rows) for one in names}, name=name, **options)
    found = compare(load_results([Path("r0"), Path("r1")]))
    for kind in ("Means over", "by kind of noise"):
        shown = [one.head for one in lay_out(found) if kind in one.title]
        heads = [name for head in shown for name in head if name.startswith("metric")]
        assert [name.split()[0] for name in heads] == names
        assert len(shown) > 2
    text = write_text(found)
    assert max(len(line) for line in text.splitlines()) <= WIDTH
    for name in names:
        assert name in text
    assert "a run of a name so long" in text


def unescaped(text, special):
    return re.search(rf"(?<!\\)(?:\\\\)*{re.escape(special)}", text)


def test_markdown_tables_are_whole_whatever_a_name_holds(comparison):
    text = write_text(comparison, "markdown")
    tables = re.findall(r"^\|.*(?:\n\|.*)*", text, re.MULTILINE)
    laid_out = lay_out(comparison)
    assert len(tables) == len(laid_out)
    for table, one in zip(tables, laid_out, strict=True):
        lines = table.splitlines()
        assert len(lines) == len(one.rows) + 2
        for line in lines:
            assert len(re.findall(r"(?<!\\)(?:\\\\)*\|", line)) == len(one.head) + 1
    for special in "<`*[":
        prose = re.sub(r"\*\*.*\*\*", lambda match: match.group()[2:-2], text)
        assert not unescaped(prose, special), special
    assert "\x1b" not in text


def test_latex_is_of_the_form_a_compiler_takes(comparison):
    text = write_text(comparison, "latex")
    body = "\n".join(line for line in text.splitlines() if not line.startswith("%"))
    plain = body.replace(r"\\", "")  # ends of rows
    assert len(re.findall(r"(?<!\\)\{", plain)) == len(re.findall(r"(?<!\\)\}", plain))
    assert len(re.findall(r"(?<!\\)\$", plain)) % 2 == 0
    for special in "#_~^%":
        assert not re.search(rf"(?<!\\){re.escape(special)}", plain), special
    tabulars = re.findall(r"\\begin\{tabular\}\{(l+r*)\}(.*?)\\end\{tabular\}", body, re.DOTALL)
    laid_out = lay_out(comparison)
    assert len(tabulars) == len(laid_out) == body.count(r"\begin{table}")
    for (columns, inside), table in zip(tabulars, laid_out, strict=True):
        rows = [line for line in inside.splitlines() if line.endswith(r" \\")]
        assert len(rows) == len(table.rows) + 1
        for row in rows:
            assert len(re.findall(r"(?<!\\)&", row)) == len(columns) - 1 == len(table.head) - 1
    assert r"a\_b\textbar{}c\textbackslash{}d\&e\%f\$g\#h\{i\}j\textasciitilde{}" in text
    assert set(re.findall(r"\\[a-z]+", plain)) <= KNOWN


def test_every_table_counts_what_failed(comparison):
    for table in lay_out(comparison):
        assert table.head[-1] in ("failed", "mixtures"), table.title
    means, *_, kinds = lay_out(comparison)
    assert [row[-1] for row in means.rows] == ["0", "", "0", "", "1", "0", ""]
    overall = next(one for one in lay_out(comparison) if "over all" in one.title)
    assert {row[-1] for row in overall.rows} == {"47/48", "48/48"}
    assert "failed" in kinds.head


def test_seeds_and_directions_are_shown(comparison):
    means = lay_out(comparison)[0]
    assert means.head == ("", "si_sdr (dB) \u2191", "lsd (dB) \u2193", "failed")
    byol = next(row for row in means.rows if row[0] == "byol (2 seeds)")
    assert re.fullmatch(r"\d\.\d{3} \u00b1 0\.071", byol[1])


def test_a_comparison_without_differences_has_no_table_of_them(comparison):
    alone = read_comparison(write_text(comparison, "json"))
    assert len(lay_out(alone)) > 3
    held = json.loads(write_text(comparison, "json"))
    held["differences"] = []
    shown = [one.title for one in lay_out(read_comparison(json.dumps(held)))]
    assert all("Means over" in one or "by SNR (dB)" in one for one in shown)


def test_the_formats_are_those_the_command_offers():
    assert FORMATS == ("terminal", "markdown", "latex", "csv", "json")
