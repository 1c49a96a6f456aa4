"""A signature is the schema: its wiring, its options, their types, and what is refused."""

from dataclasses import dataclass
from enum import Enum, IntEnum, StrEnum
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
from annotated_types import Ge, Gt, Interval, Len, Lt, MaxLen, MinLen, MultipleOf
from pydantic import AfterValidator, Field

from sslse.errors import RegistryError
from sslse.options import (
    REQUIRED,
    Fraction,
    NonNegativeFloat,
    NonNegativeInt,
    Option,
    PositiveFloat,
    PositiveInt,
    check_options,
    code_of,
    describe_type,
    options_of,
    unknown_option,
    wiring_of,
)
from sslse.recipe.reader import read_value
from sslse.wording import show_value


def require_odd(value: int) -> int:
    if value % 2 == 0:
        raise ValueError("must be odd")
    return value


class Thing:
    """A component with one option of many kinds."""

    def __init__(
        self,
        encoder: Any,
        predictor: Any,
        /,
        *,
        size: PositiveInt,
        tau: Fraction = 0.99,
        over: Literal["frame", "utterance"] = "frame",
        widths: Annotated[list[PositiveInt], MinLen(1)] = [1, 2],  # noqa: B006 - only read
        label: str | None = None,
        exact: bool = False,
        kernel: Annotated[int, AfterValidator(require_odd)] = 3,
        root: Path = Path(),
    ) -> None: ...


def check(**given):
    return check_options(Thing, given, "thing")


def fault(**given):
    values, faults = check(size=1, **given) if "size" not in given else check(**given)
    assert values == {}
    (one,) = faults
    return one.path, one.message


class TestSignature:
    def test_wiring_and_options(self):
        assert wiring_of(Thing) == ("encoder", "predictor")
        names = ["size", "tau", "over", "widths", "label", "exact", "kernel", "root"]
        assert [one.name for one in options_of(Thing)] == names
        assert options_of(Thing)[0].default is REQUIRED
        assert options_of(Thing)[1] == Option("tau", Fraction, 0.99)
        assert options_of(Thing)[1].type_text == "float >= 0 and <= 1"

    def test_a_class_without_constructor_takes_nothing(self):
        class Empty: ...

        assert wiring_of(Empty) == ()
        assert options_of(Empty) == ()
        assert check_options(Empty, {}, "empty") == ({}, [])

    def test_functions_and_dataclasses_have_options_too(self):
        @dataclass(kw_only=True)
        class Settings:
            size: PositiveInt = 3

        def function(part: Any, /, *, size: PositiveInt = 3) -> None: ...

        assert options_of(Settings) == options_of(function)
        assert wiring_of(function) == ("part",)

    def test_what_is_neither_wiring_nor_option_is_refused(self):
        class Plain:
            def __init__(self, encoder: Any, tau: float = 0.9) -> None: ...

        with pytest.raises(RegistryError, match="'encoder' is neither wiring nor option; put '/'"):
            options_of(Plain)
        with pytest.raises(RegistryError, match=r"test_options:.*Plain: "):
            wiring_of(Plain)

    def test_an_option_without_annotation_is_refused(self):
        def function(*, size=3): ...

        with pytest.raises(RegistryError, match="option 'size' has no annotation"):
            options_of(function)

    def test_annotations_that_exist_for_type_checkers_only_are_refused(self):
        def function(*, size: "NoSuchType") -> None: ...  # noqa: F821

        message = "annotations must be importable at run time.* 'NoSuchType' is not defined"
        with pytest.raises(RegistryError, match=message):
            options_of(function)

        def nested(*, size: list["NoSuchType"]) -> None: ...  # noqa: F821

        with pytest.raises(RegistryError, match=r"its annotations are no schema: .*'NoSuchType'"):
            check_options(nested, {}, "nested")

    def test_code(self):
        assert code_of(check_options) == "sslse.options:check_options"
        assert code_of(partial(print)).startswith("functools.partial(")


