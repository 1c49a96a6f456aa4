"""``sslse probe``: its files, table and report section; what it refuses."""

import json
import re
import shutil

import pytest
from click.testing import CliRunner

from sslse.build import build_network
from sslse.bundle import save_bundle
from sslse.cli import main
from sslse.recipe import load_recipe
from sslse.registry import discover

PROBE = ("--mixtures", "16", "--device", "cpu")


@pytest.fixture(scope="module")
def trained(tmp_path_factory, tiny_cache, tiny_sets):
    """Give a tiny trained run, and what is needed of another one."""
    folder = tmp_path_factory.mktemp("runs")
    sets = (*tiny_sets, "train.epochs=1", f"data.cache={tiny_cache}")
    options = [part for text in sets for part in ("--set", text)]
    result = CliRunner().invoke(main, ["run", "quickstart", *options, "--out", f"{folder}/byol"])
    assert result.exit_code == 0, result.output
    registry = discover()
    other = ("seed=7", "objective=normal", "schedule=se")
    recipe = load_recipe("quickstart", registry, sets=[*sets, *other])
    (folder / "normal").mkdir()
    (folder / "normal" / "recipe.yaml").write_text(recipe.to_yaml(), "utf-8")
    save_bundle(folder / "normal" / "model.safetensors", *build_network(recipe, registry), recipe)
    return folder


