"""Means, differences and words, over files whose scores are known."""

import math
from pathlib import Path

import numpy as np
import pytest

from sslse.compare import compare, lay_out, load_results
from sslse.errors import RunError


@pytest.fixture
def compared(runs):
    """Write runs a, b, ... and compare them."""

    def call(*given, metrics=(), folders="abcdef", **options):
        for name, one in zip(folders, given, strict=False):
            scores = one.pop("enhanced")
            runs(name, scores, **{"name": name, **one})
        folders = [Path(name) for name, _ in zip(folders, given, strict=False)]
        return compare(load_results(folders, metrics), **options)

    return call


def test_means_are_those_of_the_files(compared, rows, noise_like):
    scores = noise_like(rows)
    found = compared({"enhanced": {"si_sdr": scores}, "rows": rows})
    assert found.mean("a", "si_sdr").value == pytest.approx(scores.mean())
    at = [score for score, row in zip(scores, rows, strict=True) if row["snr_db"] == 2.5]
    assert found.mean("a", "si_sdr", "snr_db", "2.5").value == pytest.approx(np.mean(at))
    in_rain = scores[[row["noise_kind"] == "rain" for row in rows]]
    one = found.mean("a", "si_sdr", "noise_kind", "rain")
    assert (one.value, one.mixtures) == (pytest.approx(np.mean(in_rain)), len(in_rain))
    assert found.groups("snr_db") == ["-7.5", "-2.5", "2.5", "7.5"]
    assert found.mean("noisy", "si_sdr").value == 0


def test_a_difference_is_that_of_the_means_and_has_a_word(compared, make_rows, noise_like):
    rows = make_rows(speakers=12)
    first = noise_like(rows)
    second = first + 1 + 0.1 * noise_like(rows, seed=1)
    compared(
        *(
            {"enhanced": {"si_sdr": one, "lsd": one}, "rows": rows, "name": name, "seed": seed}
            for name, one in (("a", first), ("b", second))
            for seed in (0, 1)
        )
    )
    found = compare(load_results([Path(one) for one in "abcd"]))
    assert found.reference == "a"
    assert {one.label for one in found.differences} == {"b"}
    one = found.difference("b", "si_sdr")
    assert one.value == pytest.approx((second - first).mean())
    assert one.low < one.value < one.high
    assert (one.verdict, one.clusters, one.mixtures) == ("better", 12, 96)
    assert (one.noises, found.noises) == (48, 48)
    assert found.difference("b", "lsd").verdict == "worse"
    assert found.difference("b", "si_sdr", "snr_db", "7.5").verdict == "better"
    assert found.clustered_by == "speaker"


def test_a_run_against_itself_is_undecided(compared, rows, noise_like):
    scores = {"si_sdr": noise_like(rows)}
    found = compared({"enhanced": scores, "rows": rows}, {"enhanced": scores, "rows": rows})
    for one in found.differences:
        assert (one.value, one.low, one.high, one.p, one.verdict) == (0, 0, 0, 1, "undecided")


def test_holm_is_over_runs_metrics_and_groups_of_one_way(compared, rows, noise_like):
    given = [
        {"enhanced": {"si_sdr": noise_like(rows, seed=i), "lsd": noise_like(rows, seed=9 + i)}}
        for i in range(3)
    ]
    found = compared(*({**one, "rows": rows} for one in given))
    for by, groups in (("all", 1), ("snr_db", 4), ("noise_kind", 2)):
        family = [one for one in found.differences if one.by == by]
        assert len(family) == 2 * 2 * groups
        smallest = min(family, key=lambda one: one.p)
        assert smallest.p_holm == pytest.approx(min(1, len(family) * smallest.p))


def test_seeds_are_pooled_with_their_spread(compared, rows, noise_like):
    scores = [noise_like(rows, mean=mean, seed=mean) for mean in (1, 2, 3)]
    found = compared(
        {"enhanced": {"si_sdr": noise_like(rows, seed=9)}, "rows": rows},
        *(
            {"enhanced": {"si_sdr": one}, "rows": rows, "name": "byol", "seed": seed}
            for seed, one in enumerate(scores)
        ),
    )
    one = found.mean("byol", "si_sdr")
    assert one.value == pytest.approx(np.mean(scores))
    assert one.spread == pytest.approx(np.std([s.mean() for s in scores], ddof=1))
    assert found.notes == (
        (
            "one training seed only of a: intervals and words are of these trained models, and say "
            "nothing of what another seed would give"
        ),
    )


def test_a_mixture_counts_where_every_row_has_a_score(compared, rows, noise_like):
    first, second = noise_like(rows), noise_like(rows, seed=1)
    first[3] = second[10] = second[11] = math.nan
    found = compared(
        {"enhanced": {"si_sdr": first}, "rows": rows},
        {"enhanced": {"si_sdr": second}, "rows": rows},
    )
    counted = np.isfinite(first) & np.isfinite(second)
    for name, scores, failed in (("a", first, 1), ("b", second, 2)):
        one = found.mean(name, "si_sdr")
        assert one.value == pytest.approx(scores[counted].mean())
        assert (one.mixtures, one.failed) == (45, failed)
    one = found.difference("b", "si_sdr")
    assert one.value == pytest.approx((second - first)[counted].mean())
    assert (one.mixtures, one.left_out) == (45, 3)
    assert found.mean("noisy", "si_sdr").failed == 0
    per_snr = [found.mean("b", "si_sdr", "snr_db", one) for one in found.groups("snr_db")]
    assert [one.failed for one in per_snr] == [0, 0, 1, 1]


