"""``sslse reproduce`` with a miniature tier: real runs, all tables and figures, in seconds."""

import csv
import re

import pytest
from click.testing import CliRunner

from sslse.cli import main
from sslse.compare import compare, load_results
from sslse.compare.paper import published
from sslse.curves import read_course
from sslse.reproduce.claims import claims
from sslse.sweep import running

pytestmark = pytest.mark.training

MINIATURE = """
about: A miniature.
seeds: 1
data: [demo]
sets: [{sets}]
low_data: [train.crops_per_utterance=3]
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory, tiny_cache, tiny_sets, start_here):
    """A finished reproduction."""
    root = tmp_path_factory.mktemp("reproduce")
    own = [
        "preset=small",
        "train.epochs=8",
        "train.batch_size=45",
        "train.crops_per_utterance=1",
        "train.checkpoint_seconds=60",
        "evaluate.every=1",
        "evaluate.every_utterances=1",
        "evaluate.snr_db=[-7.5, 7.5]",
        "evaluate.baselines=[]",
        f"data.cache={tiny_cache}",
    ]
    sets = ", ".join(f"'{one}'" for one in [*tiny_sets, *own])
    (root / "mini.yaml").write_text(MINIATURE.format(sets=sets))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(running, "start", start_here)
        patch.setattr("sslse.run.write_report", lambda *_: None)
        arguments = ["--tier", str(root / "mini.yaml"), "--out", str(root / "out")]
        result = CliRunner().invoke(main, ["reproduce", *arguments, "--device", "cpu"])
    assert result.exit_code == 0, f"{result.output}{result.exception}"
    return root / "out"


def runs(folder, *, low_data):
    found = [one for one in folder.iterdir() if (one / "recipe.yaml").is_file()]
    return sorted(one for one in found if one.name.startswith("low_data") == low_data)


def test_the_page_has_every_table_and_figure(folder):
    page = (folder / "README.md").read_text()
    for heading in ("Table 2", "Table 5", "Figure 4", "Figure 5", "Figure 6"):
        assert f"\n## {heading}: " in page
    for target in re.findall(r"\]\(([^)]+)\)", page):
        assert (folder / target).is_file(), target
    for name in ("methods", "schedules", "low_data"):
        for ending in ("png", "svg", "csv"):
            assert (folder / "figures" / f"{name}.{ending}").stat().st_size > 100
    assert "None" not in page
    assert "nan" not in page


def test_the_tables_hold_the_papers_figures_and_the_runs(folder):
    with (folder / "tables.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    comparison = compare(load_results(runs(folder, low_data=False)))
    found = {(one["table"], one["model"], one["snr_db"]): one for one in rows}
    assert {key[0] for key in found} == {"2", "5"}
    paper = published()["byol_round"].means["si_sdr"]
    for snr_db, table in (("", "2"), ("-7.5", "5"), ("7.5", "5")):
        row = found[table, "BYOL round", snr_db]
        assert float(row["paper"]) == paper[snr_db]
        mean = comparison.mean("byol_round", "si_sdr", "snr_db" if snr_db else "all", snr_db)
        assert float(row["here"]) == pytest.approx(mean.value, rel=1e-5)
        shown = f"| {paper[snr_db]:.3f} | {mean.value:.3f} |"
        line = f"\n| BYOL round {shown}" if not snr_db else shown
        assert line in (folder / "README.md").read_text()
    assert found["2", "BYOL pretrain", ""]["paper"] == ""
    assert len([one for one in rows if one["table"] == "2"]) == 9  # noisy and eight models


def test_all_runs_had_equal_steps_and_mixtures(folder):
    page = (folder / "README.md").read_text()
    assert "- 11 runs; seeds: 0; optimizer steps of a run: 16\n" in page
    for low_data in (False, True):
        manifests = {load_results([one]).manifest for one in runs(folder, low_data=low_data)}
        assert len(manifests) == 1
    assert "`schedule.period` is 1 of 8 epochs, as published 50 of 400" in page


def test_the_claims_are_put_beside_what_was_measured(folder):
    main_runs, low_data = (runs(folder, low_data=one) for one in (False, True))
    courses = [read_course(one) for one in (*main_runs, *low_data)]
    rounds = [one for one in main_runs if one.name.startswith("byol") and "pre" not in one.name]
    found = claims(
        compare(load_results(main_runs), baseline="normal"),
        [compare(load_results(rounds), baseline="byol")],
        None,
        compare(load_results(low_data), baseline="low_data_normal"),
        courses,
    )
    early, better, rounds, overfitting, little = found
    byol, normal = (
        {
            round(one.epoch): one.value
            for one in read_course(folder / f"{name},seed=0").values("score/si_sdr")
        }
        for name in ("byol", "normal")
    )
    gap = byol[2] - normal[2]
    assert f"BYOL {gap:+.2f} dB (one seed: no interval): undecided" in early.here
    assert {one.word for one in (early, better, rounds, little)} == {"undecided"}  # one seed
    assert len(better.here) == 7
    assert [line.partition(" dB")[0].rpartition(" ")[0] for line in rounds.here] == [
        "BYOL round",
        "BYOL round (100)",
    ]
    assert len(little.here) == 2
    lost = read_course(folder / "simsiam_pretrain,seed=0").values("score/si_sdr")
    best = max(one.value for one in lost)
    below = f"SimSiam pretrain ends {best - lost[-1].value:.2f} dB below its best ("
    assert overfitting.here[0].startswith(below)
    assert overfitting.word == "not measured"
    for one in found:
        assert one.text in (folder / "README.md").read_text()


def test_the_same_command_writes_the_page_again(folder):
    before = (folder / "README.md").read_text()
    (folder / "README.md").unlink()
    tier = folder.parent / "mini.yaml"
    arguments = ["reproduce", "--tier", str(tier), "--out", str(folder), "--device", "cpu"]
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 0, result.output
    assert "11 of 11 runs are evaluated already" in result.output
    assert (folder / "README.md").read_text() == before