@pytest.fixture
def evaluated(trained, tmp_path, monkeypatch):
    """Give copies of both runs in the working directory."""
    for name in ("byol", "normal"):
        shutil.copytree(trained / name, tmp_path / name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def runs(evaluated):
    """Give them as if they had never been evaluated: no report is drawn, which takes longest."""
    for name in ("evaluation.json", "evaluation.csv", "report.html"):
        (evaluated / "byol" / name).unlink()
    return evaluated


def call(*arguments):
    return CliRunner().invoke(main, ["probe", *arguments])


@pytest.mark.training
def test_it_writes_shows_and_reports(evaluated):
    result = call("byol", *PROBE, "--against", "normal")
    assert result.exit_code == 0, result.output
    probed = json.loads((evaluated / "byol" / "probe.json").read_text("utf-8"))
    assert not list((evaluated / "byol").glob("*.partial"))
    assert list(probed["encoders"]) == ["this run", "untrained", "normal"]
    assert probed["encoders"]["normal"]["objective"] == "normal"
    assert probed["settings"]["seed"] == 0
    assert probed["settings"]["samples"] == 8192
    assert probed["packages"]["torch"]
    names = ["noise_kind", "snr", "speaker", "retrieval", "retrieval_at_0_db"]
    assert list(probed["figures"]) == names
    page = (evaluated / "byol" / "report.html").read_text("utf-8")
    assert 'id="probe">What did the latent learn?' in page
    for figure in probed["figures"].values():
        assert list(figure["values"]) == list(probed["encoders"])
        for value in figure["values"].values():
            low, high = value["interval"]
            assert low <= high
            assert f"{value['value']:z.3f}" in result.output
            assert f"<td>{value['value']:z.3f}</td><td>{low:z.3f} to {high:z.3f}</td>" in page
    noise = probed["figures"]["noise_kind"]
    assert noise["chance"] == 1 / 20
    assert len(noise["classes"]) == 20
    assert noise["counts"]["recordings_with_a_kind"] == 20
    assert noise["counts"]["train"] == 80
    assert noise["counts"]["test"] == 40
    speaker = probed["figures"]["speaker"]
    assert speaker["chance"] == 1 / 6
    sides = [set(speaker["split"][side]["speech"]) for side in ("train", "test")]
    assert [len(one) for one in sides] == [18, 12]
    assert not sides[0] & sides[1]
    assert probed["figures"]["retrieval"]["counts"]["candidates"] == 8
    assert max(len(line) for line in result.output.splitlines()) <= 80
    assert "mixtures" not in result.output  # it encodes waves, and scores no mixture
    assert re.search(r"encoded (\d+)/\1 waves", result.output)


@pytest.mark.training
def test_it_repeats_to_the_byte_and_is_compared_with_other_weights(runs):
    assert call("byol", *PROBE).exit_code == 0
    first = (runs / "byol" / "probe.json").read_bytes()
    assert call("byol", *PROBE).exit_code == 0
    assert (runs / "byol" / "probe.json").read_bytes() == first
    assert call("byol", *PROBE, "--seed", "1").exit_code == 0
    assert (runs / "byol" / "probe.json").read_bytes() != first
    (snr,) = (one for name, one in json.loads(first)["figures"].items() if name == "snr")
    values = [one["rmse_db"] for one in snr["values"].values()]
    assert len(set(values)) == 2


@pytest.mark.training
def test_a_run_against_itself_differs_in_nothing(runs):
    assert call("byol", *PROBE, "--against", "byol").exit_code == 0
    probed = json.loads((runs / "byol" / "probe.json").read_text("utf-8"))
    for figure in probed["figures"].values():
        assert figure["values"]["byol"]["difference"] == {"value": 0, "interval": [0, 0]}


def test_a_report_without_a_probe_has_no_section(evaluated):
    assert not (evaluated / "byol" / "probe.json").exists()
    assert "#probe" not in (evaluated / "byol" / "report.html").read_text("utf-8")


@pytest.mark.training
def test_a_run_that_is_not_evaluated_is_probed_without_report(runs):
    result = call("byol", *PROBE)
    assert result.exit_code == 0, result.output
    assert "note: no report.html: byol is not evaluated" in result.output
    assert (runs / "byol" / "probe.json").is_file()
    assert not (runs / "byol" / "report.html").exists()


@pytest.mark.training
def test_what_cannot_be_measured_is_said(evaluated):
    recipe = evaluated / "byol" / "recipe.yaml"
    text = re.sub(
        r"noise:\n    name: demo\n    content: noise", "noise:\n    name: solo", recipe.read_text()
    )
    assert "name: solo" in text
    recipe.write_text(text, "utf-8")
    (evaluated / "solo.py").write_text(
        "import numpy as np\n"
        "from sslse.api import Corpus, Recording, hookimpl\n"
        "class Solo(Corpus):\n"
        "    def recordings(self):\n"
        "        return [Recording(part, None, part) for part in ('train', 'test')]\n"
        "    def read(self, recording):\n"
        "        return np.random.default_rng(0).normal(0, 0.1, 20000).astype('f'), 16000\n"
        "@hookimpl\n"
        "def sslse_components(add):\n"
        "    add('corpus', 'solo', Solo, summary='One noise')\n"
    )
    result = call("byol", *PROBE, "--plugin", "solo.py")
    assert result.exit_code == 0, result.output
    said = "not measured: noise kind: all noise is of one class, 'recording test'"
    assert said in result.output
    assert "not measured: SNR: there is one noise recording" in result.output
    probed = json.loads((evaluated / "byol" / "probe.json").read_text("utf-8"))
    assert probed["figures"]["snr"]["values"] is None
    assert probed["figures"]["speaker"]["values"]["this run"]["value"] is not None
    page = (evaluated / "byol" / "report.html").read_text("utf-8")
    assert "Not measured: SNR: there is one noise recording; at least two are needed" in page


def test_it_refuses_what_is_no_trained_run(runs):
    assert refused("nowhere") == "nowhere: holds no recipe.yaml; give the directory of a run"
    assert refused("byol", "--against", "nowhere").startswith("nowhere: holds no recipe.yaml")
    (runs / "normal" / "model.safetensors").unlink()
    message = "normal: has no model.safetensors: it is not trained to its end; use --resume"
    assert refused("normal") == message
    assert refused("byol", "--against", "normal") == message
    assert refused("byol", "--against", "byol", "--against", "byol") == (
        "--against byol: is given twice"
    )
    assert not (runs / "byol" / "probe.json").exists()


def test_it_refuses_a_run_with_other_mixtures(runs):
    recipe = runs / "normal" / "recipe.yaml"
    text = recipe.read_text("utf-8")
    assert "sample_rate: 16000" in text
    changed = text.replace("sample_rate: 16000", "sample_rate: 8000")
    recipe.write_text(re.sub(r"snr_db:\n  - 0(\.0)?", "snr_db:\n  - 3", changed), "utf-8")
    assert refused("byol", "--against", "normal").splitlines() == [
        "normal: cannot be compared with byol, it has other mixtures; it differs in",
        "  data.sample_rate: 8000 there, 16000 here",
        "  evaluate.snr_db: [3.0] there, [0.0] here",
    ]


@pytest.mark.training
def test_what_decides_no_mixture_may_differ(runs):
    recipe = runs / "normal" / "recipe.yaml"
    text = recipe.read_text("utf-8")
    assert "workers: 1" in text
    recipe.write_text(text.replace("workers: 1", "workers: 2"), "utf-8")
    result = call("byol", *PROBE, "--against", "normal")
    assert result.exit_code == 0, result.output
    probed = json.loads((runs / "byol" / "probe.json").read_text("utf-8"))
    assert probed["encoders"]["normal"]["seed"] == 7


def refused(*arguments):
    """Return the one message of a refused command."""
    result = call(*arguments, *PROBE)
    assert result.exit_code == 2
    assert result.stdout == ""
    return result.stderr.strip()
