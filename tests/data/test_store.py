import pytest
import torch


def test_crops_are_cut_where_asked(make_store):
    store = make_store(10, 20)
    crops = store.crops(torch.tensor([1, 0]), torch.tensor([3, 0]), 4)
    assert crops.tolist() == [[103, 104, 105, 106], [0, 1, 2, 3]]
    assert crops.dtype == torch.float32


def test_past_the_end_is_silence_or_the_beginning_again(make_store):
    store = make_store(3, 5)
    index, start = torch.tensor([1]), torch.tensor([3])
    assert store.crops(index, start, 5).tolist() == [[103, 104, 0, 0, 0]]
    assert store.crops(index, start, 8, loop=True).tolist() == [
        [103, 104, 100, 101, 102, 103, 104, 100]
    ]


def test_crops_keep_the_shape_of_the_index(make_store):
    store = make_store(6, 6, 6)
    index = torch.tensor([[0, 1], [2, 0], [1, 1]])
    assert store.crops(index, torch.zeros_like(index), 5).shape == (3, 2, 5)
    assert store.lengths_of(index).tolist() == [[6, 6], [6, 6], [6, 6]]


def test_parts_share_the_samples(make_store):
    store = make_store(4, 5, 6, parts=["train", "test", "train"])
    train, test = store.part("train"), store.part("test")
    assert [one.key for one in train.recordings] == ["r0", "r2"]
    assert test.crops(torch.tensor([0]), torch.tensor([0]), 2).tolist() == [[100, 101]]
    assert train.samples is test.samples is store.samples
    assert test.seconds == pytest.approx(5 / 16000)
