"""The report of a comparison: its numbers, its curves, and every run's waves beside each other."""

import itertools
import json
import re
import sys
from dataclasses import replace

import pytest
from click.testing import CliRunner

from sslse.cli import main
from sslse.compare import compare, load_results
from sslse.errors import RunError
from sslse.report import write_comparison
from sslse.report.dots import Value, dot_plot
from sslse.report.reading import Measure
from sslse.report.scores import Look
from sslse.report.training import TITLES

OTHER = "simsiam & <b>co</b>"


@pytest.fixture(scope="module")
def compared(tmp_path_factory, made):
    """Two runs, the second better everywhere, their comparison and its page."""
    folder = tmp_path_factory.mktemp("compared")
    runs = [
        made.write_run(folder / "first"),
        made.write_run(folder / "second", OTHER, tau=0.5),
    ]
    table = (runs[1] / "evaluation.csv").read_text("utf-8")
    (runs[1] / "evaluation.csv").write_text(table.replace(",9.5,", ",19.5,"), "utf-8")
    comparison = compare(load_results(runs))
    page = made.report(folder / "page", write_comparison, comparison)
    return comparison, *page


def test_it_has_the_means_of_every_row(compared, made):
    comparison, _, page = compared
    table = page.tables[0]
    assert [row[0] for row in table[1:]] == ["noisy", "ratio_mask", made.hostile, OTHER]
    column = [cell.split(" ")[0] for cell in table[0]].index("si_sdr")
    for row in table[1:]:
        mean = comparison.mean(row[0], "si_sdr")
        assert row[column] == f"{mean.value:z.2f}"


def test_it_has_every_difference_with_its_verdict(compared):
    comparison, _, page = compared
    (table,) = [one for one in page.tables if "verdict" in one[0] and len(one[0]) == 7]
    overall = [one for one in comparison.differences if one.by == "all"]
    assert len(overall) == 3
    for row, one in zip(table[1:], overall, strict=True):
        digits = 3 if one.metric == "pesq_nb" else 2
        assert row[0] == one.label == OTHER
        assert row[2] == f"{one.value:+z.{digits}f}"
        assert row[5] == one.verdict


def test_it_says_where_the_recipes_differ(compared, made):
    _, _, page = compared
    (table,) = [one for one in page.tables if one[0][0] == "option"]
    assert ["objective.tau", "0.99", "0.5"] in table
    assert ["name", made.hostile, OTHER] in table
    assert not [row for row in table if row[0] == "seed"]


@pytest.mark.figures
def test_it_draws_the_curves_of_both(folder, made, tmp_path):
    other = made.write_run(tmp_path / "other", OTHER, tau=0.5)
    for run, seconds in ((folder, 300.0), (other, 600.0)):
        line = {"step": 4, "epoch": 1.0, "seconds": seconds, "score/si_sdr": 1.0}
        made.write_lines(run / "scores.jsonl", [line, line | {"epoch": 2.0}])
    comparison = compare(load_results([folder, other]))
    text, _ = made.report(tmp_path / "page", write_comparison, comparison)
    plot = re.compile(r'<div role="img" aria-label="([^"]*)">(<svg.*?</svg>)', re.DOTALL)
    plots = {label: svg for label, svg in plot.findall(text) if "SNR" not in label}
    titles = [TITLES[name] for name in ("se", "cl", "latent/std")]
    scores = ["si_sdr over epochs", "si_sdr over time"]
    assert list(plots) == [*scores, *(f"{title} over epochs" for title in titles)]
    for svg in plots.values():
        strokes = set(re.findall(r"stroke: (var\(--[^)]*\)); stroke-width: 1.6", svg))
        assert strokes == {"var(--accent)", "var(--series-0)"}
    assert "training time (min)" in plots["si_sdr over time"]


def test_it_has_the_scores_of_what_is_heard(compared, made):
    _, text, page = compared
    assert "pesq_nb noisy 1.500, " in " ".join(page.text.split())
    (first, *_) = re.findall(r'<ul class="gains">(.*?)</ul>', text, re.DOTALL)
    assert first.count("no score") == 2


@pytest.mark.figures
def test_figures_that_the_paper_lacks_are_left_empty(folder, made, tmp_path):
    comparison = compare(load_results([folder]), paper=True)
    _, page = made.report(tmp_path / "page", write_comparison, comparison)
    (row,) = [one for one in page.tables[0] if "paper" in one[0]]
    column = [" ".join(one.split()[:1]) for one in page.tables[0][0]].index("lsd")
    assert row[column] == ""