class TestCheck:
    def test_defaults_are_filled_in(self):
        assert check(size=4) == (
            {
                "size": 4,
                "tau": 0.99,
                "over": "frame",
                "widths": [1, 2],
                "label": None,
                "exact": False,
                "kernel": 3,
                "root": Path(),
            },
            [],
        )

    def test_given_values_are_taken(self):
        given = {
            "size": 1,
            "tau": 1,
            "over": "utterance",
            "widths": [7],
            "label": "x",
            "exact": True,
        }
        values, faults = check(**given, kernel=5, root="/a")
        assert faults == []
        assert values == given | {"kernel": 5, "root": Path("/a")}

    def test_defaults_are_not_shared(self):
        check(size=1)[0]["widths"].append(9)
        assert check(size=1)[0]["widths"] == [1, 2]

    @pytest.mark.parametrize(
        ("given", "message"),
        [
            ({"size": 0}, "takes int > 0, not 0"),
            ({"size": "4"}, "takes int > 0, not '4'; without quotes it is a number"),
            ({"size": "four"}, "takes int > 0, not 'four'"),
            ({"size": 4.0}, "takes int > 0, not 4.0"),
            ({"size": True}, "takes int > 0, not true"),
            ({"size": None}, "takes int > 0, not null"),
            ({"tau": 1.01}, "takes float >= 0 and <= 1, not 1.01"),
            ({"tau": float("nan")}, "takes a finite number, not NaN"),
            ({"tau": float("-inf")}, "takes a finite number, not -Infinity"),
            (
                {"over": "frames"},
                "takes 'frame' | 'utterance', not 'frames'; did you mean 'frame'?",
            ),
            ({"over": 3}, "takes 'frame' | 'utterance', not 3"),
            ({"widths": []}, "takes a list of int > 0 (not empty), not []"),
            ({"widths": 3}, "takes a list of int > 0 (not empty), not 3"),
            ({"label": 3}, "takes text | null, not 3; in quotes it is text"),
            ({"label": ["a"]}, 'takes text | null, not ["a"]'),
            ({"exact": 1}, "takes true | false, not 1"),
            ({"exact": "yes"}, "takes true | false, not 'yes'"),
            ({"kernel": 4}, "must be odd, not 4"),
            ({"root": 3}, "takes Path, not 3"),
        ],
    )
    def test_refused(self, given, message):
        assert fault(**given) == (tuple(given), message)

    def test_an_item_of_a_list(self):
        message = "takes int > 0, not '2'; without quotes it is a number"
        assert fault(widths=[1, "2"]) == (("widths", 1), message)

    def test_missing(self):
        ((path, message),) = [(one.path, one.message) for one in check()[1]]
        assert (path, message) == (("size",), "is required (int > 0)")

    def test_unknown(self):
        names = "size, tau, over, widths, label, exact, kernel, root"
        message = f"unknown option; did you mean 'tau'? (thing takes: {names})"
        assert fault(taw=1) == (("taw",), message)

    def test_all_at_once_in_the_order_of_the_signature(self):
        _, faults = check(size=0, over="x", widths=[0, 1, -1], nothing=1)
        paths = [one.path for one in faults]
        assert paths == [("size",), ("over",), ("widths", 0), ("widths", 2), ("nothing",)]

    def test_a_union_is_one_fault(self):
        def function(*, size: int | list[int] | Literal["all"]) -> None: ...

        _, faults = check_options(function, {"size": [1, "x"]}, "function")
        assert [(one.path, one.message) for one in faults] == [
            (("size",), "takes int | list of int | 'all', not [1, \"x\"]")
        ]

    def test_mappings(self):
        def function(*, weights: dict[str, float] = {}) -> None: ...  # noqa: B006 - only read

        assert check_options(function, {"weights": {"a": 1}}, "f")[0] == {"weights": {"a": 1.0}}
        _, faults = check_options(function, {"weights": {"a": "b"}}, "f")
        assert faults[0].message == 'takes a mapping of text to float, not {"a": "b"}'

    def test_names_that_pydantic_uses_itself(self):
        def function(*, model_config: int = 1, copy: int = 2, _hidden: int = 3) -> None: ...

        expected = {"model_config": 5, "copy": 2, "_hidden": 3}
        assert check_options(function, {"model_config": 5}, "f") == (expected, [])


