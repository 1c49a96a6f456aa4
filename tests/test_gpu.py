"""What only a CUDA device can show; skipped where there is none."""

import json

import pytest
import torch
from click.testing import CliRunner

from sslse.build import open_material
from sslse.cli import main
from sslse.data.readahead import ReadAhead
from sslse.data.store import Store
from sslse.evaluate.mixtures import make_mixtures, plan_mixtures
from sslse.prepare import prepare
from sslse.train.step import Examples

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device"),
]


def test_the_store_lives_on_the_device(tiny, registry):
    prepared = prepare(tiny(), registry, torch.device("cuda:0"), print)
    speech: Store = prepared.material.train_speech
    assert speech.is_resident
    examples = prepared.trainer.examples(0)
    assert examples.clean.is_cuda
    assert examples.noisy.is_cuda


def test_a_store_that_does_not_fit_gives_the_same_crops(tiny, registry, monkeypatch):
    device = torch.device("cuda:0")
    index, start = torch.tensor([3, 1], device=device), torch.tensor([5, 0], device=device)
    resident = prepare(tiny(), registry, device, print).material.train_speech
    monkeypatch.setattr("sslse.data.store.RESIDENT_SHARE", 0.0)
    mapped = prepare(tiny(), registry, device, print).material.train_speech
    assert not mapped.is_resident
    crops = mapped.crops(index, start, 1024)
    assert crops.is_cuda
    torch.testing.assert_close(crops, resident.crops(index, start, 1024), rtol=0, atol=0)


def test_what_is_read_ahead_is_the_same(tiny, registry, monkeypatch):
    device = torch.device("cuda:0")
    resident = prepare(tiny(), registry, device, print).trainer
    monkeypatch.setattr("sslse.data.store.RESIDENT_SHARE", 0.0)
    ahead = prepare(tiny(), registry, device, print).trainer
    assert isinstance(ahead.draw, ReadAhead)
    for step in (0, 1, 2, 7, 8):
        expected, found = resident.batches.draw(step), ahead.draw(step)
        assert all(torch.equal(*pair) for pair in zip(found, expected, strict=True))


def test_test_mixtures_are_those_of_the_cpu_to_the_last_bit(tiny, registry):
    recipe = tiny("evaluate.snr_db=[-7.5, 0, 7.5]", "evaluate.utterances=4")
    made = []
    for device in ("cpu", "cuda:0"):
        material = open_material(recipe, registry, torch.device(device))
        speech, noise = material.test_speech, material.test_noise
        mixtures = plan_mixtures(speech, noise, recipe.evaluate)
        waves = make_mixtures(mixtures, speech, noise, recipe.evaluate.samples)
        made.append((mixtures, *(one.cpu() for one in waves)))
    assert made[0][0] == made[1][0]
    assert torch.equal(made[0][1], made[1][1])
    assert torch.equal(made[0][2], made[1][2])


def test_a_step_on_the_device_is_that_on_the_cpu(tiny, registry):
    on_cpu = prepare(tiny(), registry, torch.device("cpu"), print).trainer
    on_cuda = prepare(tiny(), registry, torch.device("cuda:0"), print).trainer
    examples = on_cpu.examples(0)
    progress = on_cpu.progress(0)
    weights = on_cpu.model.schedule.weights(progress)
    expected = on_cpu.model(examples, weights, progress).total
    moved = Examples(examples.clean.cuda(), examples.noisy.cuda(), examples.utterance.cuda())
    found = on_cuda.model(moved, weights, progress).total
    torch.testing.assert_close(found.cpu(), expected, rtol=1e-3, atol=1e-3)


def test_a_run_on_the_device(tiny_sets, tiny_cache, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SSLSE_CACHE", str(tiny_cache))
    sets = [part for text in tiny_sets for part in ("--set", text)]
    result = CliRunner().invoke(main, ["run", "quickstart", "--device", "cuda", *sets])
    assert result.exit_code == 0, result.output
    summary = json.loads((tmp_path / "runs" / "quickstart" / "evaluation.json").read_text())
    assert summary["counts"]["scored"]["si_sdr"] == 2


def test_a_step_waits_for_the_device_nowhere(tiny, registry):
    trainer = prepare(tiny("schedule=mix"), registry, torch.device("cuda:0"), print).trainer
    trainer.step(0)
    torch.cuda.set_sync_debug_mode("error")
    try:
        trainer.step(1)
    finally:
        torch.cuda.set_sync_debug_mode("default")
