"""Nothing is scored twice, and a killed evaluation goes on where it stood."""

import json

import numpy as np
import pytest
import torch

from sslse.api import Baseline, Recording
from sslse.data.store import Index, Store
from sslse.errors import RecipeError
from sslse.evaluate import scoring
from sslse.evaluate.evaluation import Measures, evaluate, rehearse
from sslse.evaluate.known_scores import FOLDER
from sslse.evaluate.manifest import plan_manifest
from sslse.evaluate.mixtures import make_mixtures
from sslse.evaluate.unfinished import FILE, finish
from sslse.metrics.si_sdr import SiSdr

SAMPLES = 8192


class Counted(SiSdr):
    """SI-SDR that counts its calls; one call of them can be made to fail."""

    calls = 0
    fail_at = None
    version = 1

    def score(self, clean, estimate, noisy, sample_rate):
        Counted.calls += 1
        if Counted.calls == Counted.fail_at:
            raise KeyboardInterrupt
        return super().score(clean, estimate, noisy, sample_rate)

    def contract(self):
        return {"package": "counted", "version": self.version}


class Half(Baseline):
    """Half of the mixture; counts its calls, and one of its mixtures can be made to fail."""

    calls = 0
    fault = None
    version = 1

    def estimate(self, noisy, clean, sample_rate):
        Half.calls += 1
        if isinstance(Half.fault, Exception):
            raise Half.fault
        return 0.5 * noisy if Half.fault is None else Half.fault

    def contract(self):
        return {"version": self.version}


def store(name, count, seed=0, level=1):
    draws = torch.Generator().manual_seed(seed + len(name))
    samples = torch.randint(-9000, 9000, (20000 * count,), generator=draws, dtype=torch.int16)
    samples *= level
    starts, lengths = torch.arange(count) * 20000, torch.full((count,), 20000)
    index = Index(starts, lengths, torch.full((count,), 1 / 32768))
    recordings = [Recording(f"{name}{row}", None, "test") for row in range(count)]
    return Store(samples, index, recordings, 16000)


@pytest.fixture
def bench(tiny, tmp_path, monkeypatch):
    """Evaluate eight mixtures in batches of three with a counted metric; count its calls."""
    recipe = tiny(
        f"data.cache={tmp_path / 'cache'}",
        "evaluate.utterances=null",
        "evaluate.snr_db=[-5, 5]",
        f"evaluate.samples={SAMPLES}",
        "evaluate.batch_size=3",
        "evaluate.baselines=[log_mmse]",
    )
    bench = scoring._Bench([], 16000, [])
    bench._metrics = {"si_sdr": Counted()}
    bench._baselines = {"log_mmse": Half()}
    monkeypatch.setattr(Half, "version", 1)
    monkeypatch.setattr(Half, "fault", None)
    monkeypatch.setattr(Counted, "version", 1)
    monkeypatch.setattr(Counted, "fail_at", None)
    monkeypatch.setattr(scoring, "_Bench", lambda *_: bench)

    def call(enhance=torch.tanh, **changes):
        speech = changes.pop("speech", store("speech", 4))
        noise = changes.pop("noise", store("noise", 2))
        monkeypatch.setattr(Counted, "calls", 0)
        monkeypatch.setattr(Half, "calls", 0)
        measures = Measures(recipe, {"si_sdr": Counted()}, {"log_mmse": Half()})
        results = evaluate(enhance, speech, noise, measures, **changes)
        return results, Counted.calls

    return call


def of(results, condition):
    return [one.scores[condition] for one in results.rows]


def test_what_no_model_changes_is_scored_once_however_many_models_are_evaluated(bench):
    first, calls = bench()
    assert (len(first.rows), calls, Half.calls) == (8, 24, 8)
    second, calls = bench(lambda noisy: 0.5 * noisy + 0.1 * torch.tanh(noisy))
    assert (calls, Half.calls) == (8, 0)
    for condition in ("noisy", "log_mmse"):
        assert of(second, condition) == of(first, condition)
    assert of(second, "enhanced") != of(first, "enhanced")
    again, calls = bench()
    assert calls == 8
    assert again.rows == first.rows


