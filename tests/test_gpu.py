"""What only a CUDA device can show; skipped where there is none."""

import json

import pytest
import torch
import torch.distributed as dist
from click.testing import CliRunner
from torch.nn.parallel import DistributedDataParallel

from sslse import ranks
from sslse.api import Weights
from sslse.build import open_material
from sslse.cli import main
from sslse.data.readahead import ReadAhead
from sslse.data.store import Store
from sslse.evaluate.mixtures import make_mixtures, plan_mixtures
from sslse.prepare import prepare
from sslse.train.log import read_metrics
from sslse.train.parallel import _Total
from sslse.train.step import Examples

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device"),
]
DEVICE = torch.device("cuda:0")
STEPS = 5
OBJECTIVES = ("byol", "simsiam", "simclr", "moco_v2", "swav", "barlow_twins", "normal")


def test_the_store_lives_on_the_device(tiny, registry):
    prepared = prepare(tiny(), registry, DEVICE, print)
    speech: Store = prepared.material.train_speech
    assert speech.is_resident
    examples = prepared.trainer.examples(0)
    assert examples.clean.is_cuda
    assert examples.noisy.is_cuda


def test_a_store_that_does_not_fit_gives_the_same_crops(tiny, registry, monkeypatch):
    device = DEVICE
    index, start = torch.tensor([3, 1], device=device), torch.tensor([5, 0], device=device)
    resident = prepare(tiny(), registry, device, print).material.train_speech
    monkeypatch.setattr("sslse.data.store.RESIDENT_SHARE", 0.0)
    mapped = prepare(tiny(), registry, device, print).material.train_speech
    assert not mapped.is_resident
    crops = mapped.crops(index, start, 1024)
    assert crops.is_cuda
    torch.testing.assert_close(crops, resident.crops(index, start, 1024), rtol=0, atol=0)


def test_what_is_read_ahead_is_the_same(tiny, registry, monkeypatch):
    device = DEVICE
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
    on_cuda = prepare(tiny(), registry, DEVICE, print).trainer
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


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_no_step_waits_for_the_device(tiny, registry, objective):
    recipe = tiny("schedule=mix", f"objective={objective}", "train.clip_norm=1.0")
    trainer = prepare(recipe, registry, DEVICE, print).trainer
    trainer.step(0)
    assert trainer.batches.steps_per_epoch < STEPS  # so that another epoch begins among them
    torch.cuda.set_sync_debug_mode("error")
    try:
        for step in range(1, STEPS):
            trainer.step(step)
    finally:
        torch.cuda.set_sync_debug_mode("default")


def test_bfloat16_lies_close_to_float32(tiny, registry):
    outputs = {}
    for precision in ("float32", "bfloat16"):
        sets = ("schedule=mix", f"train.precision={precision}")
        trainer = prepare(tiny(*sets), registry, DEVICE, print).trainer
        examples, progress = trainer.examples(0), trainer.progress(0)
        outputs[precision] = trainer.model(examples, Weights(1.0, 1.0), progress)
    low, high = outputs["bfloat16"], outputs["float32"]
    assert low.losses.cl.dtype == low.losses.se.dtype == torch.float32
    assert not torch.equal(low.latent.float(), high.latent)  # it is another precision at all
    torch.testing.assert_close(low.losses.cl, high.losses.cl, rtol=0.02, atol=0.02)
    torch.testing.assert_close(low.losses.se, high.losses.se, rtol=0.02, atol=0.1)


