"""A bundle gives what the run gives, says what the run knows, and names no place."""

import json
import re

import pytest
import torch
import yaml
from safetensors.torch import load_file

from sslse.enhance.model import load
from sslse.export.subject import read_subject
from sslse.export.writing import export
from sslse.recipe import load_recipe
from sslse.run_folder import MODEL

PLACE = re.compile(r"(?<![\w.>*}])/(?:home|root|tmp|usr|work|var|opt|private|Users)\b")


@pytest.fixture(scope="module")
def bundle(run_folder, registry, tmp_path_factory):
    out = tmp_path_factory.mktemp("out") / "bundle"
    assert export(run_folder, "bundle", registry, out=out) == (out, None)
    return out


def front_matter(folder):
    _, head, text = (folder / "README.md").read_text("utf-8").split("---\n", 2)
    return yaml.safe_load(head), text


@pytest.mark.export
@pytest.mark.smoke
def test_it_gives_the_same_bit_for_bit(bundle, run_folder, registry):
    noisy = 0.1 * torch.randn(2, 9001, generator=torch.Generator().manual_seed(0))
    before, after = (load(one, device="cpu", registry=registry) for one in (run_folder, bundle))
    assert torch.equal(before.enhance(noisy, 16000), after.enhance(noisy, 16000))
    weights = load_file(run_folder / MODEL)
    same = load_file(bundle / MODEL)
    assert list(weights) == list(same)
    assert all(torch.equal(one, same[name]) for name, one in weights.items())


def test_no_file_names_a_place(bundle, run_folder, tiny_cache):
    assert str(tiny_cache) in (run_folder / "recipe.yaml").read_text("utf-8")
    names = {path.name for path in bundle.iterdir()}
    assert names == {
        *("README.md", "evaluation.json", "material.json", "model.safetensors"),
        *("provenance.json", "recipe.yaml"),
    }
    assert [path.name for path in bundle.parent.iterdir()] == ["bundle"]
    for path in bundle.iterdir():
        text = path.read_bytes().decode("latin-1")
        assert str(tiny_cache) not in text, path
        assert not PLACE.search(text), path


def test_its_recipe_is_one(bundle, registry):
    recipe = load_recipe(str(bundle / "recipe.yaml"), registry)
    assert recipe.data.cache is None
    assert recipe.encoder.options["context"] == 8
    subject = read_subject(bundle, registry)
    assert subject.recipe_text == (bundle / "recipe.yaml").read_text("utf-8")


def test_the_card_tells_what_the_run_found(bundle, run_folder):
    matter, text = front_matter(bundle)
    assert matter["license"] == "other"
    assert (matter["library_name"], matter["pipeline_tag"]) == ("sslse", "audio-to-audio")
    assert {"byol", "speech-enhancement", "self-supervised-learning"} <= set(matter["tags"])
    evaluation = json.loads((run_folder / "evaluation.json").read_text("utf-8"))
    assert json.loads((bundle / "evaluation.json").read_text("utf-8")) == evaluation
    (index,) = matter["model-index"]
    (result,) = index["results"]
    assert result["dataset"]["type"] == "demo"
    value = evaluation["mean"]["enhanced"]["si_sdr"]
    assert [one["value"] for one in result["metrics"]] == [value]
    assert matter["metrics"] == ["si_sdr"]
    assert f"| enhanced | {value:.3f} |" in text
    assert "- `si_sdr`: sslse 0.1.0, zero_mean True; higher is better" in text
    assert "| training speech | 90 | 255.7 |" in text
    assert "The licence of the data and of this model was not stated" in text
    for title in ("Use", "Intended use", "Data", "Metrics", "Limits", "Licence"):
        assert f"\n## {title}\n" in text


def test_a_bundle_of_a_bundle_is_the_same(bundle, registry, tmp_path):
    export(bundle, "bundle", registry, out=tmp_path / "again")
    for path in bundle.iterdir():
        assert path.read_bytes() == (tmp_path / "again" / path.name).read_bytes(), path.name


def test_what_is_missing_is_said_to_be(tiny_models, registry, tmp_path):
    export(tiny_models["causal"], "bundle", registry, out=tmp_path / "b", licence="cc-by-4.0")
    matter, text = front_matter(tmp_path / "b")
    assert matter["license"] == "cc-by-4.0"
    assert "license_name" not in matter
    assert "model-index" not in matter
    assert "\n## Metrics\n\nMissing: this model came without an evaluation.\n" in text
    assert "- the number and length of recordings: missing" in text
    assert "- commit: missing" in text
    assert "- Causal: looks at no later frame." in text
    assert {path.name for path in (tmp_path / "b").iterdir()} == {
        *("README.md", "model.safetensors", "recipe.yaml"),
    }
