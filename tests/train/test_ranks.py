"""Several processes train as one: two gloo ranks against one process."""

import importlib.util
import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from sslse import ranks
from sslse.errors import RunError
from sslse.registry import discover
from sslse.train.log import TIMING, read_metrics

CPU = torch.device("cpu")
WORKER = Path(__file__).with_name("ranks_worker.py")
SPEC = importlib.util.spec_from_file_location("ranks_worker", WORKER)
worker = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(worker)
STEPS = 8
METHODS = {name: name for name in discover().names("objective")} | {
    "moco_v2": "{name: moco_v2, queue: 512}",
    "swav": "{name: swav, queue: 512, queue_start_epoch: 1}",
}
ADAPTING = ("gradnorm", "uncertainty")
PLAIN = (
    "train.optimizer=sgd",
    "train.learning_rate=0.01",
    "train.precision=float32",
    "train.gradient_cosine_every=3",
)


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def start(job, folder):
    """Start two ranks as a launcher would."""
    path = folder / "job.json"
    path.write_text(json.dumps(job))
    port = str(free_port())
    started = []
    for rank in range(2):
        own = {"RANK": str(rank), "LOCAL_RANK": str(rank), "WORLD_SIZE": "2"}
        meeting = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port}
        quick = {"OMP_NUM_THREADS": "1", "TORCH_CPP_LOG_LEVEL": "ERROR"}
        with (folder / f"{rank}.txt").open("w") as said:
            started.append(
                subprocess.Popen(
                    [sys.executable, WORKER, path],
                    stdout=said,
                    stderr=said,
                    env=os.environ | own | meeting | quick,
                )
            )
    return started


def stopped_after(trainer, folder, lines):
    with pytest.raises(worker.KilledError):
        trainer.run(folder, worker.stopping(lines), print)


@pytest.fixture(scope="module")
def sets(tiny_sets, tiny_cache):
    return [*tiny_sets, f"data.cache={tiny_cache}", *PLAIN]


@pytest.fixture(scope="module")
def curves(sets):
    """Recipes by name: every objective in phases, and every schedule that adapts."""
    phases = dict.fromkeys(METHODS, "schedule={name: round, period: 1, cl: 0.1}")
    # Its loss is above 100, and at 0.1 a batch in another order alone moves it by 2e-5 of itself.
    phases["barlow_twins"] = "schedule={name: round, period: 1, cl: 0.01}"
    methods = {
        name: [*sets, f"objective={text}", phases[name], "train.clip_norm=5"]
        for name, text in METHODS.items()
    }
    return methods | {name: [*sets, f"schedule={name}"] for name in ADAPTING}


@pytest.fixture(scope="module")
def resumed(sets):
    return [*sets, "schedule=mix", "train.log_every=1", "objective=" + METHODS["moco_v2"]]