def test_a_run_without_any_score_leaves_the_others_theirs(compared, rows, noise_like):
    nothing = np.full(len(rows), math.nan)
    scores = noise_like(rows)
    found = compared(
        {"enhanced": {"si_sdr": scores}, "rows": rows},
        {"enhanced": {"si_sdr": nothing}, "rows": rows},
    )
    assert found.mean("a", "si_sdr").value == pytest.approx(scores.mean())
    assert (found.mean("b", "si_sdr").value, found.mean("b", "si_sdr").failed) == (None, 48)
    one = found.difference("b", "si_sdr")
    assert (one.value, one.low, one.high, one.p) == (None, None, None, None)
    assert (one.p_holm, one.verdict) == (1, "undecided")
    assert (one.mixtures, one.left_out) == (0, 48)


def test_clusters_of_choice(compared, rows, noise_like):
    given = [{"enhanced": {"si_sdr": noise_like(rows, seed=i)}, "rows": rows} for i in range(2)]
    assert compared(*given).clustered_by == "speaker"
    found = compare(load_results([Path("a"), Path("b")]), cluster="utterance")
    assert (found.clustered_by, found.clusters) == ("utterance", 12)
    assert found.difference("b", "si_sdr").clusters == 12


def test_few_speakers_allow_no_word_and_it_is_said(compared, make_rows, noise_like):
    rows = make_rows(speakers=4)
    first = noise_like(rows)
    found = compared(
        {"enhanced": {"si_sdr": first}, "rows": rows},
        {"enhanced": {"si_sdr": first + 3 + 0.01 * noise_like(rows, seed=1)}, "rows": rows},
    )
    one = found.difference("b", "si_sdr")
    assert (one.p, one.verdict) == (0.125, "undecided")
    assert one.low > 2.9
    (table,) = [one for one in lay_out(found) if one.title.startswith("Difference")]
    assert table.notes[1] == (
        "no word is possible here: 4 clusters give no p below 0.125, which is adjusted for "
        "1 difference; --cluster utterance asks of other utterances of these speakers"
    )


@pytest.mark.parametrize("seeds", [(1, 1), (2, 1), (1, 2), (2, 2)])
def test_one_seed_tells_of_models_and_several_of_methods(compared, make_rows, noise_like, seeds):
    rows = make_rows(speakers=12)
    first = noise_like(rows)
    given = [
        {"enhanced": {"si_sdr": scores}, "rows": rows, "name": name, "seed": seed}
        for name, count, scores in (("one", seeds[0], first), ("other", seeds[1], first - 1))
        for seed in range(count)
    ]
    compared(*given)
    found = compare(load_results([Path(one) for one in "abcd"[: len(given)]]))
    word = "worse" if seeds == (2, 2) else "model worse"
    assert found.difference("other", "si_sdr").verdict == word
    (table,) = [one for one in lay_out(found) if one.title.endswith("over all mixtures")]
    assert table.rows[0][5] == word
    note = "model better, model worse: said of these trained models, not of their methods, as "
    assert any(note in one for one in table.notes) == (seeds != (2, 2))


def test_one_seed_against_the_noisy_waves_tells_of_this_model(compared, make_rows, noise_like):
    rows = make_rows(speakers=12)
    found = compared({"enhanced": {"si_sdr": noise_like(rows, mean=20)}, "rows": rows})
    assert found.difference("a", "si_sdr").verdict == "model better"


def test_noise_recordings_are_drawn_again_too(compared, make_rows, noise_like):
    """A gain under one of a few noises alone is no gain under noises."""
    rows = make_rows(speakers=12)
    for place, row in enumerate(rows):
        row["noise"] = f"n{place % 5}"
    first = noise_like(rows)
    gain = np.array([6.0 if row["noise"] == "n0" else 0.01 for row in rows])
    found = compared(
        {"enhanced": {"si_sdr": first}, "rows": rows},
        {"enhanced": {"si_sdr": first + gain}, "rows": rows},
    )
    one = found.difference("b", "si_sdr")
    assert (one.noises, one.verdict) == (5, "undecided")
    assert one.low < 0
    alone = [{**row, "noise": "n"} for row in rows]
    found = compared(
        {"enhanced": {"si_sdr": first}, "rows": alone, "name": "c"},
        {"enhanced": {"si_sdr": first + gain}, "rows": alone, "name": "d"},
        folders="cd",
    )
    one = found.difference("d", "si_sdr")
    assert (one.noises, one.verdict) == (1, "model better")
    (table,) = [one for one in lay_out(found) if one.title.endswith("over all mixtures")]
    assert "where there is one noise recording, all is said under this noise" in table.notes


