"""The report: it says what the run directory holds, safely and in one file."""

import base64
import hashlib
import json
import re
import sys

import pytest

from sslse.report import curves, write_report


@pytest.fixture(scope="module")
def finished(tmp_path_factory, made):
    """Give a run that is only read, with its report as text and as a page."""
    folder = made.write_run(tmp_path_factory.mktemp("runs") / "run")
    return folder, *made.report(folder)


def words(cells):
    return [" ".join(one.split()) for one in cells]


def test_it_has_the_numbers_of_the_evaluation(finished, made):
    _, _, page = finished
    headline, failures, pesq, si_sdr, _, kinds, *_ = page.tables
    assert headline[0][1:] == [
        *("noisy", "enhanced", "ratio_mask (oracle)", "difference", "scored", "failed")
    ]
    assert [words(row) for row in headline[1:]] == [
        ["pesq_nb \u2191, higher is better", "1.513", "1.750", "3.000", "+0.237", "3", "1"],
        ["si_sdr (dB) \u2191, higher is better", "0.00", "4.25", "9.00", "+4.25", "4", "0"],
        ["lsd (dB) \u2193, lower is better", "2.00", "2.50", "1.00", "+0.50 (worse)", "4", "0"],
    ]
    assert failures[1:] == [["pesq_nb", "enhanced", f"PesqError: no {made.hostile}", "1"]]
    assert pesq[1:] == [
        ["-5", "no score", "no score", "2.500", ""],
        ["5", "1.513", "1.750", "3.500", "+0.237"],
    ]
    assert si_sdr[1:] == [
        ["-5", "-5.03", "1.23", "8.00", "+6.26"],
        ["5", "5.03", "7.27", "10.00", "+2.24"],
    ]
    assert kinds[1:] == [
        [made.script, "no score", "no score", "no score", "0"],
        ["hum", "1.512", "1.500", "3.500", "2"],
    ]
    assert "Means over 4 mixtures of 2 utterances." in page.text


def test_the_mixtures_are_ranked_by_the_gain_in_the_first_metric(finished):
    _, _, page = finished
    (items,) = [one for one in page.tables if one[0][0] == "mixture"]
    assert [words(row) for row in items[1:]] == [
        ["worst", "second", "siren-5", "5", "1.525", "1.250", "-0.275 (worse)"],
        ["best: first, listen", "first", "rain-5", "5", "1.500", "1.750", "+0.250"],
    ]


@pytest.mark.figures
def test_where_less_is_better_the_least_difference_is_the_best(folder, made):
    summary = json.loads((folder / "evaluation.json").read_text("utf-8"))
    for means in (summary["mean"], *summary["per_snr"].values()):
        for condition, scores in means.items():
            means[condition] = {"lsd": scores["lsd"]}
    (folder / "evaluation.json").write_text(json.dumps(summary), "utf-8")
    _, page = made.report(folder)
    (items,) = [one for one in page.tables if one[0][0] == "mixture"]
    assert [(row[0].partition(":")[0], row[3]) for row in items[1:]] == [
        ("worst", "-5"),
        ("worst", "-5"),
        ("best", "5"),
        ("best", "5"),
    ]


def test_it_has_recipe_contracts_and_provenance(finished):
    folder, _, page = finished
    assert (folder / "recipe.yaml").read_text("utf-8").strip() in page.text
    contracts, run, packages = page.tables[-3:]
    assert contracts[1] == ["si_sdr", "package: sslse; version: 0.1.0; zero_mean: True"]
    assert contracts[3] == ["ratio_mask", "oracle: True"]
    assert ["command", "sslse run 'a recipe.yaml'"] in run
    assert ["commit", "unknown"] in run
    assert packages == [["torch", "2.14.1"], ["pystoi", "unknown"]]
    assert "broken plugins" not in page.text
    assert "5ca1ab1e" in page.text


def test_names_are_escaped(finished, made):
    _, text, page = finished
    assert made.hostile not in text
    assert made.script not in text
    assert "&lt;img src=x onerror=alert(1)&gt;" in text
    assert len(page.named("script")) == 1
    assert not [one for _, one in page.tags if "onerror" in one]
    assert f"{made.hostile}: sslse report" in page.text


def test_it_runs_its_own_script_and_nothing_else(finished):
    _, text, page = finished
    (policy,) = [one["content"] for one in page.named("meta") if "http-equiv" in one]
    script = re.search(r"<script>(.*)</script>", text, re.DOTALL)[1]
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}';" in policy
    assert policy.startswith("default-src 'none';")


def test_it_needs_nothing_else(finished):
    _, text, page = finished
    assert not re.search(r"https?:", text)
    for tag, attributes in page.tags:
        assert attributes.get("src", "data:").startswith("data:")
        if tag != "link":
            for name in ("href", "xlink:href"):
                assert attributes.get(name, "#").startswith("#")
    assert page.named("link") == [{"rel": "icon", "href": "data:,"}]
    assert not re.search(r"@import|url\((?!#)", text)


