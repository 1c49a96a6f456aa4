"""``sslse evaluate``: manifests, exported mixtures, files of other tools."""

import csv
import json
import shutil

import numpy as np
import pytest
import soundfile
from click.testing import CliRunner

from sslse.cli import main
from sslse.evaluate.manifest import read_manifest
from sslse.evaluate.mixtures import wave_digest

NAMES = ("evaluation.csv", "evaluation.json", "manifest.json")
SETS = ("train.epochs=1", "evaluate.utterances=3", "evaluate.snr_db=[-5, 5]")


def invoke(*arguments):
    return CliRunner().invoke(main, [str(one) for one in arguments])


@pytest.fixture(scope="module")
def cache(tiny_cache):
    """Give what is not a run the cache of the tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SSLSE_CACHE", str(tiny_cache))
        yield tiny_cache


@pytest.fixture(scope="module")
def trained(tmp_path_factory, tiny_sets, cache):
    folder = tmp_path_factory.mktemp("trained") / "run"
    sets = [part for one in (*tiny_sets, *SETS) for part in ("--set", one)]
    result = invoke("run", "quickstart", *sets, "--out", folder)
    assert result.exit_code == 0, result.output
    return folder


@pytest.fixture
def run(trained, tmp_path):
    return shutil.copytree(trained, tmp_path / "run")


@pytest.fixture(scope="module")
def exported(trained, tmp_path_factory):
    folder = tmp_path_factory.mktemp("exported") / "mixtures"
    result = invoke("evaluate", trained, "--export", folder)
    assert result.exit_code == 0, result.output
    assert "manifest.json: 6 mixtures in clean/ and noisy/" in result.output
    return folder


def summary_of(folder):
    return json.loads((folder / "evaluation.json").read_text())


def rows_of(folder):
    with (folder / "evaluation.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def test_a_run_writes_its_manifest_and_every_condition(trained):
    manifest = read_manifest(trained / "manifest.json")
    summary = summary_of(trained)
    assert summary["manifest"] == manifest.digest
    assert summary["conditions"] == ["noisy", "log_mmse", "ratio_mask", "enhanced"]
    assert [row["clean"] for row in rows_of(trained)] == [one.clean for one in manifest.mixtures]
    assert summary["baselines"]["ratio_mask"]["oracle"] is True
    means = {name: one["si_sdr"] for name, one in summary["mean"].items()}
    assert means["ratio_mask"] > means["noisy"] + 3
    assert means["enhanced"] is not None


@pytest.mark.training
def test_a_manifest_gives_the_same_files_again(run, trained):
    result = invoke("evaluate", run, "--manifest", trained / "manifest.json")
    assert result.exit_code == 0, result.output
    assert f"{run}: holds this evaluation already; it is written anew" in result.output
    assert not (run / "evaluations").exists()
    assert [(run / one).read_bytes() for one in NAMES] == [
        (trained / one).read_bytes() for one in NAMES
    ]


@pytest.mark.training
def test_the_mixtures_do_not_depend_on_the_training_seed(run, trained, tmp_path, tiny_sets):
    sets = [part for one in (*tiny_sets, *SETS, "seed=7") for part in ("--set", one)]
    assert invoke("run", "quickstart", *sets, "--out", tmp_path / "other").exit_code == 0
    other = tmp_path / "other"
    assert (other / "manifest.json").read_bytes() == (trained / "manifest.json").read_bytes()
    again = invoke("evaluate", run, "--set", "evaluate.seed=1")
    assert again.exit_code == 0, again.output
    named = run / "evaluations" / "seed=1"
    assert summary_of(named)["manifest"] != summary_of(other)["manifest"]


def contents(folder):
    return {
        str(one.relative_to(folder)): one.read_bytes()
        for one in folder.rglob("*")
        if one.is_file() and "evaluations" not in one.parts
    }


@pytest.mark.training
def test_other_evaluations_live_beside_that_of_the_run(run):
    before = contents(run)
    few = ("--set", "evaluate.utterances=1", "--set", "evaluate.workers=1")
    for arguments, name in (
        (("--set", "evaluate.snr_db=[-5, 0]"), "utterances=1+snr_db=-5,0"),
        (("--data", "demo"), "demo+utterances=1"),
        (("--data", "demo", "-o", "mine"), "mine"),
    ):
        result = invoke("evaluate", run, *few, *arguments)
        assert result.exit_code == 0, result.output
        named = run / "evaluations" / name
        assert str(named / "evaluation.json") in result.output
        assert summary_of(named)["counts"]["utterances"] == 1
        assert {*NAMES, "examples", "report.html"} >= {one.name for one in named.iterdir()}
    assert contents(run) == before
    other = invoke("evaluate", run, *few, "--set", "evaluate.snr_db=[0]", "-o", "mine")
    assert other.exit_code == 2
    said = "mine: holds an evaluation of other mixtures or metrics, which is never overwritten"
    assert said in other.output
    bad = invoke("evaluate", run, "-o", "../mine")
    assert (bad.exit_code, "letters, digits" in bad.output) == (2, True)


@pytest.mark.training
def test_compare_chooses_among_evaluations(run, tmp_path):
    few = ("--set", "evaluate.workers=1", "--set", "evaluate.snr_db=[0]")
    assert invoke("evaluate", run, *few, "-o", "zero").exit_code == 0
    other = shutil.copytree(run, tmp_path / "other")
    text = (other / "recipe.yaml").read_text().replace("tau: 0.99", "tau: 0.5")
    (other / "recipe.yaml").write_text(text)
    for arguments in (
        (run, other, "--evaluation", "zero"),
        (run / "evaluations" / "zero", other / "evaluations" / "zero"),
    ):
        result = invoke("compare", *arguments, "--baseline", run, "--format", "json")
        assert result.exit_code == 0, result.output
        found = json.loads(result.output)
        assert found["mixtures"] == 3
        assert [one["name"] for one in found["rows"] if one["kind"] == "run"] == ["quickstart"] * 2
        assert {one["seeds"][0] for one in found["rows"] if one["kind"] == "run"} == {0}
    page = invoke("compare", *arguments, "--report", tmp_path / "page")
    assert page.exit_code == 0, page.output
    missing = invoke("compare", run, "--evaluation", "zer")
    assert missing.exit_code == 2
    assert f"{run}: has no evaluation 'zer' (possible: zero)" in missing.output
    mixed = invoke("compare", run, other / "evaluations" / "zero")
    assert mixed.exit_code == 2
    assert f"scores the same, into {other}/evaluations" in mixed.output


def test_a_shipped_model_is_evaluated(tmp_path):
    sets = (
        *("--set", "evaluate.metrics=[si_sdr]", "--set", "evaluate.utterances=1"),
        *("--set", "evaluate.snr_db=[0]", "--set", "evaluate.workers=1"),
    )
    out = tmp_path / "out"
    result = invoke("evaluate", "demo", "--data", "demo", "-o", out, *sets)
    assert result.exit_code == 0, result.output
    assert {one.name for one in out.iterdir()} == {*NAMES, "examples", "provenance.json"}
    means = summary_of(out)["mean"]
    assert means["enhanced"]["si_sdr"] > means["noisy"]["si_sdr"]
    again = invoke("evaluate", "demo", "--data", "demo", "-o", out, *sets)
    assert again.exit_code == 2
    assert f"{out}: holds evaluation.json already and is never overwritten" in again.output
    for arguments, message in (
        (("demo", "-o", out), "demo: is no run: give --data, the corpora to test it on"),
        (("demo", "--data", "demo"), "demo: is no run: give -o, a folder for the scores"),
        (("dmo", "--data", "demo"), "dmo: no such model"),
    ):
        result = invoke("evaluate", *arguments)
        assert result.exit_code == 2
        assert message in result.output


def test_a_bundle_is_evaluated(run, tmp_path):
    bundle = tmp_path / "bundle"
    result = invoke("export", run, "--to", "bundle", "-o", bundle)
    assert result.exit_code == 0, result.output
    before = contents(bundle)
    few = ("--set", "evaluate.workers=1", "--data", "demo", "-o", "again")
    result = invoke("evaluate", bundle, *few)
    assert result.exit_code == 0, result.output
    assert contents(bundle) == before
    found = summary_of(bundle / "evaluations" / "again")["mean"]
    assert found["enhanced"]["si_sdr"] == summary_of(run)["mean"]["enhanced"]["si_sdr"]


def test_a_manifest_of_other_samples_stops_before_anything_is_written(run, trained, tmp_path):
    before = [(run / one).read_bytes() for one in NAMES]
    manifest = read_manifest(trained / "manifest.json")
    held = json.loads((trained / "manifest.json").read_text())
    wanted = tmp_path / "m.json"
    first = type(manifest.mixtures[0])(**{**held["rows"][0], "clean": "00" * 16})
    type(manifest)(16000, manifest.samples, 0, (*manifest.mixtures[1:], first)).write(wanted)
    result = invoke("evaluate", run, "--manifest", wanted)
    assert result.exit_code == 2
    assert f"{wanted}: row 5: speech {first.speech!r} does not have the samples" in result.output
    assert [(run / one).read_bytes() for one in NAMES] == before


def test_a_length_that_the_network_cannot_take_is_refused(run, tmp_path):
    mixtures = tmp_path / "mixtures"
    result = invoke("evaluate", run, "--set", "evaluate.samples=5000", "--export", mixtures)
    assert result.exit_code == 0, result.output
    result = invoke("evaluate", run, "--manifest", mixtures / "manifest.json")
    assert result.exit_code == 2
    assert "evaluate.samples (5000) must be multiples of the encoder's 32 samples" in result.output


def test_exported_audio_is_that_of_the_manifest_to_the_last_bit(exported, trained):
    assert (exported / "manifest.json").read_bytes() == (trained / "manifest.json").read_bytes()
    manifest = read_manifest(exported / "manifest.json")
    for number, mixture in enumerate(manifest.mixtures):
        for name, digest in (("clean", mixture.clean), ("noisy", mixture.noisy)):
            path = exported / name / f"{number:04}.wav"
            wave, rate = soundfile.read(path, dtype="float32")
            assert (rate, len(wave)) == (16000, manifest.samples)
            assert wave_digest(wave) == digest
    assert len(list(exported.rglob("*.wav"))) == 12


def test_a_manifest_is_exported_without_a_run(exported, tmp_path):
    manifest = exported / "manifest.json"
    out = tmp_path / "again"
    result = invoke("evaluate", "--manifest", manifest, "--data", "demo", "--export", out)
    assert result.exit_code == 0, result.output
    for name in ("manifest.json", *(f"{one}/0005.wav" for one in ("clean", "noisy"))):
        there = out / name
        if there.suffix == ".wav":
            assert np.array_equal(soundfile.read(there)[0], soundfile.read(exported / name)[0])
        else:
            assert there.read_bytes() == (exported / name).read_bytes()
    again = invoke("evaluate", "--manifest", manifest, "--data", "demo", "--export", out)
    assert again.exit_code == 2
    assert f"{out}: exists already and is never overwritten" in again.output


@pytest.fixture
def enhanced(exported, tmp_path):
    """What another tool might make: half of each noisy wave, in several formats."""
    folder = tmp_path / "enhanced"
    folder.mkdir()
    for number in range(6):
        wave, rate = soundfile.read(exported / "noisy" / f"{number:04}.wav")
        ending = (".wav", ".flac", ".w64")[number % 3]
        soundfile.write(folder / f"{number:04}{ending}", 0.5 * wave, rate)
    return folder


def score(exported, enhanced, out, *more):
    metrics = ("--set", "evaluate.metrics=[si_sdr]", "--set", "evaluate.workers=1")
    manifest = exported / "manifest.json"
    arguments = ("--enhanced", enhanced, "--manifest", manifest, "-o", out, *metrics, *more)
    return invoke("evaluate", *arguments)


def test_files_of_another_tool_are_scored_like_a_run(exported, enhanced, trained, tmp_path):
    out = tmp_path / "out"
    result = score(exported, enhanced, out)
    assert result.exit_code == 0, result.output
    assert {one.name for one in out.iterdir()} == {*NAMES, "provenance.json"}
    found, run = summary_of(out), summary_of(trained)
    for name in ("conditions", "metrics", "contract", "baselines", "manifest", "sample_rate"):
        assert found[name] == run[name], name
    for name in ("noisy", "log_mmse", "ratio_mask"):
        assert found["mean"][name] == run["mean"][name]
    # SI-SDR does not depend on the level; 16 bits are what differs.
    assert found["mean"]["enhanced"]["si_sdr"] == pytest.approx(
        found["mean"]["noisy"]["si_sdr"], abs=0.01
    )
    provenance = json.loads((out / "provenance.json").read_text())
    assert provenance["name"] == "out"
    assert "baseline ratio_mask" in provenance["components"]
    again = score(exported, enhanced, out)
    assert again.exit_code == 2
    assert f"{out}: holds evaluation.json already" in again.output


def test_files_that_cannot_be_used_are_counted_with_their_reason(exported, enhanced, tmp_path):
    (enhanced / "0000.wav").unlink()
    (enhanced / "0001.flac").write_bytes(b"no audio")
    short = soundfile.read(enhanced / "0002.w64")[0][:-1]
    soundfile.write(enhanced / "0002.w64", short, 16000)
    wave, rate = soundfile.read(enhanced / "0003.wav")
    soundfile.write(enhanced / "0003.wav", wave, 8000)
    soundfile.write(enhanced / "0004.flac", np.stack([wave, wave], 1), rate)
    out = tmp_path / "out"
    good = enhanced / "0005.w64"
    kept = good.read_bytes()
    good.unlink()
    result = score(exported, enhanced, out)
    assert result.exit_code == 2
    assert f"{enhanced}: not one file can be scored: the file is missing (2); " in result.output
    assert not (out / "evaluation.json").exists()
    good.write_bytes(kept)
    result = score(exported, enhanced, out)
    assert result.exit_code == 0, result.output
    assert "scores that failed: 5 enhanced; evaluation.csv says which and why" in result.output
    assert "1 x enhanced: the file is of 8000 Hz, not 16000" in result.output
    samples = read_manifest(exported / "manifest.json").samples
    reasons = [row["failures"].removeprefix("si_sdr enhanced: ") for row in rows_of(out)]
    assert reasons[0] == "the file is missing"
    assert reasons[1].startswith("cannot be read as audio")
    assert reasons[2] == f"the file has only {samples - 1} samples, not {samples}"
    assert reasons[3] == "the file is of 8000 Hz, not 16000"
    assert reasons[4] == "the file has 2 channels, not 1"
    assert reasons[5] == ""
    summary = summary_of(out)
    assert summary["counts"]["failed"]["enhanced"] == 5
    assert summary["failures"]["enhanced"]["si_sdr"]["the file is missing"] == 1
    assert summary["mean"]["enhanced"]["si_sdr"] is not None


def test_two_files_of_one_name_are_counted(exported, enhanced, tmp_path):
    shutil.copy(enhanced / "0003.wav", enhanced / "0005.wav")
    assert score(exported, enhanced, tmp_path / "out").exit_code == 0
    reason = rows_of(tmp_path / "out")[5]["failures"]
    assert reason == "si_sdr enhanced: there are several files of the name (.w64, .wav)"


def test_a_wave_too_long_is_counted(exported, enhanced, tmp_path):
    wave, rate = soundfile.read(enhanced / "0000.wav")
    soundfile.write(enhanced / "0000.wav", np.concatenate([wave, wave]), rate)
    assert score(exported, enhanced, tmp_path / "out").exit_code == 0
    samples = read_manifest(exported / "manifest.json").samples
    reason = f"the file has more than {samples} samples, not {samples}"
    assert summary_of(tmp_path / "out")["failures"]["enhanced"] == {"si_sdr": {reason: 1}}


def test_a_folder_without_any_of_the_files_is_an_error(exported, tmp_path):
    (tmp_path / "empty").mkdir()
    result = score(exported, tmp_path / "empty", tmp_path / "out")
    assert result.exit_code == 2
    assert "empty: holds no file named as those in noisy/: 0000.wav to 0005.wav" in result.output
    result = score(exported, tmp_path / "nowhere", tmp_path / "out")
    assert "nowhere: is no folder" in result.output
    assert not (tmp_path / "out").exists()


def test_exported_audio_that_was_changed_is_an_error(exported, enhanced, tmp_path):
    copied = shutil.copytree(exported, tmp_path / "copied")
    wave, rate = soundfile.read(copied / "noisy" / "0004.wav", dtype="float32")
    wave[100] = np.nextafter(wave[100], np.float32(1))
    soundfile.write(copied / "noisy" / "0004.wav", wave, rate, subtype="FLOAT")
    result = score(copied, enhanced, tmp_path / "out")
    assert result.exit_code == 2
    assert f"{copied}: row 4: " in result.output
    (copied / "noisy" / "0004.wav").unlink()
    result = score(copied, enhanced, tmp_path / "out")
    assert "0004.wav: " in result.output
    assert "export the mixtures again" in result.output


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "MODEL is missing: a run directory or a bundle"),
        (("--manifest", "m"), "--manifest alone: give MODEL, or --export, or --enhanced"),
        (("--export", "d"), "MODEL is missing"),
        (("--manifest", "m", "--export", "d"), "without MODEL needs --data"),
        (("--enhanced", "d"), "--enhanced needs --manifest"),
        (("--enhanced", "d", "--manifest", "m"), "--enhanced needs -o"),
        (("run", "--enhanced", "d"), "MODEL and --enhanced: give one of them"),
        (("--enhanced", "d", "--export", "e"), "--export and --enhanced: first export"),
        (("--enhanced", "d", "--data", "demo"), "--data and --enhanced: the exported audio"),
        (("run", "-o", "d", "--export", "e"), "-o names scores, and --export writes none"),
        (("run", "--set", "train.epochs=3"), "--set train.epochs=3: only evaluate.* can be set"),
    ],
)
def test_options_that_do_not_go_together_are_refused(arguments, message):
    result = invoke("evaluate", *arguments)
    assert result.exit_code == 2
    assert message in result.output
    assert "Traceback" not in result.output


@pytest.mark.training
def test_a_manifest_of_recordings_that_a_run_was_trained_on_is_refused(run, tiny_sets, tmp_path):
    """The mixtures of a run with swapped parts are of what this one has trained on."""
    sets = [part for one in (*tiny_sets, *SETS, "data.swap=true") for part in ("--set", one)]
    other = tmp_path / "swapped"
    assert invoke("run", "quickstart", *sets, "--out", other).exit_code == 0
    result = invoke("evaluate", run, "--manifest", other / "manifest.json")
    assert result.exit_code == 2
    assert "3 of its 3 recordings of speech are not in the corpus" in result.output
