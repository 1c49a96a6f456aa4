"""What the machine does to a run ends in one sentence that says what is kept and what fits."""

import pytest
import torch

from sslse.device import is_out_of_memory
from sslse.errors import BrokenOffError
from sslse.prepare import prepare
from sslse.train.failures import explained
from sslse.train.memory import largest

CPU = torch.device("cpu")
ALLOCATOR = "DefaultCPUAllocator: can't allocate memory: you tried to allocate 8 bytes."


@pytest.fixture
def trainer(tiny, registry, tmp_path):
    (tmp_path / "run").mkdir()
    return prepare(tiny("train.log_every=1"), registry, CPU, lambda _: None).trainer


def ended(trainer, folder, error, at=5):
    """Train until an error comes up; return what is said."""

    def fail(line):
        if line["step"] == at:
            raise error

    with pytest.raises(BrokenOffError) as caught, explained(trainer, 2, 1024):
        trainer.run(folder / "run", fail)
    return str(caught.value)


@pytest.mark.parametrize("most", [1, 2, 7, 64, 100])
@pytest.mark.parametrize("fitting", [0, 1, 2, 3, 9, 1000])
def test_the_largest_power_of_two_is_found_and_little_more_is_tried(most, fitting):
    tried = []

    def fits(count):
        tried.append(count)
        return count <= fitting

    powers = [2**n for n in range(20) if 2**n <= min(most, fitting)]
    assert largest(fits, most) == max(powers, default=0)
    assert tried == sorted(tried)
    assert len([one for one in tried if one > fitting]) <= 1


@pytest.mark.training
@pytest.mark.parametrize(
    "error",
    [
        pytest.param(RuntimeError(ALLOCATOR), marks=pytest.mark.smoke),
        torch.OutOfMemoryError("CUDA out of memory."),
        MemoryError(),
    ],
)
def test_out_of_memory_says_what_was_tried_and_what_fits(trainer, tmp_path, monkeypatch, error):
    forward = type(trainer.model).forward

    def limited(model, examples, *others):
        if examples.noisy.shape[1] > 6:
            raise error
        return forward(model, examples, *others)

    monkeypatch.setattr(type(trainer.model), "forward", limited)
    with pytest.raises(BrokenOffError) as caught, explained(trainer, 2, 16384):
        trainer.run(tmp_path / "run")
    assert str(caught.value) == (
        "out of memory with 24 utterances x 2 views x 16384 samples; 4 fit (tried): start another "
        "run (--out) with train.batch_size=4, or with train.crop=2048 or less; no state is saved "
        "yet"
    )


def test_out_of_memory_where_nothing_fits(trainer, tmp_path, monkeypatch):
    def limited(*_):
        raise MemoryError

    monkeypatch.setattr(type(trainer.model), "forward", limited)
    with (
        pytest.raises(BrokenOffError, match="not even one utterance fits"),
        explained(trainer, 2, 1024),
    ):
        trainer.run(tmp_path / "run")


def test_torch_does_say_so_in_these_words():
    with pytest.raises(RuntimeError) as caught:
        torch.empty(2**60, dtype=torch.uint8)
    assert is_out_of_memory(caught.value)
    assert not is_out_of_memory(RuntimeError("mat1 and mat2 shapes cannot be multiplied"))


@pytest.mark.parametrize("kind", [RuntimeError, torch.AcceleratorError])
def test_a_lost_gpu_is_one_sentence(trainer, tmp_path, kind):
    error = kind("CUDA error: unspecified launch failure\nCUDA kernel errors might be ...")
    assert ended(trainer, tmp_path, error) == (
        "the GPU is lost: CUDA error: unspecified launch failure; the state of step 4 of 12 is "
        "saved"
    )


def test_a_disk_that_refuses_is_named(trainer, tmp_path):
    error = OSError(28, "No space left on device", "runs/a/metrics.jsonl")
    assert ended(trainer, tmp_path, error) == (
        "runs/a/metrics.jsonl: no space left on device; the state of step 4 of 12 is saved"
    )


def test_a_bug_stays_a_bug(trainer, tmp_path):
    def bug(_):
        raise RuntimeError("shapes do not fit")

    with pytest.raises(RuntimeError, match="shapes"), explained(trainer, 2, 1024):
        trainer.run(tmp_path / "run", bug)
