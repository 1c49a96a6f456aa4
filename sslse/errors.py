"""Errors that are the user's to mend; the command line prints them without a traceback."""

from collections.abc import Sequence
from dataclasses import dataclass


class SslseError(Exception):
    """Base of every error that says what is wrong, where, and what is possible."""


class RegistryError(SslseError):
    """A component or plugin is missing, ambiguous or cannot be loaded."""


class OptionError(SslseError):
    """A component refuses its options.

    Args:
        message: what is wrong and what is possible.
        option: the option it is about; None where it is about several together.
    """

    def __init__(self, message: str, option: str | None = None) -> None:
        super().__init__(message)
        self.option = option


class ContractError(SslseError):
    """A component does or gives what its contract in `sslse.api` does not allow.

    Args:
        message: what it did, and what is possible.
        part: the component's place in a recipe (``objective``, ``augmentations[0]``), if known.
    """

    def __init__(self, message: str, part: str = "") -> None:
        super().__init__(message)
        self.part = part


class DataError(SslseError):
    """Audio files or corpora are missing or unusable."""


class RunError(SslseError):
    """A run directory cannot be created, continued or read."""


class ExportError(SslseError):
    """A model cannot be written in another form, or that form would not give the same."""


class BrokenOffError(RunError):
    """A run ended for a reason outside it; ``--resume`` continues from what is saved."""


class Stopped(KeyboardInterrupt):
    """A signal asked the run to stop, as Ctrl-C does.

    Args:
        number: of the signal.
        message: what is saved.
    """

    def __init__(self, number: int, message: str) -> None:
        super().__init__(message)
        self.number = number


class DependencyError(SslseError):
    """An installed library cannot be used as it is."""


@dataclass(frozen=True)
class Problem:
    """One fault of a recipe: where it stands, which entry, what is wrong."""

    where: str
    path: str
    message: str

    def __str__(self) -> str:
        return ": ".join(part for part in (self.where, self.path, self.message) if part)


class RecipeError(SslseError):
    """A recipe has problems; all of them are listed, one a line."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = tuple(problems)
