"""A run directory as an evaluation leaves it, its names as hostile as file systems allow."""

import csv
import json
from html.parser import HTMLParser
from types import SimpleNamespace

import numpy as np
import pytest
import yaml

from sslse.audio import write_audio
from sslse.report import write_report

HOSTILE = "<img src=x onerror=alert(1)>"
SCRIPT = "</script><script>alert(1)</script>"
VOID = {"meta", "br", "hr", "img", "link", "input"}
RATE = 16000
SECONDS = 12.0
TONES = {"noisy": 500.0, "enhanced": 1000.0, "clean": 2000.0}
METRICS = {
    "pesq_nb": {"better": "higher", "unit": "", "range": [-0.5, 4.5]},
    "si_sdr": {"better": "higher", "unit": "dB", "range": [None, None]},
    "lsd": {"better": "lower", "unit": "dB", "range": [0, None]},
}
CONDITIONS = ("noisy", "ratio_mask", "enhanced")
SUMMARY = {
    "mean": {
        "noisy": {"pesq_nb": 1.5126, "si_sdr": -0.0004, "lsd": 2.0},
        "ratio_mask": {"pesq_nb": 3.0, "si_sdr": 9.0, "lsd": 1.0},
        "enhanced": {"pesq_nb": 1.75, "si_sdr": 4.25, "lsd": 2.5},
    },
    "per_snr": {
        "-5": {
            "noisy": {"pesq_nb": None, "si_sdr": -5.031, "lsd": 2.0},
            "ratio_mask": {"pesq_nb": 2.5, "si_sdr": 8.0, "lsd": 1.0},
            "enhanced": {"pesq_nb": None, "si_sdr": 1.234, "lsd": 3.0},
        },
        "5": {
            "noisy": {"pesq_nb": 1.5126, "si_sdr": 5.03, "lsd": 2.0},
            "ratio_mask": {"pesq_nb": 3.5, "si_sdr": 10.0, "lsd": 1.0},
            "enhanced": {"pesq_nb": 1.75, "si_sdr": 7.266, "lsd": 2.0},
        },
    },
    "counts": {
        "mixtures": 4,
        "utterances": 2,
        "scored": {"pesq_nb": 3, "si_sdr": 4, "lsd": 4},
    },
    "failures": {
        "noisy": {},
        "ratio_mask": {},
        "enhanced": {"pesq_nb": {f"PesqError: no {HOSTILE}": 1}},
    },
    "contract": {
        "pesq_nb": {"package": "pesq", "version": "0.0.4", "mode": "nb"},
        "si_sdr": {"package": "sslse", "version": "0.1.0", "zero_mean": True},
        "lsd": {"package": "sslse"},
    },
    "conditions": list(CONDITIONS),
    "metrics": METRICS,
    "baselines": {"ratio_mask": {"oracle": True}},
    "manifest": "5ca1ab1e",
    "sample_rate": RATE,
}
# speech, noise, SNR, kind; noisy, mask and enhanced of PESQ, SI-SDR and LSD
ROWS = [
    (HOSTILE, "wind-5", -5.0, SCRIPT, "nan", 2.5, 1.25, -5.0, 8.0, 1.0, 2.0, 1.0, 3.0),
    ("second", "hum-5", -5.0, "hum", "", 2.5, 1.5, -5.062, 8.0, -6.0625, 2.0, 1.0, 3.0),
    ("first", "rain-5", 5.0, "hum", 1.5, 3.5, 1.75, 5.0, 10.0, 9.5, 2.0, 1.0, 2.0),
    ("second", "siren-5", 5.0, "hum", 1.525, 3.5, 1.25, 5.06, 10.0, 5.032, 2.0, 1.0, 2.0),
]
FIGURES = {"loss": -1.0, "cl": -0.5, "se": -2.0, "latent/std": 0.75}


def logged(step, weight_cl, weight_se, /, **figures):
    weights = {"learning_rate": 1e-3, "weight_cl": weight_cl, "weight_se": weight_se}
    timing = {"seconds": 2.0 * step, "pairs_per_second": 8.0}
    return {"step": step, "epoch": step / 4, **weights, **figures, **timing}


def write_lines(path, lines):
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")


def write_examples(folder, rows=ROWS[:3], why=HOSTILE):
    """Write tones, another one for every wave, so that it can be told which one is heard."""
    (folder / "examples").mkdir()
    times = np.arange(round(SECONDS * RATE)) / RATE
    entries = []
    for number, (speech, noise, snr_db, kind, *_) in enumerate(rows, 1):
        files = {name: f"{number:02}_{name}.flac" for name in TONES}
        for name, hertz in TONES.items():
            wave = 0.5 * np.sin(2 * np.pi * hertz * times)
            write_audio(folder / "examples" / files[name], wave.astype(np.float32), RATE)
        entries.append(
            {
                "why": why,
                "speech": speech,
                "speech_start": 0,
                "noise": noise,
                "noise_start": number,
                "snr_db": snr_db,
                "speaker": SCRIPT,
                "noise_kind": kind,
                "factor": 0.5,
                "scores": {"pesq_nb": {"noisy": 1.5, "enhanced": None}},
                "files": files,
            }
        )
    text = json.dumps({"rows": entries})
    (folder / "examples" / "examples.json").write_text(text, encoding="utf-8")


def write_run(folder, name=HOSTILE, tau=0.99):
    recipe = {
        "name": name,
        "seed": 7,
        "objective": {"name": "byol", "tau": tau},
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
    folder.mkdir(exist_ok=True)
    (folder / "recipe.yaml").write_text(yaml.safe_dump(recipe, sort_keys=False), "utf-8")
    (folder / "provenance.json").write_text(json.dumps(provenance), "utf-8")
    (folder / "evaluation.json").write_text(json.dumps(SUMMARY), "utf-8")
    with (folder / "evaluation.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        scores = [f"{metric}_{one}" for metric in METRICS for one in CONDITIONS]
        fields = ["speech", "noise", "snr_db", "noise_kind"]
        writer.writerow([*fields, *scores, "speech_start", "noise_start", "failures"])
        for number, row in enumerate(ROWS, 1):
            writer.writerow([*row, 0, number, ""])
    without_cl = {name: value for name, value in FIGURES.items() if name != "cl"}
    write_lines(
        folder / "metrics.jsonl",
        [
            logged(2, 1.0, 0.1, **FIGURES),
            logged(4, 1.0, 0.1, **FIGURES),
            logged(6, 0.0, 1.0, **without_cl),
            logged(8, 0.0, 1.0, **without_cl),
        ],
    )
    write_examples(folder)
    return folder


@pytest.fixture
def folder(tmp_path):
    return write_run(tmp_path / "run")


@pytest.fixture(scope="session")
def made():
    """What the tests of this room know of the run they read, and how to make another."""
    return SimpleNamespace(
        hostile=HOSTILE,
        script=SCRIPT,
        summary=SUMMARY,
        figures=FIGURES,
        tones=TONES,
        seconds=SECONDS,
        rate=RATE,
        logged=logged,
        write_lines=write_lines,
        write_run=write_run,
        report=report,
    )


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
        if {"style", "script"} & set(self.open):
            return
        self.text += data
        if {"td", "th"} & set(self.open):
            self.tables[-1][-1][-1] += data

    def named(self, tag):
        return [attributes for name, attributes in self.tags if name == tag]


def report(folder, write=write_report, *arguments):
    write(folder, *arguments, pytest.fail)
    text = (folder / "report.html").read_text(encoding="utf-8")
    return text, Page(text)
