import csv
import json
import math

import pytest

from sslse.evaluate.mixtures import Mixture
from sslse.evaluate.results import Results, Row, read_summary
from sslse.evaluate.scoring import Scores


def row(speech, snr_db, noisy, enhanced, reason=None):
    mixture = Mixture(speech, 0, "n", 0, snr_db, "speaker", "kind")
    reasons = {"si_sdr": reason} if reason else {}
    return Row(mixture, Scores({"si_sdr": noisy}, {}), Scores({"si_sdr": enhanced}, reasons))


@pytest.fixture
def results():
    return Results(
        [
            row("a", -2.5, -2.0, 4.0),
            row("a", 2.5, 3.0, 7.0),
            row("b", -2.5, -4.0, math.nan, "ValueError: the estimate is silent"),
            row("b", 2.5, 1.0, 8.0),
        ],
        ["si_sdr"],
        {"si_sdr": {"package": "p"}},
    )


def test_means_are_over_the_mixtures_that_both_have_a_score(results):
    summary = results.summary()
    assert summary["mean"] == {
        "noisy": {"si_sdr": pytest.approx(2 / 3)},
        "enhanced": {"si_sdr": pytest.approx(19 / 3)},
    }
    assert list(summary["per_snr"]) == ["-2.5", "2.5"]
    assert summary["per_snr"]["-2.5"] == {"noisy": {"si_sdr": -2.0}, "enhanced": {"si_sdr": 4.0}}
    assert summary["counts"] == {"mixtures": 4, "utterances": 2, "scored": {"si_sdr": 3}}
    assert summary["failures"] == {
        "noisy": {},
        "enhanced": {"si_sdr": {"ValueError: the estimate is silent": 1}},
    }
    assert summary["contract"] == {"si_sdr": {"package": "p"}}


def test_a_group_without_any_score_has_none():
    results = Results([row("a", 0.0, 1.0, math.nan, "x")], ["si_sdr"], {})
    assert results.summary()["mean"]["enhanced"] == {"si_sdr": None}


def test_files_hold_what_was_found(results, tmp_path):
    results.write(tmp_path)
    assert read_summary(tmp_path) == json.loads(json.dumps(results.summary()))
    with (tmp_path / "evaluation.csv").open(encoding="utf-8", newline="") as file:
        lines = list(csv.DictReader(file))
    assert len(lines) == 4
    assert lines[0]["si_sdr_noisy"] == "-2.0"
    assert lines[0]["speaker"] == "speaker"
    assert lines[2]["si_sdr_enhanced"] == "nan"
    assert lines[2]["failures"] == "si_sdr enhanced: ValueError: the estimate is silent"
    assert {one.name for one in tmp_path.iterdir()} == {"evaluation.json", "evaluation.csv"}


def test_no_evaluation_is_none(tmp_path):
    assert read_summary(tmp_path) is None
