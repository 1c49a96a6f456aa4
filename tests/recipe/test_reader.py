"""Values, positions and limits of the YAML reader."""

import math

import pytest

from sslse.errors import RecipeError
from sslse.recipe.reader import MAX_DEPTH, MAX_DIGITS, parse_scalar, read_file, read_value


def read(tmp_path, text):
    path = tmp_path / "recipe.yaml"
    path.write_text(text, encoding="utf-8", newline="")
    return read_file(path)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1e-3", 0.001),
        ("1E3", 1000.0),
        ("-1.5e+2", -150.0),
        (".5", 0.5),
        ("1.", 1.0),
        ("10", 10),
        ("+10", 10),
        ("-7", -7),
        ("010", 10),
        ("true", True),
        ("False", False),
        ("null", None),
        ("~", None),
        ("", None),
        (".inf", math.inf),
        ("-.INF", -math.inf),
        ("no", "no"),
        ("on", "on"),
        ("Yes", "Yes"),
        ("y", "y"),
        ("0x1F", "0x1F"),
        ("0o17", "0o17"),
        ("1_000", "1_000"),
        ("12:30", "12:30"),
        ("2026-01-01", "2026-01-01"),
        ("1e", "1e"),
        (".", "."),
        ("1.2.3", "1.2.3"),
        ("tRUE", "tRUE"),
        ("nan", "nan"),
        ("=", "="),
    ],
)
def test_plain_scalars(tmp_path, text, expected):
    value = read(tmp_path, f"x: {text}\n").plain()["x"]
    assert value == expected
    assert type(value) is type(expected)
    assert parse_scalar(text) == expected


def test_not_a_number():
    assert math.isnan(parse_scalar(".nan"))


def test_an_integer_of_any_length_is_a_number():
    assert parse_scalar("9" * MAX_DIGITS) == int("9" * MAX_DIGITS)
    assert parse_scalar("9" * 5000) == math.inf
    assert parse_scalar("-" + "9" * 5000) == -math.inf


@pytest.mark.parametrize("text", ["'10'", '"10"', "|-\n  10", ">-\n  10"])
def test_quoted_and_block_scalars_stay_text(tmp_path, text):
    node = read(tmp_path, f"x: {text}\n").value["x"]
    assert node.value == "10"
    assert node.quoted


def test_keys_are_text_whatever_they_look_like(tmp_path):
    assert read(tmp_path, "1: a\ntrue: b\n'2': c\n").plain() == {"1": "a", "true": "b", "2": "c"}


def test_every_value_knows_its_line(tmp_path):
    node = read(tmp_path, "# a comment\na: 1\nb:\n  c: [1,\n    2]\n  d:\n    - x\n\n    - e: 3\n")

    def line(node):
        return int(node.where.rpartition(":")[2])

    b = node.value["b"]
    assert node.value["a"].where == f"{tmp_path / 'recipe.yaml'}:2"
    assert line(b) == 3
    assert [line(one) for one in b.value["c"].value] == [4, 5]
    assert [line(one) for one in b.value["d"].value] == [7, 9]
    assert line(b.value["d"].value[1].value["e"]) == 9


def test_windows_line_ends_and_byte_order_mark(tmp_path):
    node = read(tmp_path, "\ufeffa: 1\r\nb: two\r\n")
    assert node.plain() == {"a": 1, "b": "two"}
    assert node.value["b"].where.endswith(":2")


def test_aliases_are_followed(tmp_path):
    assert read(tmp_path, "a: &x {b: [1]}\nc: *x\n").plain() == {"a": {"b": [1]}, "c": {"b": [1]}}


def test_unicode(tmp_path):
    assert read(tmp_path, "name: Größe 音\n").plain() == {"name": "Größe 音"}


@pytest.mark.parametrize(("depth", "refused"), [(MAX_DEPTH - 1, False), (MAX_DEPTH, True)])
def test_depth(tmp_path, depth, refused):
    text = "x: " + "[" * depth + "1" + "]" * depth
    if refused:
        with pytest.raises(RecipeError, match=r"recipe\.yaml:1: nested deeper than 30 levels"):
            read(tmp_path, text)
    else:
        assert str(read(tmp_path, text).plain()).count("[") == depth


def test_a_value_of_the_command_line_has_no_line():
    node = read_value("[1, {a: no}]", "--set")
    assert node.plain() == [1, {"a": "no"}]
    assert node.where == node.value[1].value["a"].where == "--set"


def test_an_empty_value_of_the_command_line_is_null():
    assert read_value("", "--set").value is None


def test_a_folder_cannot_be_read(tmp_path):
    with pytest.raises(RecipeError, match="cannot be read: Is a directory"):
        read_file(tmp_path)