def test_ids_are_unique_and_links_lead_somewhere(finished):
    _, _, page = finished
    assert len(page.ids) == len(set(page.ids))
    targets = [one["href"][1:] for one in page.named("a")]
    targets += [one["xlink:href"][1:] for one in page.named("use")]
    targets += re.findall(r"url\(#([^)]*)\)", str(page.tags))
    assert {"training", "collapse", "listen", "example-3"} <= set(targets)
    assert set(targets) <= set(page.ids)


@pytest.mark.figures
def test_what_is_scored_during_training_is_drawn_over_epochs_and_over_time(folder, made):
    lines = [
        {"step": 0, "epoch": 0.0, "seconds": 0.0, "score/si_sdr": 0.0},
        {"step": 4, "epoch": 1.0, "seconds": 450.0, "score/si_sdr": 1.0},
        {"step": 8, "epoch": 2.0, "seconds": 600.0, "score/si_sdr": 2.0},
    ]
    made.write_lines(folder / "scores.jsonl", lines)
    text, _ = made.report(folder)
    drawn = re.compile(r'aria-label="si_sdr over (epochs|time)">(<svg.*?</svg>)', re.DOTALL)
    (over_epochs, first), (over_time, second) = drawn.findall(text)
    assert (over_epochs, over_time) == ("epochs", "time")
    assert {"training time (min)", "10"} <= set(re.findall(r"<text[^>]*>([^<]*)</text>", second))
    assert (phase_share(first), phase_share(second)) == pytest.approx((0.5, 0.75), abs=0.01)


def phase_share(plot):
    """How much of a plot's width its first phase takes."""
    first, second = re.findall(r'-phase-\d">\s*<path d="M ([\d.]+) \S+\s+L ([\d.]+)', plot)
    (left, middle), (_, right) = (map(float, one) for one in (first, second))
    return (middle - left) / (right - left)


def test_phases_of_the_schedule_are_shaded(finished, made):
    _, text, page = finished
    shaded = [one for one in page.ids if "-phase-" in one]
    plots = ["weights", *(f"training-{plot}" for plot in range(4))]
    assert shaded == [f"{plot}-phase-{phase}" for plot in plots for phase in range(2)]
    assert "CL x 1 + SE x 0.1" in page.text
    for tint in range(2):
        assert text.count(f"fill: var(--tint-{tint})") == len(made.figures) + 1


def test_plots_have_the_colours_of_the_page(finished, made):
    _, text, page = finished
    drawings = plots(text)
    metrics = len(made.summary["metrics"])
    assert len(drawings) == len(made.figures) + 1 + metrics
    strokes = set(re.findall(r"stroke: (var\(--[^)]*\))", drawings[0]))
    assert {"var(--accent)", "var(--quiet)", "var(--series-0)"} <= strokes
    assert not any("#0000" in one for one in drawings)
    images = [one for one in page.named("div") if one.get("role") == "img"]
    assert len(images) == len(drawings) + metrics
    assert all(one["aria-label"] for one in images)


def plots(text):
    return re.findall(r'<div role="img"[^>]*>(<svg.*?</svg>)', text, flags=re.DOTALL)


def test_phases_end_where_the_weights_change(made):
    weights = {2: (1, 0.1), 4: (1, 0.1), 8: (0, 1), 10: (1, 0.1)}
    lines = [made.logged(step, *both) for step, both in weights.items()]
    assert curves.shades(lines) == [
        curves.Phase(0.0, 1.0, 0, "CL x 1 + SE x 0.1"),
        curves.Phase(1.0, 2.0, 1, "SE x 1"),
        curves.Phase(2.0, 2.5, 0, "CL x 1 + SE x 0.1"),
    ]


def test_weights_that_keep_changing_are_told_apart_by_the_losses_that_count(made):
    lines = [made.logged(step, max(0.0, 1 - step / 8), 1) for step in range(1, 13)]
    assert curves.shades(lines) == [
        curves.Phase(0.0, 1.75, 0, "CL + SE"),
        curves.Phase(1.75, 3.0, 1, "SE"),
    ]


def test_weights_that_adapt_are_one_phase_however_few_lines_there_are(made):
    lines = [made.logged(4 * epoch, 1 + 0.1 * epoch, 0.1) for epoch in (1, 2, 3)]
    assert curves.shades(lines) == [curves.Phase(0.0, 3.0, 0, "CL + SE")]


