"""A rule: one sentence, a check that says what it saw, and where to read."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

Case = TypeVar("Case")
Check = Callable[[Case], str | None]

FOUR_RULES = "rules 1 to 4 in sslse.api"
LONGEST = 200  # characters of an exception that a message repeats


@dataclass(frozen=True)
class Rule(Generic[Case]):
    """One thing that a component promises.

    Args:
        text: the rule as a sentence.
        see: where it is written.
        check: returns what it saw that breaks the rule, or None.
    """

    text: str
    see: str
    check: Check[Case]


def rule(text: str, *, see: str) -> Callable[[Check[Case]], Rule[Case]]:
    """Make a rule of a check."""

    def make(check: Check[Case]) -> Rule[Case]:
        return Rule(text, see, check)

    return make


def hold(label: str, case: Case, rules: Iterable[Rule[Case]]) -> None:
    """Hold a component against rules, one after another.

    Args:
        label: what to call the component.
        case: what the rules check.
        rules: in the order of checking.

    Raises:
        AssertionError: a rule is broken, or the component raised while it was checked.
    """
    for one in rules:
        try:
            seen = one.check(case)
        except Exception as error:
            said = " ".join(str(error).split())[:LONGEST]
            raise AssertionError(
                f"{label}: {one.text}; it raised {type(error).__name__}: {said} (see {one.see})"
            ) from error
        if seen:
            raise AssertionError(f"{label}: {one.text}; {seen} (see {one.see})")