@pytest.fixture(scope="module")
def waves():
    return torch.randn(6, 5, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


@pytest.fixture(scope="module")
def pair(tmp_path_factory, curves, resumed, sets, waves):
    """What both ranks found; the run in ``folder`` was begun by one process before."""
    out = tmp_path_factory.mktemp("ranks")
    folder = out / "run"
    folder.mkdir()
    stopped_after(worker.make_trainer(resumed), folder, 2)
    job = {
        "curves": curves,
        "steps": STEPS,
        "resumed": resumed,
        "folder": str(folder),
        "uneven": [*sets, "train.batch_size=23"],
        "waves": waves.tolist(),
        "late_port": free_port(),
        "out": str(out),
    }
    codes = [one.wait() for one in start(job, out)]
    assert codes == [0, 0], [(out / f"{rank}.txt").read_text()[-3000:] for rank in range(2)]
    return [torch.load(out / f"{rank}.pt") for rank in range(2)], folder


@pytest.mark.processes
@pytest.mark.parametrize("name", [*METHODS, *ADAPTING])
def test_two_ranks_with_half_the_batch_each_train_as_one_process(pair, curves, name):
    (first, second), _ = pair
    alone = worker.curve(worker.make_trainer(curves[name]), STEPS)
    assert [line.keys() for line in first[name]["lines"]] == [one.keys() for one in alone["lines"]]
    for number, (line, expected) in enumerate(
        zip(first[name]["lines"], alone["lines"], strict=True)
    ):
        for figure, value in expected.items():
            # What is only looked at, as Barlow Twins' sum over 65,280 squares, keeps fewer digits.
            near = 1e-5 if figure in ("loss", "cl", "se") else 1e-2
            torch.testing.assert_close(
                line[figure].double(),
                value.double(),
                rtol=near,
                atol=near,
                msg=lambda text, place=(number, figure): f"{place}: {text}",
            )
    for part, value in alone["weights"].items():
        torch.testing.assert_close(first[name]["weights"][part], value, rtol=1e-3, atol=1e-4)
        assert torch.equal(first[name]["weights"][part], second[name]["weights"][part]), part


@pytest.mark.processes
def test_the_data_does_not_depend_on_the_number_of_ranks(pair, curves):
    (first, _), _ = pair
    alone = worker.curve(worker.make_trainer(curves["byol"]), 1)
    for part in ("noisy", "utterance"):
        assert torch.equal(first["byol"][part], alone[part])
    torch.testing.assert_close(first["byol"]["latent"], alone["latent"])


@pytest.mark.processes
@pytest.mark.parametrize("loss", ["own rows", "all rows", "batch norm"])
def test_gradients_of_what_is_gathered_are_those_of_one_process(pair, waves, loss):
    (first, second), _ = pair
    expected = worker.gradients(waves)[loss]
    for found in (first, second):
        torch.testing.assert_close(found["gradients"][loss], expected, rtol=1e-12, atol=1e-12)


@pytest.mark.processes
def test_parameters_without_a_loss_are_not_moved_on_any_rank(pair):
    assert [one["unmoved"] for one in pair[0]] == [True, True]


@pytest.mark.processes
def test_a_run_goes_on_with_another_number_of_ranks_and_back(pair, resumed, tmp_path):
    both, folder = pair
    assert all(one["stopped"] for one in both)
    worker.make_trainer(resumed).run(folder)
    whole = worker.make_trainer(resumed)
    whole.run(tmp_path)
    lines, expected = (read_metrics(one / "metrics.jsonl") for one in (folder, tmp_path))
    assert [line["step"] for line in lines] == list(range(1, 13))
    for line, other in zip(lines, expected, strict=True):
        assert line.keys() == other.keys()
        assert line.get("warnings", {}).keys() == other.get("warnings", {}).keys()
        for name in line.keys() - {*TIMING, "warnings"}:
            assert line[name] == pytest.approx(other[name], rel=1e-4, abs=1e-4), name


@pytest.mark.processes
def test_a_batch_that_does_not_divide_is_refused(pair):
    message = (
        "a batch of 23 utterances does not divide among 2 processes; "
        "set train.batch_size to a multiple"
    )
    assert [one["uneven"] for one in pair[0]] == [message] * 2


@pytest.mark.processes
def test_a_rank_that_does_not_answer_ends_the_others(pair):
    assert pair[0][0]["late"].startswith("rank 0 of 2 lost contact with another process")


@pytest.mark.processes
def test_a_killed_rank_ends_the_others_with_a_message(tmp_path, sets):
    arguments = ["run", "quickstart", "--out", str(tmp_path / "run"), "--device", "cpu"]
    arguments += [word for one in [*sets, "train.epochs=400"] for word in ("--set", one)]
    first, second = start({"arguments": arguments, "dies_at": 7}, tmp_path)
    assert second.wait() < 0
    assert first.wait() == 75
    said = (tmp_path / "0.txt").read_text()
    assert "rank 0 of 2 lost contact with another process, which ended" in said
    assert "continue with: sslse run quickstart" in said
    assert "Traceback" not in said
    assert read_metrics(tmp_path / "run" / "metrics.jsonl")
    assert (tmp_path / "1.txt").read_text() == ""


TORCHRUN = {"RANK": "5", "WORLD_SIZE": "8", "LOCAL_RANK": "1"}


def test_more_processes_than_devices_are_refused(monkeypatch):
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    for name, value in TORCHRUN.items():
        monkeypatch.setenv(name, value)
    message = r"^process 2 of this machine finds 1 CUDA devices; start one process for each"
    with pytest.raises(RunError, match=message), ranks.joined(torch.device("cuda:0")):
        pass


def test_one_process_shares_nothing(monkeypatch):
    monkeypatch.setenv("RANK", "0")
    monkeypatch.setenv("WORLD_SIZE", "1")
    tensor = torch.ones(4)
    with ranks.joined(CPU) as device, ranks.main_first():
        assert device == CPU
        assert (ranks.world(), ranks.rank(), ranks.main()) == (1, 0, True)
        assert ranks.gather(tensor) is ranks.own(tensor) is ranks.mean(tensor) is tensor
        assert ranks.greatest(3) == 3
        assert not torch.distributed.is_initialized()