def test_every_condition_has_the_scores_of_its_own_wave(bench):
    results, _ = bench(lambda noisy: noisy.flip(-1))
    speech, noise = store("speech", 4), store("noise", 2)
    mixtures = [one.mixture for one in results.rows]
    clean, noisy = (one.numpy() for one in make_mixtures(mixtures, speech, noise, SAMPLES))
    waves = {"noisy": noisy, "log_mmse": 0.5 * noisy, "enhanced": noisy[:, ::-1]}
    assert results.conditions == list(waves)
    for condition, estimates in waves.items():
        for row, target, estimate in zip(results.rows, clean, estimates, strict=True):
            expected = SiSdr().score(target, estimate, estimate, 16000)
            assert row.score(condition, "si_sdr") == pytest.approx(expected, abs=1e-9)


def test_other_samples_or_another_version_of_what_measures_are_scored_anew(bench, monkeypatch):
    bench()
    assert bench(noise=store("noise", 2, seed=9))[1] == 24
    assert bench(noise=store("noise", 2, seed=9))[1] == 8
    monkeypatch.setattr(Counted, "version", 2)
    assert bench()[1] == 24
    monkeypatch.setattr(Half, "version", 2)
    assert (bench()[1], Half.calls) == (16, 8)


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (ValueError("too short"), "ValueError: too short"),
        (np.zeros(10), f"the estimate has the shape (10,), not ({SAMPLES},)"),
        (np.full(SAMPLES, np.nan), "the estimate is not finite"),
        (np.zeros(SAMPLES), "the estimate is silent"),
    ],
)
def test_a_baseline_that_fails_is_counted_and_tried_again(bench, monkeypatch, fault, reason):
    whole, _ = bench()
    monkeypatch.setattr(Half, "fault", fault)
    monkeypatch.setattr(Half, "version", 2)
    for _ in range(2):
        results, _ = bench()
        assert Half.calls == 8
        summary = results.summary()
        assert summary["failures"]["log_mmse"] == {"si_sdr": {reason: 8}}
        assert summary["mean"]["log_mmse"]["si_sdr"] is None
        assert of(results, "enhanced") == of(whole, "enhanced")
        for condition in ("noisy", "enhanced"):
            assert summary["mean"][condition] == whole.summary()["mean"][condition]


def damaged(text):
    """Cut short, changed digit, another layout, no text: none may be believed."""
    held = json.loads(text)
    wave = next(iter(held["scores"]))
    return [
        text[:-20].encode(),
        json.dumps(held | {"scores": held["scores"] | {wave: 99.0}}).encode(),
        json.dumps([held]).encode(),
        json.dumps({"scores": held["scores"]}).encode(),
        b"\xff\x00" * 40,
        b"",
        b"[" * 100_000,
    ]


@pytest.mark.parametrize("case", range(7))
def test_a_damaged_cache_is_ignored_and_built_anew(bench, tmp_path, case):
    first, _ = bench()
    (path,) = (tmp_path / "cache" / FOLDER).iterdir()
    whole = path.read_text()
    path.write_bytes(damaged(whole)[case])
    again, calls = bench()
    assert calls == 24
    assert again.rows == first.rows
    assert json.loads(path.read_text()) == json.loads(whole)


def test_a_cache_that_cannot_be_written_costs_no_evaluation(bench, tmp_path):
    (tmp_path / "cache").write_text("a file where the folder should be")
    results, calls = bench()
    assert (len(results.rows), calls) == (8, 24)


