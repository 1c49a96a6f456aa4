"""Seeded splits: stable, of the right size, and never dividing a group."""

import pytest

from sslse.corpora.splits import held_out, part_size, stable_order

KEYS = [f"speaker{number // 4}/file{number}" for number in range(40)]
SPEAKER_OF = {key: key.partition("/")[0] for key in KEYS}


def test_the_order_is_the_same_on_every_machine():
    assert stable_order(["a", "b", "c", "d", "e"], 0) == ["d", "a", "e", "b", "c"]
    assert stable_order(["a", "b", "c", "d", "e"], 1) == ["a", "c", "e", "d", "b"]


def test_the_order_does_not_depend_on_the_order_of_the_keys():
    assert stable_order(reversed(KEYS), 3) == stable_order(KEYS, 3)


def test_the_order_depends_on_the_seed():
    assert stable_order(KEYS, 0) != stable_order(KEYS, 1)
    assert sorted(stable_order(KEYS, 0)) == sorted(stable_order(KEYS, 1)) == sorted(KEYS)


def test_other_keys_do_not_disturb_the_order():
    kept = KEYS[::3]
    assert [key for key in stable_order(KEYS, 0) if key in kept] == stable_order(kept, 0)


@pytest.mark.parametrize(
    ("total", "share", "expected"),
    [
        (4620, 500 / 4620, 500),
        (100, 0.25, 25),
        (10, 0.26, 3),
        (10, 0.01, 1),
        (10, 0.99, 9),
        (2, 0.5, 1),
        (10, 0.0, 0),
        (10, 1.0, 10),
        (1, 0.1, 0),
        (1, 0.9, 1),
        (0, 0.5, 0),
    ],
)
def test_a_share_of_recordings(total, share, expected):
    assert part_size(total, share) == expected


@pytest.mark.parametrize("count", [0, 1, 2, 20, 39, 40])
def test_single_keys_are_held_out_in_stable_order(count):
    chosen = held_out({key: key for key in KEYS}, count, seed=5)
    assert chosen == set(stable_order(KEYS, 5)[:count])


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 20, 35, 36, 37, 39])
def test_groups_are_never_divided_and_both_parts_have_one(count, seed):
    chosen = held_out(SPEAKER_OF, count, seed)
    test_speakers = {SPEAKER_OF[key] for key in chosen}
    train_speakers = {SPEAKER_OF[key] for key in KEYS if key not in chosen}
    assert test_speakers
    assert train_speakers
    assert not test_speakers & train_speakers
    assert len(chosen) == min(-(-count // 4) * 4, 36)


def test_a_group_that_is_too_large_is_passed_over():
    group_of = {f"{group}{number}": group for group in "abc" for number in range(10)}
    group_of |= {"d0": "d", "d1": "d"}
    assert held_out(group_of, 2, seed=0) == {"d0", "d1"}


def test_the_count_is_exceeded_by_as_little_as_possible():
    sizes = {"large": 90, "small": 8, "smaller": 7}
    group_of = {f"{name}{number}": name for name, size in sizes.items() for number in range(size)}
    for seed in range(10):
        chosen = held_out(group_of, 10, seed)
        assert {group_of[key] for key in chosen} == {"small", "smaller"}


def test_a_single_group_is_left_for_training():
    assert held_out({"a": "x", "b": "x"}, 1, seed=0) == frozenset()
    assert held_out({"a": "x", "b": "x"}, 2, seed=0) == {"a", "b"}
