"""Axes are read by the recipe's own rules; combinations are their product."""

import itertools

import pytest

from sslse.errors import RecipeError
from sslse.recipe.reader import read_value
from sslse.sweep.grid import as_sets, combinations, read_axes

DIVIDED = [
    ("0.9,0.99", ["0.9", "0.99"]),
    ("0.9", ["0.9"]),
    ("byol, simsiam", ["byol", "simsiam"]),
    ("[0,5]", ["[0,5]"]),
    ("[0,5],[10]", ["[0,5]", "[10]"]),
    ("{name: round, period: 5},mix", ["{name: round, period: 5}", "mix"]),
    ("'a,b',c", ["'a,b'", "c"]),
    ('"a,b"', ['"a,b"']),
    ("${ROOT:-/data}", ["${ROOT:-/data}"]),
    ("null,3", ["null", "3"]),
    ("'1e-3',1e-3x", ["'1e-3'", "1e-3x"]),
    ("", [""]),
]


@pytest.mark.parametrize(("text", "values"), DIVIDED)
def test_commas_divide_values_except_within_brackets_and_quotes(text, values):
    (axis,) = read_axes([f"a.b={text}"])
    assert axis.path == "a.b"
    assert [one.text for one in axis.values] == values
    assert [one.plain for one in axis.values] == [read_value(one, "").plain() for one in values]


@pytest.mark.parametrize(
    ("sets", "message"),
    [
        (["tau"], "--set: tau: takes PATH=VALUE,VALUE"),
        (["a=1", "a=2"], "--set: a: is set twice; put all values into one --set"),
        (["a[0].b=1", "a.0.b=2"], "--set: a.0.b: is set twice"),
        (["a=0.9,0.90"], "--set: a: names 0.9 twice"),
        (["a=1,'1'"], "--set: a: names '1' twice"),
        (["a=1,"], "--set: a: ends in a comma; another value is missing"),
        (["a=1,,2"], "is no list of values: expected the node content, but found ','"),
        (["a=1],[2"], "is no list of values"),
        (["a=1,!!python/object:x y"], "--set: a: tag"),
    ],
)
def test_what_is_no_axis_is_refused(sets, message):
    with pytest.raises(RecipeError) as caught:
        read_axes(sets)
    assert message in str(caught.value)


def test_all_faults_are_told_at_once():
    with pytest.raises(RecipeError) as caught:
        read_axes(["a=1,1", "b", "c=1"])
    assert len(caught.value.problems) == 2


def test_combinations_are_the_product_the_last_axis_fastest():
    axes = read_axes(["a=1,2", "b=x,y,z", "c=0"])
    found = [as_sets(one) for one in combinations(axes)]
    expected = [[f"a={a}", f"b={b}", "c=0"] for a, b in itertools.product("12", "xyz")]
    assert found == expected
    assert combinations([]) == [{}]
