"""docs/augmentations.md, its sounds and the recipe with all of them."""

import importlib.util
import re
from pathlib import Path

import pytest
import torch

from sslse.audio import read_audio
from sslse.options import options_of
from sslse.prepare import prepare
from sslse.recipe import load_recipe

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "augmentations.md").read_text("utf-8")
SOUNDS = ROOT / "docs" / "sounds"


@pytest.fixture(scope="module")
def tool():
    found = importlib.util.spec_from_file_location("make_sounds", ROOT / "tools" / "make_sounds.py")
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module


def test_every_augmentation_has_a_section_a_block_and_a_sound(registry, tool):
    shipped = {one.name for one in registry.of_kind("augmentation")}
    assert set(re.findall(r"^### `(\w+)`$", PAGE, re.MULTILINE)) == shipped
    assert {one.name for one in tool.choices(registry)} == shipped
    assert {path.stem for path in SOUNDS.iterdir()} == shipped | {"before"}
    assert set(re.findall(r"\(sounds/(\w+)\.flac\)", PAGE)) == shipped | {"before"}


def test_the_page_says_rightly_what_maps_targets(build, registry):
    for section in PAGE.split("\n### ")[1:]:
        name = section.split("`")[1]
        maps_targets = build(name).applies_to == "both"
        assert ("**Both.**" in section) == maps_targets, name
        assert ("**Noisy.**" in section) != maps_targets, name


def test_all_but_add_noise_have_a_probability(registry):
    for one in registry.of_kind("augmentation"):
        defaults = {option.name: option.default for option in options_of(one.load())}
        expected = {"add_noise": None, "polarity": 0.5}.get(one.name, 1.0)
        assert defaults.get("probability") == expected, one.name


@pytest.mark.statistics
def test_the_sounds_are_what_the_tool_makes(tool, tiny_cache):
    made, rate = tool.sounds((f"data.cache={tiny_cache}",))
    for name, wave in made.items():
        samples, found_rate = read_audio(SOUNDS / f"{name}.flac")
        assert (found_rate, len(samples)) == (rate, len(wave)) == (16000, 24000)
        torch.testing.assert_close(
            torch.from_numpy(samples), wave.clamp(-1, 1), rtol=0, atol=2e-3, msg=name
        )
        assert wave.abs().max() < 1.0, f"{name} is clipped in the file"
        assert (name == "before") == torch.equal(wave, made["before"]), name


def test_the_documentation_stays_small():
    assert sum(path.stat().st_size for path in SOUNDS.iterdir()) < 1_000_000
    assert (ROOT / "docs" / "augmentations.png").stat().st_size < 300_000


def test_a_chain_of_all_kinds_trains(tiny, registry):
    chain = load_recipe("byol_augmented", registry).augmentations
    names = [one.name for one in chain]
    assert len(names) >= 6
    assert names.index("reverb") < names.index("add_noise") < names.index("packet_loss")
    plain = [{"name": one.name, **one.options} for one in chain]
    recipe = tiny(f"augmentations={plain}".replace("None", "null"))
    prepared = prepare(recipe, registry, torch.device("cpu"), print)
    examples = prepared.trainer.examples(0)
    assert examples.noisy.isfinite().all()
    assert not torch.equal(examples.clean[0], examples.clean[1]), "gain maps targets for each view"
    again = prepared.trainer.examples(0)
    assert torch.equal(again.noisy, examples.noisy)
    output, _ = prepared.trainer.step(0)
    assert output.total.isfinite()
