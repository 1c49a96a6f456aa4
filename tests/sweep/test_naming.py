"""Names are readable, unique among any values, and depend on nothing but them."""

import itertools
import re
import string

import pytest

from sslse.sweep.naming import LONGEST, label, member_name, word

VALUES = [
    0.9,
    0.99,
    1,
    1.0,
    True,
    None,
    "byol",
    "a b",
    "a-b",
    "a/b",
    "../..",
    "",
    "Größe",
    [0, 5],
    [0, -5],
    [],
    {"name": "round", "period": 5},
    {"name": "round", "period": 50},
    "x" * 300,
    "x" * 301,
]


@pytest.mark.parametrize(
    ("value", "expected"),
    [(0.9, "0.9"), (5, "5"), (True, "true"), (None, "null"), ("byol", "byol"), (1e-3, "0.001")],
)
def test_plain_values_are_written_as_they_are(value, expected):
    assert word(value) == expected


def test_words_are_parts_of_file_names_and_differ():
    words = [word(one) for one in VALUES]
    for one in words:
        assert re.fullmatch(r"[A-Za-z0-9._+-]{1,40}", one), one
    for (one, first), (other, second) in itertools.combinations(zip(VALUES, words, strict=True), 2):
        assert first != second, (one, other)


def test_a_name_has_the_values_that_differ():
    values = {"objective.tau": 0.9, "train.epochs": 5}
    assert label("byol", ["objective.tau"], values) == "byol,tau=0.9"
    assert label("byol", [], values) == "byol"
    assert member_name("byol,tau=0.9", 3) == "byol,tau=0.9,seed=3"


def test_an_option_is_named_by_as_much_as_tells_it_apart():
    several = ["encoder.hidden", "decoder.hidden", "augmentations.0.snr_db", "hidden"]
    name = label("a", several, dict.fromkeys(several, 1))
    assert name == "a,encoder.hidden=1,decoder.hidden=1,snr_db=1,hidden=1"


def test_a_long_name_is_cut_and_still_differs():
    paths = [f"section.option_{letter}" for letter in string.ascii_lowercase]
    names = {label("byol", paths, dict.fromkeys(paths, value)) for value in range(50)}
    assert len(names) == 50
    assert max(len(one) for one in names) <= LONGEST
