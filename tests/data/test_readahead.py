import gc
import threading

import pytest
import torch

from sslse.data.batches import Batches
from sslse.data.readahead import ReadAhead
from sslse.data.store import Store
from sslse.errors import DataError
from sslse.prepare import prepare

CPU = torch.device("cpu")


def batches(store):
    return Batches(store, batch_size=4, crop=16, crops_per_utterance=3, seed=5)


def test_batches_read_ahead_are_the_same_in_any_order(make_store):
    store = make_store(*[90] * 9)
    plain, ahead = batches(store), ReadAhead(batches(store).draw, CPU)
    for step in (0, 1, 2, 3, 3, 11, 12, 0, 30, 31):
        for found, expected in zip(ahead(step), plain.draw(step), strict=True):
            assert torch.equal(found, expected)


def test_the_next_step_is_drawn_while_this_one_trains():
    begun = {step: threading.Event() for step in range(3)}
    threads = set()

    def draw(step):
        begun[step].set()
        threads.add(threading.current_thread())
        return torch.tensor([step]), torch.tensor([0])

    ahead = ReadAhead(draw, CPU)
    assert ahead(0)[0].item() == 0
    begun[1].wait()
    assert not begun[2].is_set()
    assert ahead(1)[0].item() == 1
    assert len(threads) == 1
    assert threading.current_thread() not in threads


def test_what_the_thread_raises_is_raised_at_its_step_alone():
    def draw(step):
        if step == 1:
            raise DataError("00000.int16: cannot be read")
        return torch.tensor([step]), torch.tensor([0])

    ahead = ReadAhead(draw, CPU)
    assert ahead(0)[0].item() == 0
    with pytest.raises(DataError, match=r"00000\.int16: cannot be read"):
        ahead(1)
    assert ahead(2)[0].item() == 2


def test_the_thread_ends_with_its_object(make_store):
    before = set(threading.enumerate())
    ahead = ReadAhead(batches(make_store(*[90] * 9)).draw, CPU)
    ahead(0)
    (thread,) = set(threading.enumerate()) - before
    del ahead
    gc.collect()
    thread.join()


def test_a_run_reads_ahead_where_crops_are_slow_and_sees_the_same(tiny, registry, monkeypatch):
    plain = prepare(tiny(), registry, CPU, print).trainer
    assert plain.draw == plain.batches.draw
    monkeypatch.setattr(Store, "is_slow", True)
    ahead = prepare(tiny(), registry, CPU, print).trainer
    assert isinstance(ahead.draw, ReadAhead)
    for step in range(4):
        found, expected = ahead.examples(step), plain.examples(step)
        assert torch.equal(found.noisy, expected.noisy)
        assert torch.equal(found.utterance, expected.utterance)
