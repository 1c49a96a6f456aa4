"""Write docs/sounds from the recipe blocks of docs/augmentations.md, and their spectrograms.

Usage: ``python tools/make_sounds.py``. Every block of the page that has one augmentation is
applied, with probability 1, to the same piece of a sentence of the demo corpus.
"""

import re
import tempfile
from dataclasses import replace
from pathlib import Path

import torch
from matplotlib.figure import Figure
from torch import Tensor

from sslse.api import Context
from sslse.audio import write_audio
from sslse.build import build_component, open_material
from sslse.recipe import Choice, load_recipe
from sslse.registry import Registry, discover
from sslse.seeds import generator

DOCS = Path(__file__).parents[1] / "docs"
PAGE = DOCS / "augmentations.md"
BEFORE = "before"
SENTENCE, BEGIN, SAMPLES = "f10_02", 4000, 24000
SEED = 0
BLOCK = re.compile(r"^```yaml\n(augmentations:\n.*?)^```$", re.MULTILINE | re.DOTALL)
WINDOW, RANGE_DB, COLUMNS = 400, 70, 5


def choices(registry: Registry) -> list[Choice]:
    """Return the augmentations that the page's blocks of one have."""
    found: list[Choice] = []
    with tempfile.TemporaryDirectory() as folder:
        for text in BLOCK.findall(PAGE.read_text("utf-8")):
            path = Path(folder, "block.yaml")
            path.write_text(f"extends: quickstart\n{text}", encoding="utf-8")
            chosen = load_recipe(str(path), registry).augmentations
            found += chosen if len(chosen) == 1 else []
    return found


def sounds(sets: tuple[str, ...] = ()) -> tuple[dict[str, Tensor], int]:
    """Return the waves by name, ``before`` first, and their sample rate."""
    registry = discover()
    recipe = load_recipe("quickstart", registry, sets=sets)
    material = open_material(recipe, registry, torch.device("cpu"))
    test, rate = material.test_speech, recipe.data.sample_rate
    keys = [one.key for one in test.recordings]
    before = test.crops(torch.tensor([[keys.index(SENTENCE)]]), torch.tensor([[BEGIN]]), SAMPLES)
    wiring = {
        "context": Context(rate, views=1, batch_size=1, crop=SAMPLES),
        "noise": material.train_noise,
        "speech": material.train_speech,
    }
    waves = {BEFORE: before[0, 0]}
    for choice in choices(registry):
        sure = {"probability": 1.0} if "probability" in choice.options else {}
        always = replace(choice, options=choice.options | sure)
        augmentation = build_component(always, registry, wiring)
        draws = generator("cpu", SEED, choice.name)
        waves[choice.name] = augmentation(before, generator=draws)[0, 0]
    return waves, rate


def draw(waves: dict[str, Tensor], rate: int, picture: Path) -> None:
    """Write the spectrograms, all on the same scale."""
    rows = -(-len(waves) // COLUMNS)
    figure = Figure(figsize=(11, 1.7 * rows), layout="constrained")
    grid = figure.subplots(rows, COLUMNS, sharex=True, sharey=True, squeeze=False)
    window = torch.hann_window(WINDOW)
    levels_db = {
        name: 20
        * torch.log10(
            torch.stft(wave, WINDOW, WINDOW // 4, window=window, return_complex=True).abs() + 1e-9
        )
        for name, wave in waves.items()
    }
    top = float(levels_db[BEFORE].max())
    extent = (0, SAMPLES / rate, 0, rate / 2000)
    image = {"origin": "lower", "aspect": "auto", "extent": extent, "cmap": "magma"}
    for axes in grid.flat:
        axes.set_axis_off()
    for axes, (name, level_db) in zip(grid.flat, levels_db.items(), strict=False):
        axes.set_axis_on()
        axes.imshow(level_db, vmin=top - RANGE_DB, vmax=top, **image)
        axes.set_title(name, fontsize=9)
        axes.label_outer()
    figure.supxlabel("s", fontsize=9)
    figure.supylabel("kHz", fontsize=9)
    figure.savefig(picture, dpi=62)


if __name__ == "__main__":
    made, sample_rate = sounds()
    folder = DOCS / "sounds"
    folder.mkdir(exist_ok=True)
    for name, wave in made.items():
        write_audio(folder / f"{name}.flac", wave.numpy(), sample_rate)
    draw(made, sample_rate, DOCS / "augmentations.png")