def weight_curves(made, folder, lines):
    """The two curves of the weights' plot, as SVG paths, and the whole plot."""
    made.write_lines(folder / "metrics.jsonl", lines)
    text, _ = made.report(folder)
    (plot,) = re.findall(r'aria-label="weights of the losses.*?(<svg.*?</svg>)', text, re.DOTALL)
    stroke = r'<path d="([^"]*)"[^>]*"[^"]*stroke: var\(--(accent|quiet)\); stroke-width: 1.6'
    return {colour: path for path, colour in re.findall(stroke, plot)}, plot


def test_the_weights_are_drawn_where_they_change(folder, made):
    lines = [made.logged(step, 1 - step / 10, step / 10, loss=-1.0) for step in range(1, 11)]
    paths, plot = weight_curves(made, folder, lines)
    assert set(paths) == {"accent", "quiet"}
    heights = {
        colour: [float(one) for one in re.findall(r"[ML] \S+ (\S+)", path)]
        for colour, path in paths.items()
    }
    assert heights["accent"] == sorted(heights["accent"])  # SVG counts downwards
    assert heights["quiet"] == sorted(heights["quiet"], reverse=True)
    assert heights["accent"] == pytest.approx([*heights["quiet"][-2::-1], max(heights["accent"])])
    assert "#0000" not in plot


@pytest.mark.figures
def test_weights_far_apart_are_drawn_on_a_logarithmic_axis(folder, made):
    weights = [(9.0, 0.05), (0.0, 0.05), (9.5, 0.04)]
    lines = [made.logged(step, *both, loss=-1.0) for step, both in enumerate(weights, 1)]
    paths, plot = weight_curves(made, folder, lines)
    assert paths["accent"].count("M ") == 2
    labels = re.findall(r"<text[^>]*>([^<]*)</text>", plot)
    assert {"0.1", "1", "10"} <= set(labels)


def test_a_weight_that_fades_to_nothing_stays_on_a_linear_axis(folder, made):
    lines = [made.logged(step, 1 - step / 100, 1.0, loss=-1.0) for step in range(1, 101)]
    _, plot = weight_curves(made, folder, lines)
    assert {"0.0", "0.2", "1.0"} <= set(re.findall(r"<text[^>]*>([^<]*)</text>", plot))


@pytest.mark.figures
def test_weights_that_stay_have_no_plot(folder, made):
    lines = [made.logged(step, 1.0, 0.1, **made.figures) for step in (2, 4)]
    made.write_lines(folder / "metrics.jsonl", lines)
    _, page = made.report(folder)
    assert "weights of the losses" not in page.text
    assert "training-0-phase-0" in page.ids


@pytest.mark.figures
def test_a_curve_is_broken_where_a_loss_is_not_computed(folder, made):
    made.write_lines(
        folder / "metrics.jsonl",
        [
            made.logged(4, 1, 1, cl=-0.25),
            made.logged(8, 1, 1, cl=-0.5),
            made.logged(12, 0, 1),
            made.logged(16, 1, 1, cl=-0.75),
            made.logged(20, 1, 1, cl=-0.5),
        ],
    )
    text, _ = made.report(folder)
    paths = re.findall(r'<path d="([^"]*)"[^>]*stroke: var\(--accent\); stroke-width: 1.6', text)
    assert paths[-1].count("M ") == 2


def test_a_run_without_a_log_has_no_curves(folder, made):
    (folder / "metrics.jsonl").unlink()
    text, page = made.report(folder)
    assert "#training" not in text
    assert len(plots(text)) == len(made.summary["metrics"])
    assert page.tables


@pytest.mark.figures
def test_a_run_without_metrics_ranks_nothing(folder, made):
    nothing = {"noisy": {}, "enhanced": {}}
    summary = made.summary | {"mean": nothing, "per_snr": {"-5": nothing}, "contract": {}}
    summary["conditions"] = list(nothing)
    (folder / "evaluation.json").write_text(json.dumps(summary), "utf-8")
    text, page = made.report(folder)
    assert "#items" not in text
    assert "items" not in page.ids


@pytest.mark.figures
def test_a_second_report_replaces_the_first(folder, made):
    made.report(folder)
    summary = made.summary | {"counts": made.summary["counts"] | {"mixtures": 4321}}
    (folder / "evaluation.json").write_text(json.dumps(summary), "utf-8")
    _, page = made.report(folder)
    assert "Means over 4321 mixtures" in page.text
    assert not list(folder.glob("*.partial"))


@pytest.mark.figures
def test_the_same_run_gives_the_same_page(finished, folder, made):
    assert made.report(folder)[0] == finished[1]


@pytest.mark.parametrize("package", ["jinja2", "matplotlib"])
def test_without_the_extra_it_says_how_to_get_it(folder, monkeypatch, package):
    monkeypatch.setitem(sys.modules, package, None)
    before = sorted(folder.iterdir())
    said = []
    write_report(folder, said.append)
    assert said == [
        f"note: no report.html: {package} is not installed; pip install 'sslse[report]'"
    ]
    assert sorted(folder.iterdir()) == before
