"""The report: it says what the run directory holds, safely and in one file."""

import csv
import json
import re
import sys
from html.parser import HTMLParser

import pytest
import yaml

from sslse.report import curves, write_report

HOSTILE = "<script>alert(1)</script>"
VOID = {"meta", "br", "hr", "img", "link", "input"}
SUMMARY = {
    "mean": {
        "noisy": {"pesq_nb": 1.5126, "si_sdr": -0.0004},
        "enhanced": {"pesq_nb": 1.75, "si_sdr": 4.25},
    },
    "per_snr": {
        "-5": {
            "noisy": {"pesq_nb": None, "si_sdr": -5.031},
            "enhanced": {"pesq_nb": None, "si_sdr": 1.234},
        },
        "5": {
            "noisy": {"pesq_nb": 1.5126, "si_sdr": 5.03},
            "enhanced": {"pesq_nb": 1.75, "si_sdr": 7.266},
        },
    },
    "counts": {"mixtures": 4, "utterances": 2, "scored": {"pesq_nb": 3, "si_sdr": 4}},
    "failures": {"noisy": {}, "enhanced": {"pesq_nb": {f"PesqError: no {HOSTILE}": 1}}},
    "contract": {
        "pesq_nb": {"package": "pesq", "version": "0.0.4", "mode": "nb"},
        "si_sdr": {"package": "sslse", "version": "0.1.0", "zero_mean": True},
    },
}
ROWS = [
    (HOSTILE, "wind-5", -5.0, "", "nan", -5.0, 1.0),
    ("second", "hum-5", -5.0, "", "nan", -5.062, -6.0625),
    ("first", "rain-5", 5.0, 1.5, 1.75, 5.0, 9.5),
    ("second", "siren-5", 5.0, 1.525, 1.75, 5.06, 5.032),
]
FIGURES = {"loss": -1.0, "cl": -0.5, "se": -2.0, "latent/std": 0.75}


def logged(step, weight_cl, weight_se, /, **figures):
    weights = {"learning_rate": 1e-3, "weight_cl": weight_cl, "weight_se": weight_se}
    timing = {"seconds": 2.0 * step, "pairs_per_second": 8.0}
    return {"step": step, "epoch": step / 4, **weights, **figures, **timing}


def write_lines(folder, lines):
    text = "".join(json.dumps(line) + "\n" for line in lines)
    (folder / "metrics.jsonl").write_text(text, encoding="utf-8")


