import csv
import json
import math

import pytest

from sslse.api import Baseline
from sslse.errors import RunError
from sslse.evaluate.mixtures import Mixture
from sslse.evaluate.results import Results, Row, read_summary
from sslse.evaluate.scoring import Scores
from sslse.metrics.si_sdr import SiSdr
from sslse.metrics.stoi import Stoi

METRICS = {"si_sdr": SiSdr()}


class Copy(Baseline):
    oracle = True

    def estimate(self, noisy, clean, sample_rate):
        return clean

    def contract(self):
        return {"package": "p"}


def row(speech, snr_db, *scores):
    """Scores of noisy, copy and enhanced; text is the reason of a failure."""
    mixture = Mixture(speech, 0, "n", 0, snr_db, 0.5, "speaker", "kind", "c", "n")
    found = [
        Scores({"si_sdr": math.nan}, {"si_sdr": one})
        if isinstance(one, str)
        else Scores({"si_sdr": one}, {})
        for one in scores
    ]
    return Row(mixture, dict(zip(("noisy", "copy", "enhanced"), found, strict=True)))


@pytest.fixture
def results():
    rows = [
        row("a", -2.5, -2.0, 9.0, 4.0),
        row("a", 2.5, 3.0, "too short", 7.0),
        row("b", -2.5, -4.0, 8.0, "ValueError: the estimate is silent"),
        row("b", 2.5, 1.0, 6.0, 8.0),
    ]
    return Results(rows, METRICS, {"copy": Copy()}, "digest", 16000)


def test_means_are_over_the_mixtures_that_noisy_and_enhanced_both_have_a_score_of(results):
    summary = results.summary()
    assert summary["conditions"] == ["noisy", "copy", "enhanced"]
    assert summary["mean"] == {
        "noisy": {"si_sdr": pytest.approx(2 / 3)},
        "copy": {"si_sdr": pytest.approx(7.5)},
        "enhanced": {"si_sdr": pytest.approx(19 / 3)},
    }
    assert list(summary["per_snr"]) == ["-2.5", "2.5"]
    at = summary["per_snr"]["-2.5"]
    assert at == {"noisy": {"si_sdr": -2}, "copy": {"si_sdr": 9}, "enhanced": {"si_sdr": 4}}


def test_a_baseline_changes_no_mean_but_its_own(results):
    rows = [
        Row(one.mixture, {name: one.scores[name] for name in ("noisy", "enhanced")})
        for one in results.rows
    ]
    without = Results(rows, METRICS, {}, "digest", 16000).summary()
    for name in ("noisy", "enhanced"):
        assert without["mean"][name] == results.summary()["mean"][name]
    assert without["counts"]["scored"] == results.summary()["counts"]["scored"]


def test_what_failed_is_counted(results):
    summary = results.summary()
    assert summary["counts"] == {
        "mixtures": 4,
        "utterances": 2,
        "scored": {"si_sdr": 3},
        "scored_by_condition": {
            "noisy": {"si_sdr": 3},
            "copy": {"si_sdr": 2},
            "enhanced": {"si_sdr": 3},
        },
        "failed": {"noisy": 0, "copy": 1, "enhanced": 1},
        "failed_per_snr": {
            "-2.5": {"noisy": 0, "copy": 0, "enhanced": 1},
            "2.5": {"noisy": 0, "copy": 1, "enhanced": 0},
        },
    }
    assert summary["failures"] == {
        "noisy": {},
        "copy": {"si_sdr": {"too short": 1}},
        "enhanced": {"si_sdr": {"ValueError: the estimate is silent": 1}},
    }


def test_the_summary_says_what_is_behind_the_numbers(results):
    summary = results.summary()
    assert summary["contract"] == {"si_sdr": SiSdr().contract()}
    assert summary["metrics"] == {
        "si_sdr": {"better": "higher", "unit": "dB", "range": [None, None]}
    }
    assert summary["baselines"] == {"copy": {"oracle": True, "package": "p"}}
    assert (summary["manifest"], summary["sample_rate"]) == ("digest", 16000)
    bounded = Results([], {"stoi": Stoi()}, {}, "", 16000).summary()
    assert bounded["metrics"]["stoi"]["range"] == list(Stoi.range)


def test_a_group_without_any_score_has_none():
    results = Results([row("a", 0.0, 1.0, 2.0, "x")], METRICS, {"copy": Copy()}, "", 16000)
    assert {one["si_sdr"] for one in results.summary()["mean"].values()} == {None}


def test_files_hold_what_was_found(results, tmp_path):
    results.write(tmp_path)
    assert read_summary(tmp_path) == json.loads(json.dumps(results.summary()))
    with (tmp_path / "evaluation.csv").open(encoding="utf-8", newline="") as file:
        lines = list(csv.DictReader(file))
    assert len(lines) == 4
    assert list(lines[0]) == [
        *("speech", "speech_start", "noise", "noise_start", "snr_db", "gain"),
        *("speaker", "noise_kind", "clean", "noisy"),
        *("si_sdr_noisy", "si_sdr_copy", "si_sdr_enhanced", "failures"),
    ]
    assert lines[0]["si_sdr_noisy"] == "-2.0"
    assert lines[2]["si_sdr_enhanced"] == "nan"
    assert lines[1]["failures"] == "si_sdr copy: too short"
    assert lines[2]["failures"] == "si_sdr enhanced: ValueError: the estimate is silent"
    assert {one.name for one in tmp_path.iterdir()} == {"evaluation.json", "evaluation.csv"}


def test_no_evaluation_is_none(tmp_path):
    assert read_summary(tmp_path) is None


def test_an_evaluation_of_a_version_that_wrote_less_is_refused(results, tmp_path):
    results.write(tmp_path)
    path = tmp_path / "evaluation.json"
    held = json.loads(path.read_text())
    del held["manifest"]
    path.write_text(json.dumps(held))
    with pytest.raises(RunError, match=r"entries are missing; 'sslse evaluate .*' writes it again"):
        read_summary(tmp_path)
