"""Evaluated runs as files, without training."""

import csv
import hashlib
import json

import numpy as np
import pytest
import yaml

RATIOS = (-7.5, -2.5, 2.5, 7.5)
MEASURES = {
    "si_sdr": {"better": "higher", "unit": "dB", "range": [None, None]},
    "lsd": {"better": "lower", "unit": "dB", "range": [0.0, None]},
}
CONTRACT = {
    "si_sdr": {"definition": "10 log10", "zero_mean": True},
    "lsd": {"package": "p", "package_version": "1.0"},
}


def make_rows(speakers=6, utterances=2, kinds=("rain", "siren"), named=True):
    """List mixtures: every utterance at every ratio."""
    rows = []
    for number in range(speakers * utterances):
        for place, snr_db in enumerate(RATIOS):
            kind = kinds[(number + place) % len(kinds)]
            rows.append(
                {
                    "speech": f"u{number}.wav",
                    "speech_start": 10 * number,
                    "noise": f"{kind}-{number}.wav",
                    "noise_start": place,
                    "snr_db": snr_db,
                    "gain": 1.0,
                    "speaker": f"s{number % speakers}" if named else "",
                    "noise_kind": kind,
                    "clean": f"c{number}",
                    "noisy": f"n{number}-{place}",
                }
            )
    return rows


def write_run(
    folder,
    enhanced,
    *,
    rows=None,
    noisy=None,
    baselines=None,
    name="byol",
    seed=0,
    recipe=None,
    measures=None,
    contract=None,
    manifest=None,
    sample_rate=16000,
):
    """Write what `sslse evaluate` leaves in a run directory.

    Args:
        folder: created.
        enhanced: scores by metric, one for every row.
        rows: mixtures.
        noisy: scores by metric; ones that depend on the row alone if left out.
        baselines: scores by metric, by name.
        name: of the recipe; None writes no recipe.
        seed: of the recipe.
        recipe: its other entries.
        measures: what the metrics say of themselves.
        contract: what is behind them.
        manifest: replaces entries of the manifest's head.
        sample_rate: in Hz.
    """
    folder.mkdir(parents=True)
    rows = make_rows() if rows is None else rows
    metrics = list(enhanced)
    noisy = noisy or {one: [row["snr_db"] for row in rows] for one in metrics}
    waves = {"noisy": noisy, **(baselines or {}), "enhanced": enhanced}
    head = {
        "format": 1,
        "sample_rate": sample_rate,
        "samples": 32768,
        "seed": 0,
        **(manifest or {}),
        "rows": rows,
    }
    digest = hashlib.blake2b(json.dumps(head).encode(), digest_size=16).hexdigest()
    (folder / "manifest.json").write_text(json.dumps({**head, "digest": digest}), "utf-8")
    with (folder / "evaluation.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        scored = [(metric, wave) for metric in metrics for wave in waves]
        writer.writerow([*rows[0], *(f"{metric}_{wave}" for metric, wave in scored), "failures"])
        for place, row in enumerate(rows):
            scores = [float(waves[wave][metric][place]) for metric, wave in scored]
            writer.writerow([*row.values(), *scores, ""])
    measures = measures or {one: MEASURES[one] for one in metrics}
    contract = contract or {one: CONTRACT[one] for one in metrics}
    summary = {
        "mean": {},
        "per_snr": {},
        "counts": {},
        "failures": {},
        "contract": contract,
        "conditions": list(waves),
        "metrics": measures,
        "baselines": {one: {"kind": one} for one in baselines or {}},
        "manifest": digest,
        "sample_rate": sample_rate,
    }
    (folder / "evaluation.json").write_text(json.dumps(summary), "utf-8")
    if name is not None:
        text = yaml.safe_dump({"name": name, "seed": seed, **(recipe or {})})
        (folder / "recipe.yaml").write_text(text, "utf-8")
    return folder


@pytest.fixture
def runs(tmp_path, monkeypatch):
    """Give a writer of runs below the working directory: path, scores by metric, options."""
    monkeypatch.chdir(tmp_path)

    def write(folder, enhanced, **options):
        write_run(tmp_path / folder, enhanced, **options)

    return write


@pytest.fixture(name="make_rows")
def give_make_rows():
    return make_rows


@pytest.fixture
def rows():
    return make_rows()


@pytest.fixture
def noise_like():
    """Give what draws a score for every row."""

    def draw(rows, mean=0.0, seed=0, spread=1.0):
        return np.random.default_rng(seed).normal(mean, spread, len(rows))

    return draw


@pytest.fixture
def measures():
    return MEASURES


@pytest.fixture
def contracts():
    return CONTRACT