def write_run(folder):
    recipe = {
        "name": HOSTILE,
        "seed": 7,
        "objective": {"name": "byol", "tau": 0.99},
        "schedule": {"name": "round", "period": 1},
        "train": {"epochs": 2},
    }
    provenance = {
        "started": "2026-01-02T03:04:05+00:00",
        "command": ["sslse", "run", "a recipe.yaml"],
        "device": "cpu (1 threads)",
        "packages": {"torch": "2.14.1", "pystoi": None},
        "commit": None,
        "broken_plugins": {},
    }
    (folder / "recipe.yaml").write_text(yaml.safe_dump(recipe, sort_keys=False), "utf-8")
    (folder / "provenance.json").write_text(json.dumps(provenance), "utf-8")
    (folder / "evaluation.json").write_text(json.dumps(SUMMARY), "utf-8")
    with (folder / "evaluation.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        scores = [f"{m}_{kind}" for m in ("pesq_nb", "si_sdr") for kind in ("noisy", "enhanced")]
        writer.writerow(["speech", "noise", "snr_db", *scores, "failures"])
        for speech, noise, snr_db, noisy, enhanced, *ratios in ROWS:
            writer.writerow([speech, noise, snr_db, noisy or "nan", enhanced, *ratios, ""])
    without_cl = {name: value for name, value in FIGURES.items() if name != "cl"}
    write_lines(
        folder,
        [
            logged(2, 1.0, 0.1, **FIGURES),
            logged(4, 1.0, 0.1, **FIGURES),
            logged(6, 0.0, 1.0, **without_cl),
            logged(8, 0.0, 1.0, **without_cl),
        ],
    )


@pytest.fixture
def folder(tmp_path):
    write_run(tmp_path)
    return tmp_path


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """Give a run that is only read, with its report as text and as a page."""
    folder = tmp_path_factory.mktemp("run")
    write_run(folder)
    return folder, *report(folder)


class Page(HTMLParser):
    """Reads a page; fails where a tag is not closed in its turn."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.open, self.tags, self.tables, self.ids = [], [], [], []
        self.text = ""
        self.feed(text)
        self.close()
        assert not self.open

    def handle_starttag(self, tag, attrs):
        self.handle_startendtag(tag, attrs)
        if tag == "table":
            self.tables.append([])
        if tag == "tr":
            self.tables[-1].append([])
        if tag in ("td", "th"):
            self.tables[-1][-1].append("")
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        self.ids += [value for name, value in attrs if name == "id"]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag, (tag, self.getpos())

    def handle_data(self, data):
        if "style" in self.open:
            return
        self.text += data
        if {"td", "th"} & set(self.open):
            self.tables[-1][-1][-1] += data

    def named(self, tag):
        return [attributes for name, attributes in self.tags if name == tag]


def report(folder):
    write_report(folder, pytest.fail)
    text = (folder / "report.html").read_text(encoding="utf-8")
    return text, Page(text)


def test_it_has_the_numbers_of_the_evaluation(finished):
    _, _, page = finished
    headline, failures, pesq, si_sdr, items, contracts, *_ = page.tables
    assert headline[1:] == [
        ["pesq_nb", "1.513", "1.750", "+0.237", "3"],
        ["si_sdr", "0.000", "4.250", "+4.250", "4"],
    ]
    assert failures[1:] == [["pesq_nb", "enhanced", f"PesqError: no {HOSTILE}", "1"]]
    assert pesq[1:] == [["-5", "no score", "no score", ""], ["5", "1.513", "1.750", "+0.237"]]
    assert si_sdr[1:] == [
        ["-5", "-5.031", "1.234", "+6.265"],
        ["5", "5.030", "7.266", "+2.236"],
    ]
    assert items[1:] == [
        ["least gain"],
        ["second", "hum-5", "-5.0", "-5.062", "-6.062", "-1.000"],
        ["second", "siren-5", "5.0", "5.060", "5.032", "-0.028"],
        ["most gain"],
        [HOSTILE, "wind-5", "-5.0", "-5.000", "1.000", "+6.000"],
        ["first", "rain-5", "5.0", "5.000", "9.500", "+4.500"],
    ]
    assert contracts[1] == ["si_sdr", "package: sslse; version: 0.1.0; zero_mean: True"]
    assert "Means over 4 mixtures of 2 utterances." in page.text
    assert "No score failed" not in page.text


def test_it_has_recipe_and_provenance(finished):
    folder, _, page = finished
    assert (folder / "recipe.yaml").read_text("utf-8").strip() in page.text
    run, packages = page.tables[-2:]
    assert ["command", "sslse run 'a recipe.yaml'"] in run
    assert ["commit", "unknown"] in run
    assert packages == [["torch", "2.14.1"], ["pystoi", "unknown"]]
    assert "broken plugins" not in page.text


def test_names_are_escaped(finished):
    _, text, page = finished
    assert HOSTILE not in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text
    assert not page.named("script")
    assert f"{HOSTILE}: sslse report" in page.text


def test_it_needs_nothing_else(finished):
    _, text, page = finished
    assert not re.search(r"https?:", text)
    for _, attributes in page.tags:
        assert "src" not in attributes
        for name in ("href", "xlink:href"):
            assert attributes.get(name, "#").startswith("#")
    assert not re.search(r"@import|url\((?!#)", text)


def test_ids_are_unique_and_links_lead_somewhere(finished):
    _, _, page = finished
    assert len(page.ids) == len(set(page.ids))
    targets = [one["href"][1:] for one in page.named("a")]
    targets += [one["xlink:href"][1:] for one in page.named("use")]
    targets += re.findall(r"url\(#([^)]*)\)", str(page.tags))
    assert "training" in targets
    assert set(targets) <= set(page.ids)


def test_phases_of_the_schedule_are_shaded(finished):
    _, text, page = finished
    shaded = [one for one in page.ids if "-phase-" in one]
    plots = ["weights", *(f"training-{plot}" for plot in range(4))]
    assert shaded == [f"{plot}-phase-{phase}" for plot in plots for phase in range(2)]
    assert "CL x 1 + SE x 0.1" in page.text
    for tint in range(2):
        assert text.count(f"fill: var(--tint-{tint})") == len(FIGURES) + 1


def test_plots_have_the_colours_of_the_page(finished):
    _, text, page = finished
    drawings = re.findall(r"<svg.*?</svg>", text, flags=re.DOTALL)
    assert len(drawings) == len(FIGURES) + 3
    assert "var(--accent)" in drawings[0]
    assert not any("#0000" in one for one in drawings)
    assert len([one for one in page.named("div") if one.get("role") == "img"]) == len(drawings)


def test_phases_end_where_the_weights_change():
    lines = [logged(2, 1, 0.1), logged(4, 1, 0.1), logged(8, 0, 1), logged(10, 1, 0.1)]
    assert curves.shades(lines) == [
        curves.Phase(0.0, 1.0, 0, "CL x 1 + SE x 0.1"),
        curves.Phase(1.0, 2.0, 1, "SE x 1"),
        curves.Phase(2.0, 2.5, 0, "CL x 1 + SE x 0.1"),
    ]


def test_weights_that_keep_changing_are_told_apart_by_the_losses_that_count():
    lines = [logged(step, max(0.0, 1 - step / 8), 1) for step in range(1, 13)]
    assert curves.shades(lines) == [
        curves.Phase(0.0, 1.75, 0, "CL + SE"),
        curves.Phase(1.75, 3.0, 1, "SE"),
    ]


def test_weights_that_adapt_are_one_phase_however_few_lines_there_are():
    lines = [logged(4 * epoch, 1 + 0.1 * epoch, 0.1) for epoch in (1, 2, 3)]
    assert curves.shades(lines) == [curves.Phase(0.0, 3.0, 0, "CL + SE")]


def weight_curves(folder, lines):
    """The two curves of the weights' plot, as SVG paths, and the whole plot."""
    write_lines(folder, lines)
    text, _ = report(folder)
    (plot,) = re.findall(r'aria-label="weights of the losses.*?(<svg.*?</svg>)', text, re.DOTALL)
    stroke = r'<path d="([^"]*)"[^>]*"[^"]*stroke: var\(--(accent|quiet)\); stroke-width: 1.6'
    return {colour: path for path, colour in re.findall(stroke, plot)}, plot


def test_the_weights_are_drawn_where_they_change(folder):
    lines = [logged(step, 1 - step / 10, step / 10, loss=-1.0) for step in range(1, 11)]
    paths, plot = weight_curves(folder, lines)
    assert set(paths) == {"accent", "quiet"}
    heights = {
        colour: [float(one) for one in re.findall(r"[ML] \S+ (\S+)", path)]
        for colour, path in paths.items()
    }
    assert heights["accent"] == sorted(heights["accent"])  # SVG counts downwards
    assert heights["quiet"] == sorted(heights["quiet"], reverse=True)
    assert heights["accent"] == pytest.approx([*heights["quiet"][-2::-1], max(heights["accent"])])
    assert "#0000" not in plot


def test_weights_far_apart_are_drawn_on_a_logarithmic_axis(folder):
    weights = [(9.0, 0.05), (0.0, 0.05), (9.5, 0.04)]
    lines = [logged(step, *both, loss=-1.0) for step, both in enumerate(weights, 1)]
    paths, plot = weight_curves(folder, lines)
    assert paths["accent"].count("M ") == 2
    labels = re.findall(r"<text[^>]*>([^<]*)</text>", plot)
    assert {"0.1", "1", "10"} <= set(labels)


def test_a_weight_that_fades_to_nothing_stays_on_a_linear_axis(folder):
    lines = [logged(step, 1 - step / 100, 1.0, loss=-1.0) for step in range(1, 101)]
    _, plot = weight_curves(folder, lines)
    assert {"0.0", "0.2", "1.0"} <= set(re.findall(r"<text[^>]*>([^<]*)</text>", plot))


def test_weights_that_stay_have_no_plot(folder):
    write_lines(folder, [logged(2, 1.0, 0.1, **FIGURES), logged(4, 1.0, 0.1, **FIGURES)])
    _, page = report(folder)
    assert "weights of the losses" not in page.text
    assert "training-0-phase-0" in page.ids


def test_a_curve_is_broken_where_a_loss_is_not_computed(folder):
    write_lines(
        folder,
        [
            logged(4, 1, 1, cl=-0.25),
            logged(8, 1, 1, cl=-0.5),
            logged(12, 0, 1),
            logged(16, 1, 1, cl=-0.75),
            logged(20, 1, 1, cl=-0.5),
        ],
    )
    text, _ = report(folder)
    paths = re.findall(r'<path d="([^"]*)"[^>]*stroke: var\(--accent\); stroke-width: 1.6', text)
    assert paths[-1].count("M ") == 2


def test_a_run_without_a_log_has_no_curves(folder):
    (folder / "metrics.jsonl").unlink()
    text, page = report(folder)
    assert "#training" not in text
    assert text.count("<svg") == 2
    assert page.tables


def test_a_run_without_metrics_ranks_nothing(folder):
    nothing = {"noisy": {}, "enhanced": {}}
    summary = SUMMARY | {"mean": nothing, "per_snr": {"-5": nothing}, "contract": {}}
    (folder / "evaluation.json").write_text(json.dumps(summary), "utf-8")
    text, page = report(folder)
    assert "#items" not in text
    assert "items" not in page.ids


def test_without_si_sdr_the_first_metric_ranks(folder):
    mean = {kind: {"pesq_nb": means["pesq_nb"]} for kind, means in SUMMARY["mean"].items()}
    (folder / "evaluation.json").write_text(json.dumps(SUMMARY | {"mean": mean}), "utf-8")
    _, page = report(folder)
    assert "Worst and best by gain in pesq_nb" in page.text


def test_a_second_report_replaces_the_first(folder):
    report(folder)
    summary = SUMMARY | {"counts": SUMMARY["counts"] | {"mixtures": 4321}}
    (folder / "evaluation.json").write_text(json.dumps(summary), "utf-8")
    _, page = report(folder)
    assert "Means over 4321 mixtures" in page.text
    assert not list(folder.glob("*.partial"))


def test_the_same_run_gives_the_same_page(finished, folder):
    assert report(folder)[0] == finished[1]


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