def test_few_noises_allow_no_word_and_it_is_said(compared, make_rows, noise_like):
    rows = make_rows(speakers=12)
    for place, row in enumerate(rows):
        row["noise"] = f"n{place % 3}"
    first = noise_like(rows)
    found = compared(
        {"enhanced": {"si_sdr": first}, "rows": rows},
        {"enhanced": {"si_sdr": first + 3}, "rows": rows},
    )
    assert found.difference("b", "si_sdr").verdict == "undecided"
    (table,) = [one for one in lay_out(found) if one.title.endswith("over all mixtures")]
    assert table.notes[-1] == (
        "no word is possible here: 3 noise recordings give no p below 0.250, which is adjusted "
        "for 1 difference"
    )


def test_unknown_speakers_are_clustered_by_utterance(compared, make_rows, noise_like):
    rows = make_rows(named=False)
    for row in rows[:8]:
        row["speaker"] = "s"
    found = compared(
        *({"enhanced": {"si_sdr": noise_like(rows, seed=i)}, "rows": rows} for i in range(2))
    )
    assert found.clustered_by == "speaker or utterance"
    assert found.clusters == 11  # two of twelve utterances are of one speaker


def test_one_cluster_says_nothing_of_others(compared, make_rows, noise_like):
    rows = make_rows(speakers=1)
    found = compared(
        *({"enhanced": {"si_sdr": noise_like(rows, mean=9 * i)}, "rows": rows} for i in range(2))
    )
    one = found.difference("b", "si_sdr")
    assert one.value == pytest.approx(9)
    assert (one.low, one.high, one.p, one.verdict) == (None, None, None, "undecided")


def test_another_reference(compared, rows, noise_like):
    given = [{"enhanced": {"si_sdr": noise_like(rows, seed=i)}, "rows": rows} for i in range(3)]
    baselines = {"log_mmse": {"si_sdr": noise_like(rows, seed=5)}}
    found = compared(*(dict(one, baselines=baselines) for one in given), baseline="b")
    assert (found.reference, {one.label for one in found.differences}) == ("b", {"a", "c"})
    results = load_results([Path(one) for one in "abc"])
    for name in ("noisy", "log_mmse"):
        found = compare(results, baseline=name)
        assert (found.reference, {one.label for one in found.differences}) == (name, set("abc"))
    with pytest.raises(RunError, match=r"^--baseline log_mms: no row is called .* mean 'log_mm"):
        compare(results, baseline="log_mms")


def test_one_run_is_held_against_the_noisy_waves(compared, rows, noise_like):
    found = compared({"enhanced": {"si_sdr": noise_like(rows)}, "rows": rows})
    assert (found.reference, {one.label for one in found.differences}) == ("noisy", {"a"})


def test_a_reference_by_folder_and_a_name_of_several(compared, rows, noise_like):
    for number, (folder, tau) in enumerate((("a", 0.9), ("b", 0.99))):
        given = {"name": "byol", "recipe": {"objective": {"tau": tau}}, "rows": rows}
        given["enhanced"] = {"si_sdr": noise_like(rows, seed=number)}
        if folder == "a":
            first = given
    with pytest.raises(RunError, match=r"byol: is the name of 2 rows; give byol \(objective.tau=0"):
        compared(first, given, baseline="byol")
    found = compare(load_results([Path("a"), Path("b")]), baseline="b")
    assert found.reference == "byol (objective.tau=0.99)"


def test_it_is_deterministic_and_one_metric_does_not_depend_on_another(compared, rows, noise_like):
    given = [
        {"enhanced": {"si_sdr": noise_like(rows, seed=i), "lsd": noise_like(rows, seed=9 + i)}}
        for i in range(2)
    ]
    found = compared(*({**one, "rows": rows} for one in given))
    results = load_results([Path("a"), Path("b")])
    assert compare(results) == found
    alone = compare(load_results([Path("a"), Path("b")], ["lsd"]))
    assert alone.difference("b", "lsd").low == found.difference("b", "lsd").low
    assert compare(results, seed=1).difference("b", "lsd").low != found.difference("b", "lsd").low


def test_the_papers_rows_follow_those_they_belong_to(runs, rows, noise_like):
    for name, measured in (("byol_round", "pesq_nb"), ("other", "pesq_nb")):
        measures = {measured: {"better": "higher", "unit": "", "range": None}}
        options = {"measures": measures, "contract": {measured: {}}, "name": name}
        runs(name, {measured: noise_like(rows)}, rows=rows, **options)
    found = compare(load_results([Path("byol_round"), Path("other")]), paper=True)
    assert [(one.label, one.kind) for one in found.rows] == [
        ("noisy", "noisy"),
        ("paper: noisy", "paper"),
        ("byol_round", "run"),
        ("paper: BYOL round", "paper"),
        ("other", "run"),
    ]
    assert found.mean("paper: BYOL round", "pesq_nb").value == 2.461
    assert found.mean("paper: noisy", "pesq_nb", "snr_db", "7.5").value == 2.3
    assert found.mean("paper: noisy", "pesq_nb", "noise_kind", "rain") is None
    assert not [one for one in found.differences if one.label.startswith("paper")]
