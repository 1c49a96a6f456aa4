"""A few test mixtures as audio, so that scores can be heard: the folder ``examples`` of a run."""

import json
import math
import shutil
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from sslse.api import Samples
from sslse.audio import write_audio
from sslse.data.store import Store
from sslse.evaluate.conditions import ENHANCED, NOISY
from sslse.evaluate.mixtures import make_mixtures
from sslse.evaluate.results import Results, Row

FOLDER = "examples"
INDEX = "examples.json"
WAVES = ("noisy", "enhanced", "clean")
EXTREMES = 2
RATIOS = 3
PEAK = 0.9
LONGEST_SECONDS = 15.0


def choose(gains: Sequence[float], snr_db: Sequence[float]) -> dict[int, str]:
    """Choose mixtures worth hearing.

    One at the lowest, the middle and the highest SNR, whatever it scored, so that runs on the same
    mixtures share them; then the middle gain, the greatest two and the least two.

    Args:
        gains: of each mixture, NaN where there is none.
        snr_db: of each mixture.

    Returns:
        Why each was chosen, by its place.
    """
    chosen: dict[int, str] = {}
    ratios = sorted(set(snr_db))
    wanted = sorted({round(part * (len(ratios) - 1) / (RATIOS - 1)) for part in range(RATIOS)})
    for number, place in enumerate(wanted if ratios else ()):
        places = [one for one, ratio in enumerate(snr_db) if ratio == ratios[place]]
        last = "highest SNR" if place else "only SNR"
        why = {0: "lowest SNR", len(ratios) - 1: last}.get(place, "middle SNR")
        chosen[places[number * len(places) // len(wanted)]] = why
    ranked = sorted(
        (place for place, gain in enumerate(gains) if math.isfinite(gain)),
        key=lambda place: gains[place],
    )
    if ranked:
        chosen.setdefault(ranked[len(ranked) // 2], "middle gain")
    for places, why in ((ranked[::-1], "greatest gain"), (ranked, "least gain")):
        for place in places[:EXTREMES]:
            chosen.setdefault(place, why)
    return chosen


@torch.inference_mode()
def write_examples(
    folder: Path,
    results: Results,
    enhance: Callable[[Tensor], Tensor],
    speech: Store,
    noise: Store,
    *,
    samples: int,
) -> None:
    """Enhance a few mixtures again and write them, with ``examples.json``, in place of older ones.

    They are chosen by the first metric. The three waves of a mixture are scaled by one factor, to
    the same peak in all mixtures, and cut after 15 s.

    Args:
        folder: the run directory.
        results: of the evaluation.
        enhance: noisy waves (batch, samples) to enhanced ones, on the stores' device.
        speech: test utterances.
        noise: test noises.
        samples: of a mixture.
    """
    partial = folder / f"{FOLDER}.partial"
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir()
    rows = results.rows
    chosen = choose(_gains(results), [row.mixture.snr_db for row in rows])
    written: list[dict[str, Any]] = []
    for place, why in chosen.items():
        clean, noisy = make_mixtures([rows[place].mixture], speech, noise, samples)
        waves = [one[0].float().cpu().numpy() for one in (noisy, enhance(noisy), clean)]
        factor = _factor(waves)
        if not math.isfinite(factor):
            continue
        files = {name: f"{len(written) + 1:02}_{name}.flac" for name in WAVES}
        kept = round(LONGEST_SECONDS * speech.sample_rate)
        for wave, file in zip(waves, files.values(), strict=True):
            write_audio(partial / file, wave[:kept] * np.float32(factor), speech.sample_rate)
        about = asdict(rows[place].mixture) | {"why": why, "factor": factor, "files": files}
        written.append(about | {"scores": _scores(rows[place], results.metrics)})
    text = json.dumps({"rows": written}, indent=2, allow_nan=False)
    (partial / INDEX).write_text(text + "\n", encoding="utf-8")
    shutil.rmtree(folder / FOLDER, ignore_errors=True)
    partial.rename(folder / FOLDER)


def _gains(results: Results) -> list[float]:
    """Return by how much each mixture became better, by the first metric."""
    for name, metric in results.metrics.items():
        sign = 1 if metric.better == "higher" else -1
        return [sign * (row.score(ENHANCED, name) - row.score(NOISY, name)) for row in results.rows]
    return [math.nan] * len(results.rows)


def _scores(row: Row, metrics: Iterable[str]) -> dict[str, dict[str, float | None]]:
    def known(condition: str, metric: str) -> float | None:
        value = row.score(condition, metric)
        return value if math.isfinite(value) else None

    return {name: {one: known(one, name) for one in (NOISY, ENHANCED)} for name in metrics}


def _factor(waves: Iterable[Samples]) -> float:
    """Return what brings the loudest wave to the peak; NaN where a wave is not finite."""
    peak = float(np.max([np.abs(one).max() for one in waves]))
    if not math.isfinite(peak):
        return math.nan
    return PEAK / peak if peak else 1.0
