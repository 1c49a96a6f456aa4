"""A checked recipe: every component chosen, every option filled in."""

from dataclasses import asdict, dataclass, field
from typing import Any

import yaml

from sslse.errors import Problem, RecipeError
from sslse.recipe.reader import parse_scalar
from sslse.settings import Data, Evaluate, Train


@dataclass(frozen=True)
class Choice:
    """A component and all its options.

    Args:
        kind: one of `sslse.registry.KINDS`.
        name: the component's.
        options: every option with its value.
        where: the line that names or last changes it.
        path: where it stands in the recipe, ``augmentations[0]``.
        lines: the lines of the options that are not defaults.
        plugin: that the component comes from, for messages.
    """

    kind: str
    name: str
    options: dict[str, Any]
    where: str
    path: str = ""
    lines: dict[str, str] = field(default_factory=dict)
    plugin: str = ""

    def plain(self) -> dict[str, Any]:
        """Return it as a recipe writes it."""
        from pydantic_core import to_jsonable_python

        options: dict[str, Any] = to_jsonable_python(self.options)
        return {"name": self.name, **options}

    def problem(self, message: str, option: str | None = None) -> Problem:
        """Return a problem of the component, or of one of its options, where the recipe has it."""
        path = self.path or self.kind
        if option is None:
            return Problem(self.where, path, message)
        return Problem(self.lines.get(option, self.where), f"{path}.{option}", message)

    def broken(self, message: str) -> Problem:
        """Return the problem that the component breaks its contract, naming its plugin."""
        owner = f" of plugin {self.plugin}" if self.plugin else ""
        return self.problem(f"{self.name}{owner} breaks its contract: {message}")


@dataclass(frozen=True, kw_only=True)
class NetworkRecipe:
    """What decides the network that enhances; see `sslse.settings` for what is no component."""

    name: str
    seed: int
    views: int
    encoder: Choice
    decoder: Choice
    data: Data
    train: Train
    evaluate: Evaluate


@dataclass(frozen=True, kw_only=True)
class Recipe(NetworkRecipe):
    """A checked recipe."""

    predictor: Choice | None
    objective: Choice
    schedule: Choice
    augmentations: tuple[Choice, ...]
    speech: Choice
    noise: Choice
    metrics: tuple[Choice, ...]
    baselines: tuple[Choice, ...]
    loggers: tuple[Choice, ...] = ()

    def plain(self) -> dict[str, Any]:
        """Return the recipe as plain values, every default filled in."""
        parts = {
            "name": self.name,
            "seed": self.seed,
            "views": self.views,
            "encoder": self.encoder.plain(),
            "predictor": self.predictor.plain() if self.predictor else None,
            "decoder": self.decoder.plain(),
            "objective": self.objective.plain(),
            "schedule": self.schedule.plain(),
            "augmentations": [one.plain() for one in self.augmentations],
            "data": {
                "speech": self.speech.plain(),
                "noise": self.noise.plain(),
                **asdict(self.data),
            },
            "train": asdict(self.train),
            "evaluate": {
                "metrics": [one.plain() for one in self.metrics],
                "baselines": [one.plain() for one in self.baselines],
                **asdict(self.evaluate),
            },
            "loggers": [one.plain() for one in self.loggers],
        }
        return {key: value for key, value in parts.items() if value is not None}

    def to_yaml(self) -> str:
        """Write the recipe so that reading it gives the same recipe."""
        return as_yaml(self.plain())


def as_set(path: str, value: Any) -> str:
    """Write a path and a value as the text that ``--set`` takes for them.

    Args:
        path: ``train.epochs``, say.
        value: plain: text, a number, True, False, None, or a list or dict of such.

    Raises:
        RecipeError: the value is none that a recipe can hold.
    """
    try:
        text = yaml.dump(value, Dumper=_Dumper, default_flow_style=True, allow_unicode=True)
    except yaml.representer.RepresenterError as error:
        message = f"takes plain values, as a recipe does, not {type(error.args[-1]).__name__}"
        raise RecipeError([Problem("sets", path, message)]) from error
    return f"{path}={text}"


def as_yaml(plain: dict[str, Any]) -> str:
    """Write a plain recipe so that reading it gives the same."""
    return yaml.dump(plain, Dumper=_Dumper, sort_keys=False, allow_unicode=True)


class _Dumper(yaml.SafeDumper):
    """Quotes what the recipe reader would take for a number, unlike YAML 1.1; no aliases."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002
        return True


def _represent_text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = None if isinstance(parse_scalar(text), str) else "'"
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _represent_text)