def test_it_has_the_numbers_of_the_plots(compared, made):
    comparison, _, page = compared
    labels = ["noisy", "ratio_mask", made.hostile, OTHER]
    per_snr = [one for one in page.tables if one[0] == ["SNR (dB)", *labels]]
    per_kind = [one for one in page.tables if one[0] == ["noise", *labels, "mixtures"]]
    for tables, by in ((per_snr, "snr_db"), (per_kind, "noise_kind")):
        table = tables[list(made.summary["metrics"]).index("si_sdr")]
        assert [row[0] for row in table[1:]] == comparison.groups(by)
        for row in table[1:]:
            means = [comparison.mean(label, "si_sdr", by, row[0]) for label in labels]
            assert row[1:5] == [f"{one.value:z.2f}" for one in means]


def test_every_runs_wave_can_be_heard(compared, made):
    _, _, page = compared
    sounds = [one["aria-label"] for one in page.named("audio")]
    assert sounds == ["noisy", made.hostile, OTHER, "clean"] * 3


def test_names_are_escaped_and_links_lead_somewhere(compared, made):
    _, text, page = compared
    assert made.hostile not in text
    assert OTHER not in text
    assert len(page.named("script")) == 1
    assert len(page.ids) == len(set(page.ids))
    assert {one["href"][1:] for one in page.named("a")} <= set(page.ids)


@pytest.mark.figures
def test_one_run_is_held_against_noisy(folder, made, tmp_path):
    comparison = compare(load_results([folder]))
    text, page = made.report(tmp_path / "page", write_comparison, comparison)
    assert "Differences from noisy" in page.text
    assert "#recipes" not in text


def test_runs_without_curves_and_sounds_have_a_page(folder, made, tmp_path):
    for name in ("metrics.jsonl", "examples/examples.json", "recipe.yaml"):
        (folder / name).unlink()
    text, page = made.report(tmp_path / "page", write_comparison, compare(load_results([folder])))
    assert "#listen" not in text
    assert "#training" not in text
    assert page.tables


def test_a_damaged_log_is_named(folder, tmp_path):
    comparison = compare(load_results([folder]))
    (folder / "metrics.jsonl").write_bytes(b"\xff")
    with pytest.raises(RunError, match=re.escape(f"{folder / 'metrics.jsonl'}: is damaged")):
        write_comparison(tmp_path / "page", comparison, pytest.fail)
    assert not (tmp_path / "page").exists()


@pytest.mark.figures
def test_without_speakers_the_page_says_what_clusters_are(folder, made, tmp_path):
    comparison = compare(load_results([folder]))
    _, page = made.report(tmp_path / "page", write_comparison, comparison)
    assert f"({comparison.clustered_by})" in page.text
    assert json.dumps(comparison.manifest).strip('"') in page.text


@pytest.mark.figures
def test_the_command_writes_it_beside_its_table(folder, tmp_path):
    done = CliRunner().invoke(main, ["compare", str(folder), "--report", str(tmp_path / "page")])
    assert done.exit_code == 0, done.output
    assert "si_sdr" in done.output
    assert "Differences from noisy" in (tmp_path / "page" / "report.html").read_text("utf-8")


def test_without_the_extra_the_table_is_still_there(folder, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "jinja2", None)
    done = CliRunner().invoke(main, ["compare", str(folder), "--report", str(tmp_path / "page")])
    assert done.exit_code == 0, done.output
    assert "note: no report.html: jinja2 is not installed; pip install" in done.stderr
    assert "si_sdr" in done.stdout
    assert not (tmp_path / "page").exists()


@pytest.mark.parametrize("scale", [1e-6, 3e-4, 0.01, 1.0, 40.0, 12345.0])
def test_ticks_have_room_for_their_texts(scale):
    look = Look("a", "accent", "solid")
    for low, high in ((-1.0, 0.7), (-0.13, -0.11), (0.2, 5.0)):
        values = [Value(look, scale * low, scale * low, scale * high)]
        plot = dot_plot("a", [("a", 1, values)], Measure(), zero=True)
        assert plot.ticks
        places = [(place, len(text)) for text, place in plot.ticks]
        for (left, one), (right, other) in itertools.pairwise(places):
            # A phone's axis has 200 pixels, a character some 6.
            assert 2.0 * (right - left) > 6 * (one + other) / 2


@pytest.mark.figures
def test_a_word_of_two_models_has_no_colour(folder, made, tmp_path):
    comparison = compare(load_results([folder, made.write_run(tmp_path / "o", OTHER, tau=0.5)]))
    for word, tone in (("model worse", ""), ("worse", " worse")):
        told = tuple(replace(one, verdict=word) for one in comparison.differences)
        one = replace(comparison, differences=told)
        text, _ = made.report(tmp_path / word, write_comparison, one)
        assert f'class="text strong{tone}">{word}</td>' in text
        assert ("are said of these trained models" in text) == (word == "model worse")
