"""The mixtures to hear: which, what is written, and at what level."""

import json
import math

import numpy as np
import pytest
import torch

from sslse.api import Recording
from sslse.audio import read_audio
from sslse.data.store import Index, Store
from sslse.evaluate.examples import PEAK, choose, write_examples
from sslse.evaluate.mixtures import make_mixtures, plan_mixtures
from sslse.evaluate.results import Results, Row
from sslse.evaluate.scoring import Scores
from sslse.metrics.si_sdr import SiSdr
from sslse.settings import Evaluate

RATE, SAMPLES = 16000, 8000


def store(name, count):
    draws = torch.Generator().manual_seed(len(name))
    samples = torch.randint(-9000, 9000, (20000 * count,), generator=draws, dtype=torch.int16)
    starts, lengths = torch.arange(count) * 20000, torch.full((count,), 20000)
    index = Index(starts, lengths, torch.full((count,), 1 / 32768))
    recordings = [Recording(f"{name}/{row}.wav", None, "test", "he") for row in range(count)]
    return Store(samples, index, recordings, RATE)


def test_it_chooses_over_the_ratios_then_by_the_gain():
    snr_db = [-5.0, 0.0, 5.0] * 7
    gains = [float(place) for place in range(21)]
    assert choose(gains, snr_db) == {
        0: "lowest SNR",
        7: "middle SNR",
        14: "highest SNR",
        10: "middle gain",
        20: "greatest gain",
        19: "greatest gain",
        1: "least gain",
    }


def test_what_is_chosen_over_the_ratios_is_the_same_whatever_was_scored():
    snr_db = [2.5, -2.5, 7.5, -7.5] * 5
    draws = np.random.default_rng(0)
    found = {tuple(choose(draws.normal(size=20).tolist(), snr_db))[:3] for _ in range(20)}
    assert len(found) == 1


@pytest.mark.parametrize(
    ("gains", "snr_db", "places"),
    [
        ([], [], []),
        ([1.0], [0.0], [0]),
        ([math.nan] * 4, [0.0, 0.0, 5.0, 5.0], [0, 3]),
        ([math.nan, 3.0, math.nan, 1.0], [0.0] * 4, [0, 1, 3]),
    ],
)
def test_few_mixtures_and_failed_scores(gains, snr_db, places):
    assert list(choose(gains, snr_db)) == places


@pytest.fixture
def evaluated():
    speech, noise = store("speech", 4), store("noise", 3)
    mixtures = plan_mixtures(speech, noise, Evaluate(snr_db=[-5.0, 5.0], samples=SAMPLES))
    rows = []
    for place, mixture in enumerate(mixtures):
        noisy = Scores({"si_sdr": float(mixture.snr_db)}, {})
        enhanced = Scores({"si_sdr": math.nan if place == 5 else mixture.snr_db + place}, {})
        rows.append(Row(mixture, {"noisy": noisy, "enhanced": enhanced}))
    return Results(rows, {"si_sdr": SiSdr()}, {}, "", RATE), speech, noise


def enhance(noisy):
    return 0.3 * noisy + 0.01


def written(folder):
    return json.loads((folder / "examples" / "examples.json").read_text("utf-8"))["rows"]


def test_it_writes_the_very_waves_at_one_level(evaluated, tmp_path):
    results, speech, noise = evaluated
    write_examples(tmp_path, results, enhance, speech, noise, samples=SAMPLES)
    rows = written(tmp_path)
    assert len(rows) == len({row["files"]["noisy"] for row in rows}) > 5
    by_wave = {row.mixture.noisy: row for row in results.rows}
    for row in rows:
        scored = by_wave[row["noisy"]]
        clean, noisy = make_mixtures([scored.mixture], speech, noise, SAMPLES)
        waves = {"clean": clean[0], "noisy": noisy[0], "enhanced": enhance(noisy)[0]}
        peak = max(float(one.abs().max()) for one in waves.values())
        assert row["factor"] == pytest.approx(PEAK / peak)
        for name, wave in waves.items():
            found, rate = read_audio(tmp_path / "examples" / row["files"][name])
            assert rate == RATE
            np.testing.assert_allclose(found, wave * row["factor"], atol=1 / 32768)
        assert row["scores"]["si_sdr"]["noisy"] == scored.mixture.snr_db
        assert (row["speech"], row["speaker"]) == (scored.mixture.speech, "he")


def test_a_failed_score_is_null(evaluated, tmp_path):
    results, speech, noise = evaluated
    only = Results(results.rows[5:6], results.metrics, {}, "", RATE)
    write_examples(tmp_path, only, enhance, speech, noise, samples=SAMPLES)
    (row,) = written(tmp_path)
    assert row["scores"]["si_sdr"]["enhanced"] is None


def test_where_less_is_better_the_least_score_is_the_greatest_gain(evaluated, tmp_path):
    class Distance(SiSdr):
        better = "lower"

    results, speech, noise = evaluated
    other = Results(results.rows, {"si_sdr": Distance()}, {}, "", RATE)
    write_examples(tmp_path, other, enhance, speech, noise, samples=SAMPLES)
    best = [row for row in written(tmp_path) if row["why"] == "greatest gain"]
    gains = [row["scores"]["si_sdr"]["enhanced"] - row["snr_db"] for row in best]
    assert max(gains) <= 2


def test_what_is_not_finite_is_left_out_and_older_ones_go(evaluated, tmp_path):
    results, speech, noise = evaluated
    write_examples(tmp_path, results, enhance, speech, noise, samples=SAMPLES)
    write_examples(tmp_path, results, lambda noisy: noisy / 0, speech, noise, samples=SAMPLES)
    assert written(tmp_path) == []
    assert [one.name for one in tmp_path.iterdir()] == ["examples"]
    assert [one.name for one in (tmp_path / "examples").iterdir()] == ["examples.json"]


def test_silence_stays_silence(evaluated, tmp_path):
    results, speech, noise = evaluated
    silent = Store(torch.zeros(80000, dtype=torch.int16), speech._index, speech.recordings, RATE)
    mixtures = plan_mixtures(silent, noise, Evaluate(snr_db=[0.0], samples=SAMPLES))[:1]
    rows = [Row(mixtures[0], results.rows[0].scores)]
    only = Results(rows, results.metrics, {}, "", RATE)
    write_examples(tmp_path, only, torch.zeros_like, silent, noise, samples=SAMPLES)
    (row,) = written(tmp_path)
    assert row["factor"] == 1.0
    wave, _ = read_audio(tmp_path / "examples" / row["files"]["noisy"])
    assert not wave.any()