@pytest.mark.parametrize("fail_at", range(1, 25))
def test_a_killed_evaluation_goes_on_where_it_stood(bench, tmp_path, monkeypatch, fail_at):
    whole, calls = bench()
    whole.write(tmp_path)
    expected = [(tmp_path / name).read_bytes() for name in ("evaluation.csv", "evaluation.json")]
    for path in (tmp_path / "cache" / FOLDER).iterdir():
        path.unlink()
    run = tmp_path / "run"
    run.mkdir()
    monkeypatch.setattr(Counted, "fail_at", fail_at)
    with pytest.raises(KeyboardInterrupt):
        bench(folder=run, model="m")
    monkeypatch.setattr(Counted, "fail_at", None)
    # In this process a mixture is scored at once: noisy, enhanced, baseline.
    done = (fail_at - 1) // 3
    resumed, calls = bench(folder=run, model="m")
    assert (calls, Half.calls) == (24 - 3 * done, 8 - done)
    resumed.write(run)
    finish(run)
    found = [(run / name).read_bytes() for name in ("evaluation.csv", "evaluation.json")]
    assert found == expected
    assert {one.name for one in run.iterdir()} == {"evaluation.csv", "evaluation.json"}


def test_rows_of_another_evaluation_are_dropped(bench, tmp_path):
    bench(folder=tmp_path, model="m")
    assert bench(folder=tmp_path, model="m")[1] == 0
    assert bench(folder=tmp_path, model="other")[1] == 8
    bench(folder=tmp_path, model="m")
    other = store("speech", 4, seed=5)
    assert bench(folder=tmp_path, model="m", speech=other)[1] == 24


def test_a_row_cut_short_is_scored_again(bench, tmp_path):
    first, _ = bench(folder=tmp_path, model="m")
    path = tmp_path / FILE
    path.write_bytes(path.read_bytes()[:-30])
    again, calls = bench(folder=tmp_path, model="m")
    assert calls == 1
    assert again.rows == first.rows
    path.write_bytes(b"\xff\xfe damaged from the beginning")
    assert bench(folder=tmp_path, model="m")[1] == 8


def test_a_finished_batch_is_not_enhanced_again_and_a_broken_one_is_enhanced_whole(bench, tmp_path):
    bench(folder=tmp_path, model="m")
    path = tmp_path / FILE
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join(lines[:6]))
    shapes = []

    def enhance(noisy):
        shapes.append(tuple(noisy.shape))
        return torch.tanh(noisy)

    assert bench(enhance, folder=tmp_path, model="m")[1] == 3
    assert shapes == [(3, SAMPLES), (2, SAMPLES)]


def test_progress_counts_mixtures_of_before(bench, tmp_path):
    seen = []
    bench(folder=tmp_path, model="m", watch=lambda *counts: seen.append(counts))
    assert seen[-1] == (8, 8)
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)


def test_failures_are_not_kept(bench, tmp_path):
    results, calls = bench(speech=store("speech", 4, level=0))
    assert calls == 0
    for condition in results.conditions:
        reasons = {one.reasons["si_sdr"] for one in of(results, condition)}
        assert reasons == {"the clean wave is silent"}
    assert not (tmp_path / "cache" / FOLDER).exists()


def test_a_manifest_takes_the_place_of_the_plan(bench, tiny):
    whole, _ = bench()
    speech, noise = store("speech", 4), store("noise", 2)
    recipe = tiny("evaluate.snr_db=[0]", f"evaluate.samples={SAMPLES}")
    plan = plan_manifest(speech, noise, recipe.evaluate)
    assert plan.digest != whole.manifest
    results, _ = bench(manifest=plan)
    assert [one.mixture for one in results.rows] == list(plan.mixtures)
    assert results.manifest == plan.digest


def test_what_cannot_work_says_so_before_the_run(tiny, monkeypatch):
    recipe = tiny("evaluate.baselines=[log_mmse]")
    measures = Measures(recipe, {"si_sdr": SiSdr()}, {"log_mmse": Half()})
    stores = store("speech", 4), store("noise", 2)
    monkeypatch.setattr(Half, "fault", ValueError("this mixture alone"))
    rehearse(measures, *stores)
    monkeypatch.setattr(Half, "fault", ImportError("no module named denoiser"))
    with pytest.raises(RecipeError, match=r"evaluate.baselines\[0\]: no module named denoiser"):
        rehearse(measures, *stores)
