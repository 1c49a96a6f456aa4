"""Draw noisy, enhanced and clean spectrograms of one test mixture of a run.

Usage: ``python tools/make_spectrograms.py RUN PICTURE.png``. The mixture is the one whose gain in
SI-SDR is the median of those at 2.5 dB or nearest to it.
"""

import csv
import sys
from pathlib import Path

import torch
from matplotlib.figure import Figure

from sslse.api import Samples
from sslse.build import open_material
from sslse.bundle import load_bundle
from sslse.evaluate.mixtures import make_mixtures, plan_mixtures
from sslse.registry import discover
from sslse.run_folder import MODEL, read_recipe

WINDOW = 512
RANGE_DB = 70
WANTED_DB = 2.5


def median_row(run: Path) -> int:
    """Return the row of the evaluation whose gain is the median at one SNR."""
    with (run / "evaluation.csv").open(newline="", encoding="utf-8") as file:
        lines = list(csv.DictReader(file))
    nearest = min((float(one["snr_db"]) for one in lines), key=lambda snr: abs(snr - WANTED_DB))
    rows = [row for row, one in enumerate(lines) if float(one["snr_db"]) == nearest]
    gains = {
        row: float(lines[row]["si_sdr_enhanced"]) - float(lines[row]["si_sdr_noisy"])
        for row in rows
    }
    return sorted(rows, key=lambda row: gains[row])[len(rows) // 2]


def waves(run: Path) -> tuple[dict[str, Samples], str, int]:
    """Return the three waves, a title and the sample rate."""
    registry = discover()
    recipe = read_recipe(run, registry)
    device = torch.device("cpu")
    material = open_material(recipe, registry, device)
    speech, noise = material.test_speech, material.test_noise
    mixture = plan_mixtures(speech, noise, recipe.evaluate)[median_row(run)]
    clean, noisy = make_mixtures([mixture], speech, noise, recipe.evaluate.samples)
    with torch.no_grad():
        enhanced = load_bundle(run / MODEL, recipe, registry, device)(noisy)
    title = f"{mixture.speech} with {mixture.noise} at {mixture.snr_db:g} dB"
    named = {"noisy": noisy, "enhanced": enhanced, "clean": clean}
    return {name: wave[0].numpy() for name, wave in named.items()}, title, speech.sample_rate


def draw(run: Path, picture: Path) -> None:
    """Write the picture."""
    drawn, title, sample_rate = waves(run)
    figure = Figure(figsize=(11, 3.2), layout="constrained")
    figure.suptitle(title)
    for axes, (name, wave) in zip(figure.subplots(1, 3, sharey=True), drawn.items(), strict=True):
        window = torch.hann_window(WINDOW)
        spectrum = torch.stft(
            torch.from_numpy(wave), WINDOW, WINDOW // 4, window=window, return_complex=True
        )
        level_db = 20 * torch.log10(spectrum.abs() + 1e-9)
        extent = (0, len(wave) / sample_rate, 0, sample_rate / 2000)
        top = float(level_db.max())
        image = {"origin": "lower", "aspect": "auto", "extent": extent, "cmap": "magma"}
        axes.imshow(level_db, vmin=top - RANGE_DB, vmax=top, **image)
        axes.set(title=name, xlabel="s")
    figure.axes[0].set_ylabel("kHz")
    figure.savefig(picture, dpi=90)


if __name__ == "__main__":
    draw(Path(sys.argv[1]), Path(sys.argv[2]))
