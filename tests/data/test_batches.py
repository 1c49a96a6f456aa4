import torch

from sslse.data.batches import Batches


def rows_of(crops):
    """Which recording each crop is of: its samples lie in one hundred."""
    return (crops[:, 0] // 100).long().tolist()


def make(store, **changes):
    settings = {"batch_size": 2, "crop": 4, "crops_per_utterance": 1, "seed": 0}
    return Batches(store, **(settings | changes))


def test_every_utterance_occurs_once_in_an_epoch_in_another_order_each_time(make_store):
    batches = make(make_store(*[40] * 6))
    assert batches.steps_per_epoch == 3
    epochs = [
        [row for step in range(3) for row in rows_of(batches.draw(3 * epoch + step)[0])]
        for epoch in range(5)
    ]
    assert all(sorted(epoch) == list(range(6)) for epoch in epochs)
    assert len({tuple(epoch) for epoch in epochs}) > 1


def test_a_step_is_a_pure_function_of_seed_and_step(make_store):
    store = make_store(*[90] * 6)
    forward = [make(store).draw(step)[0] for step in range(6)]
    backward = make(store)
    for step in reversed(range(6)):
        torch.testing.assert_close(backward.draw(step)[0], forward[step])
    assert not torch.equal(make(store, seed=1).draw(0)[0], forward[0])


def test_crops_start_anywhere_and_short_utterances_are_padded(make_store):
    store = make_store(9)
    batches = make(store, batch_size=1)
    starts = {int(batches.draw(step)[0][0, 0]) for step in range(100)}
    assert starts == set(range(6))
    short = make(make_store(3), batch_size=1).draw(0)[0]
    assert short.tolist() == [[0, 1, 2, 0]]


def test_the_batch_is_at_most_the_corpus(make_store):
    batches = make(make_store(9, 9, 9), batch_size=256)
    assert (batches.batch_size, batches.steps_per_epoch) == (3, 1)
    more = make(make_store(9, 9, 9), batch_size=4, crops_per_utterance=4)
    assert (more.batch_size, more.steps_per_epoch) == (4, 3)
    drawn = sorted(row for step in range(3) for row in rows_of(more.draw(step)[0]))
    assert drawn == [0] * 4 + [1] * 4 + [2] * 4
