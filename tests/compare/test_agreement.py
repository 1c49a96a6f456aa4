"""Runs that cannot be compared are refused, with what differs."""

from pathlib import Path

import pytest

from sslse.compare import load_results
from sslse.errors import RunError


@pytest.fixture
def pair(runs, rows, noise_like):
    """Write run a, and run b with what is different."""

    def write(metrics=("si_sdr",), **options):
        runs("a", {"si_sdr": noise_like(rows), "lsd": noise_like(rows)}, rows=rows)
        given = options.setdefault("rows", rows)
        runs("b", {one: noise_like(given) for one in metrics}, name="normal", **options)

    return write


def refusal(*folders, metrics=()):
    with pytest.raises(RunError) as caught:
        load_results([Path(one) for one in folders], metrics)
    return str(caught.value)


def test_equal_ones_pass(pair):
    pair(("si_sdr", "lsd"))
    found = load_results([Path("a"), Path("b")])
    assert [one.name for one in found.metrics] == ["si_sdr", "lsd"]
    assert found.notes == ()
    assert [one.label for one in found.entries] == ["noisy", "byol", "normal"]


def test_another_seed_of_the_mixtures(pair):
    pair(manifest={"seed": 7})
    said = refusal("a", "b")
    assert said.startswith("b: cannot be compared with a: the test mixtures differ: manifest ")
    assert "seed: 0 there, 7 here" in said
    assert said.endswith(
        "'sslse evaluate b --manifest a/manifest.json' scores the same, into b/evaluations"
    )


def test_another_number_of_mixtures(pair, rows):
    pair(rows=rows[:20])
    assert "rows: 48 there, 20 here" in refusal("a", "b")
    Path("a/manifest.json").unlink()
    assert "; 48 mixtures there, 20 here;" in refusal("a", "b")


def test_another_mixture(pair, make_rows):
    rows = make_rows()
    rows[2]["noise"] = "wind.wav"
    pair(rows=rows)
    said = refusal("a", "b")
    assert 'mixture 3 differs: noise: "rain-0.wav" there, "wind.wav" here' in said.replace("'", '"')


def test_rows_that_are_not_those_of_the_manifest(pair):
    pair()
    path = Path("b/evaluation.csv")
    path.write_text(path.read_text("utf-8").replace("n0-1", "n9-9", 1), "utf-8")
    said = refusal("a", "b")
    assert "but mixture 2 differs: noisy: 'n0-1' there, 'n9-9' here; evaluate both again" in said


def test_another_contract(pair, contracts):
    pair(contract={"si_sdr": {**contracts["si_sdr"], "zero_mean": False}})
    assert refusal("a", "b") == (
        "b: cannot be compared with a: the metric si_sdr differs: "
        "contract.zero_mean: true there, false here"
    )


def test_a_contract_of_another_metric_does_not_matter(pair, contracts):
    contract = {**contracts, "lsd": {"package": "p", "package_version": "2.0"}}
    pair(("si_sdr", "lsd"), contract=contract)
    said = refusal("a", "b")
    assert "metric lsd differs: contract.package_version: '1.0' there, '2.0' here" in said
    assert len(load_results([Path("a"), Path("b")], ["si_sdr"]).metrics) == 1


def test_another_direction(pair, measures):
    pair(measures={"si_sdr": {**measures["si_sdr"], "better": "lower"}})
    assert "the metric si_sdr differs: better: 'higher' there, 'lower' here" in refusal("a", "b")


def test_another_baseline(runs, rows, noise_like):
    scores = {"si_sdr": noise_like(rows)}
    runs("a", scores, rows=rows, baselines={"log_mmse": scores})
    runs("b", scores, rows=rows, name="other", baselines={"log_mmse": scores})
    path = Path("b/evaluation.json")
    path.write_text(path.read_text("utf-8").replace('"kind": "log_mmse"', '"kind": "x"'), "utf-8")
    assert "the baseline log_mmse differs: kind: 'log_mmse' there, 'x' here" in refusal("a", "b")


def test_other_noisy_scores(pair, rows):
    noisy = [row["snr_db"] for row in rows]
    noisy[4] += 0.5
    pair(noisy={"si_sdr": noisy})
    assert "si_sdr of the noisy wave of mixture 5 is -7.5 there, -7 here" in refusal("a", "b")


def test_all_refused_ones_are_named(runs, rows, noise_like):
    scores = {"si_sdr": noise_like(rows)}
    runs("a", scores, rows=rows)
    runs("b", scores, rows=rows, manifest={"seed": 1})
    runs("c", scores, rows=rows, manifest={"samples": 9})
    lines = refusal("a", "b", "c").splitlines()
    assert [line[0] for line in lines] == ["b", "c"]
    assert "samples: 32768 there, 9 here" in lines[1]


def test_a_metric_not_common_to_all_is_left_out_and_said(pair):
    pair()
    found = load_results([Path("a"), Path("b")])
    assert [one.name for one in found.metrics] == ["si_sdr"]
    assert found.notes == ("lsd is left out: not measured in b",)


def test_wanted_metrics(pair):
    pair()
    assert refusal("a", "b", metrics=["lsd"]) == "b: not scored with lsd"
    assert refusal("a", "b", metrics=["si_sd"]) == (
        "no run was scored with 'si_sd'; did you mean 'si_sdr'? (possible: si_sdr, lsd)"
    )


def test_nothing_in_common(runs, rows, noise_like):
    runs("a", {"si_sdr": noise_like(rows)}, rows=rows)
    runs("b", {"lsd": noise_like(rows)}, rows=rows)
    assert refusal("a", "b") == "no metric is common to all runs (a: si_sdr; b: lsd)"


def test_a_folder_given_twice(pair):
    pair()
    assert refusal("a", "b", "b/../a") == "b/../a: is given twice"
