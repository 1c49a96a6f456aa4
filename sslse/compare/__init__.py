"""Compare evaluated runs: the paper's tables, differences with intervals, and a word for each."""

from sslse.compare.cells import Table
from sslse.compare.comparing import compare
from sslse.compare.comparison import Comparison, Difference, Mean, Row
from sslse.compare.pooling import Entry
from sslse.compare.results import Measure, Results, load_results
from sslse.compare.tables import lay_out
from sslse.compare.writing import read_comparison, write_text

__all__ = [
    "Comparison",
    "Difference",
    "Entry",
    "Mean",
    "Measure",
    "Results",
    "Row",
    "Table",
    "compare",
    "lay_out",
    "load_results",
    "read_comparison",
    "write_text",
]
