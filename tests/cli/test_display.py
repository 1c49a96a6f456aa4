"""The closing tables of an evaluation."""

import io

import pytest
from rich.console import Console

from sslse.cli.display import incomplete, results_tables

CONDITIONS = ["noisy", "log_mmse", "ratio_mask", "enhanced"]
METRICS = ["pesq_nb", "stoi", "si_sdr_improvement", "segmental_snr", "csig", "covl", "lsd"]


@pytest.fixture
def summary():
    def means(first):
        return {
            condition: dict.fromkeys(METRICS, first + place + 0.1234)
            for place, condition in enumerate(CONDITIONS)
        }

    per_snr = {"-7.5": means(-20), "2.5": means(10)}
    per_snr["2.5"]["enhanced"]["stoi"] = None
    none = dict.fromkeys(CONDITIONS, 0)
    counted = {one: dict.fromkeys(METRICS, 8) for one in CONDITIONS}
    return {
        "conditions": CONDITIONS,
        "metrics": {metric: {} for metric in METRICS},
        "mean": means(0),
        "per_snr": per_snr,
        "counts": {
            "mixtures": 8,
            "failed": none,
            "failed_per_snr": {"-7.5": none, "2.5": none},
            "scored_by_condition": counted,
        },
        "failures": {one: {} for one in CONDITIONS},
    }


def shown(summary):
    console = Console(width=80, record=True, file=io.StringIO())
    for table in results_tables(summary):
        console.print(table)
    return console.export_text().splitlines()


def test_every_condition_has_a_row_at_every_ratio_and_over_all(summary):
    lines = shown(summary)
    assert max(len(line) for line in lines) <= 80
    names = [line.split()[:2] for line in lines]
    for label in ("-7.5", "2.5", "all"):
        assert names.count([label, "noisy"]) == 2  # seven metrics: two tables
    for condition in CONDITIONS[1:]:
        assert sum(one[:1] == [condition] for one in names) == 6
    head = " ".join(lines)
    assert all(metric in head for metric in METRICS)
    assert "no score" in head
    assert "-19.877" in head


def test_what_failed_is_in_the_table_and_below_it(summary):
    assert incomplete(summary) == []
    failed = {"noisy": 0, "log_mmse": 3, "ratio_mask": 0, "enhanced": 1}
    summary["counts"] |= {
        "failed": failed,
        "failed_per_snr": {"-7.5": failed, "2.5": dict.fromkeys(CONDITIONS, 0)},
    }
    summary["counts"]["scored_by_condition"]["log_mmse"] |= {"stoi": 5, "lsd": 5}
    lines = shown(summary)
    assert [line.split()[-1] for line in lines if line.split()[:1] == ["log_mmse"]] == [
        *("3", "0", "3"),
        *("3", "0", "3"),
    ]
    scored = "noisy 8, log_mmse 5, ratio_mask 8, enhanced 8"
    summary["failures"]["log_mmse"] = {"stoi": {"silent": 2}, "lsd": {"silent": 1}}
    assert incomplete(summary) == [
        "scores that failed: 3 log_mmse, 1 enhanced; evaluation.csv says which and why",
        "3 x log_mmse: silent",
        f"means over so many of 8 mixtures: {scored} (stoi, lsd)",
    ]