def test_a_resumed_training_goes_on_where_it_was(tiny, registry, tmp_path):
    class Enough(Exception):  # noqa: N818
        pass

    def stop_at_6(line):
        if line["step"] == 6:
            raise Enough

    def trained(folder, watch=lambda _: None):
        (tmp_path / folder).mkdir(exist_ok=True)
        sets = ("train.precision=float32", "train.optimizer=sgd")
        trainer = prepare(tiny(*sets), registry, DEVICE, print).trainer
        trainer.run(tmp_path / folder, watch)
        return trainer

    expected = trained("whole")
    with pytest.raises(Enough):
        trained("broken_off", stop_at_6)
    resumed = trained("broken_off")
    lines = [read_metrics(tmp_path / one / "metrics.jsonl") for one in ("whole", "broken_off")]
    assert [line["step"] for line in lines[0]] == [line["step"] for line in lines[1]]
    # Sums on a CUDA device may differ in their last bits from one time to the next; AdamW would
    # make steps of the same length of the smallest gradient's sign.
    for name, value in resumed.model.state_dict().items():
        torch.testing.assert_close(value, expected.model.state_dict()[name], rtol=1e-3, atol=1e-4)


def test_steps_that_are_not_finite_are_undone(tiny, registry, tmp_path):
    said, bad = [], {2, 4, 5}
    trainer = prepare(tiny("train.log_every=3"), registry, DEVICE, print).trainer
    assert not trainer._looks
    forward = trainer._forward

    def broken(examples, weights, progress):
        output = forward(examples, weights, progress)
        if progress.step in bad:
            output.total.mul_(torch.nan)
        return output

    trainer._forward = broken
    trainer.run(tmp_path, say=said.append)
    assert said == [
        f"warning: step {step + 1} is skipped: its loss or gradient is not finite"
        for step in sorted(bad)
    ]
    assert [line.get("skipped") for line in read_metrics(tmp_path / "metrics.jsonl")][:2] == [1, 3]
    assert all(value.isfinite().all() for value in trainer.model.parameters())


def test_the_largest_batch_is_found(tiny, registry):
    recipe = tiny("train.batch_size=auto", "train.crops_per_utterance=2")
    said = []
    prepared = prepare(recipe, registry, DEVICE, said.append)
    found = prepared.recipe.train.batch_size
    assert found == 128  # of 180 crops, the largest power of two; a tiny network fits anywhere
    assert f"train.batch_size: auto finds that {found} fit" in said


def test_compiled_networks_give_what_they_gave(tiny, registry):
    losses = []
    for compiled in ("false", "true"):
        sets = ("schedule=mix", "train.precision=float32", f"train.compile={compiled}")
        trainer = prepare(tiny(*sets), registry, DEVICE, print).trainer
        for step in range(3):
            output, _ = trainer.step(step)
        losses.append(output.total)
    torch.testing.assert_close(losses[1], losses[0], rtol=2e-3, atol=2e-3)


@pytest.fixture
def one_rank():
    """A process group of this process alone, on NCCL."""
    store = dist.HashStore()
    dist.init_process_group("cpu:gloo,cuda:nccl", store=store, rank=0, world_size=1)
    yield
    dist.destroy_process_group()


@pytest.mark.usefixtures("one_rank")
def test_nccl_carries_what_ranks_share():
    sent = torch.arange(6.0, device=DEVICE).view(2, 3).requires_grad_()
    gathered = ranks._Gather.apply(sent, 1)
    assert torch.equal(gathered, sent)
    (gathered.square().sum() + ranks._Mean.apply(sent).sum()).backward()
    assert torch.equal(sent.grad, 2 * sent.detach() + 1)


@pytest.mark.usefixtures("one_rank")
def test_a_step_under_nccl_has_the_gradients_of_one_process(tiny, registry):
    def ready():
        trainer = prepare(tiny("train.precision=float32"), registry, DEVICE, print).trainer
        return trainer.model, (trainer.examples(0), Weights(1.0, 1.0), trainer.progress(0))

    alone, given = ready()
    alone(*given).total.backward()
    together, given = ready()
    wrapped = DistributedDataParallel(_Total(together), find_unused_parameters=True)
    wrapped(*given)[0].backward()  # it must live until then
    for found, expected in zip(together.parameters(), alone.parameters(), strict=True):
        torch.testing.assert_close(found.grad, expected.grad, rtol=1e-3, atol=1e-5)