@pytest.mark.parametrize(
    ("annotation", "text"),
    [
        (int, "int"),
        (float, "float"),
        (str, "text"),
        (bool, "true | false"),
        (Any, "anything"),
        (None | int, "null | int"),
        (PositiveInt, "int > 0"),
        (NonNegativeInt, "int >= 0"),
        (PositiveFloat, "float > 0"),
        (NonNegativeFloat | None, "float >= 0 | null"),
        (Annotated[float, Ge(0), Lt(1)], "float >= 0 and < 1"),
        (Annotated[int, Interval(ge=2, le=16)], "int >= 2 and <= 16"),
        (Annotated[int, Field(gt=2)], "int > 2"),
        (Annotated[int, MultipleOf(64)], "int (a multiple of 64)"),
        pytest.param(Annotated[int, AfterValidator(require_odd)], "int", id="require_odd-int"),
        (Literal["a", 1], "'a' | 1"),
        (list[float], "list of float"),
        (list[Annotated[float, Gt(0)]], "list of float > 0"),
        (Annotated[list[float], MinLen(1)], "list of float (not empty)"),
        (Annotated[list[int], Len(2, 4)], "list of int (at least 2) and (at most 4)"),
        (Annotated[str, MaxLen(3)], "text (at most 3)"),
        (tuple[float, float], "list of 2 float"),
        (tuple[float, ...], "list of float"),
        (tuple[int, str], "list of 2 int or text"),
        (dict[str, int], "mapping of text to int"),
        (Path, "Path"),
    ],
    ids=str,
)
def test_types_in_words(annotation, text):
    assert describe_type(annotation) == text


class Mode(Enum):
    FAST = "fast"
    EXACT = "exact"


class Level(IntEnum):
    LOW = 1


class Word(StrEnum):
    ONE = "one"


def chooser(
    *,
    mode: Mode = Mode.FAST,
    modes: tuple[Mode, ...] = (Mode.FAST, Mode.EXACT),
    level: Level = Level.LOW,
    word: Word | None = Word.ONE,
    ratios: frozenset[float] = frozenset({0.5, 0.25}),
    root: Path = Path("here"),
) -> None: ...


def refused_defaults(target):
    """Write each default as it is shown into a recipe, and list what is refused."""
    given = {
        one.name: read_value(show_value(one.default), "shown").plain()
        for one in options_of(target)
        if one.default is not REQUIRED
    }
    return [fault for fault in check_options(target, given, "x")[1] if fault.path[0] in given]


def test_a_recipe_takes_defaults_as_they_are_shown(registry):
    assert refused_defaults(chooser) == []
    for component in registry.components.values():
        assert refused_defaults(component.load()) == [], component


class TestEnum:
    def test_defaults_are_values_not_names(self):
        shown = [show_value(one.default) for one in options_of(chooser)[:4]]
        assert shown == ["'fast'", '["fast", "exact"]', "1", "'one'"]

    def test_the_type_says_what_is_possible(self):
        assert describe_type(Mode) == "'fast' | 'exact'"
        assert describe_type(Word | None) == "'one' | null"

    def test_a_wrong_value_is_told_the_right_ones(self):
        _, (fault,) = check_options(chooser, {"mode": "fst"}, "x")
        message = "takes 'fast' | 'exact', not 'fst'; did you mean 'fast'?"
        assert (fault.path, fault.message) == (("mode",), message)


class TestUnknownOption:
    def test_elsewhere(self):
        text = unknown_option("epochs", ["seed"], "a recipe", {"epochs": "train.epochs"})
        assert text == "unknown option; did you mean 'train.epochs'? (a recipe takes: seed)"

    @pytest.mark.parametrize("key", ["lr", "learning_rat", "Learning_Rate", "learn"])
    def test_not_quite_elsewhere(self, key):
        elsewhere = {"epochs": "train.epochs", "learning_rate": "train.learning_rate"}
        text = unknown_option(key, ["seed"], "a recipe", elsewhere)
        assert text.startswith("unknown option; did you mean 'train.learning_rate'? (a recipe")
        assert (
            unknown_option("pretty", ["seed"], "x", elsewhere) == "unknown option (x takes: seed)"
        )

    def test_a_near_name_here_comes_first(self):
        text = unknown_option("sed", ["seed"], "x", {"see": "far.see"})
        assert text.startswith("unknown option; did you mean 'seed'?")

    def test_dots(self):
        text = unknown_option("a.b.c", [], "x")
        nested = "'a: {b: {c: ...}}'"
        message = f"a path with dots is for --set, in a file write {nested}"
        assert text == f"unknown option; {message} (x takes: no options)"


def test_values_are_cut():
    assert show_value("a" * 78) == f"'{'a' * 78}'"
    assert show_value("a" * 79) == f"'{'a' * 76}..."
    assert len(show_value(list(range(1000)))) == 80
    assert show_value({"a": None, "b": [True, "ä"]}) == '{"a": null, "b": [true, "ä"]}'
    assert show_value("\x1b[31m") == r"'\x1b[31m'"
