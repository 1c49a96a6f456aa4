"""The test mixtures as a file, so that anyone can make the same ones again."""

import hashlib
import json
import math
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import Any

from sslse.atomic import write_whole
from sslse.audio import LONGEST_SAMPLES
from sslse.data.store import Store
from sslse.errors import DataError
from sslse.evaluate.mixtures import DIGEST_BYTES, Mixture, plan_mixtures
from sslse.settings import Evaluate

FILE = "manifest.json"
FORMAT = 1
_FLOATS = ("snr_db", "gain")
_STARTS = ("speech_start", "noise_start")


@dataclass(frozen=True)
class Manifest:
    """The mixtures of an evaluation.

    Args:
        sample_rate: in Hz.
        samples: length of a mixture.
        seed: that decided them.
        mixtures: in their order.
        remove_mean: whether each recording's mean was subtracted before it was mixed.
    """

    sample_rate: int
    samples: int
    seed: int
    mixtures: tuple[Mixture, ...]
    remove_mean: bool = False

    @cached_property
    def digest(self) -> str:
        """A digest of everything in it, the digests of the waves included."""
        text = json.dumps(self._content(), sort_keys=True, separators=(",", ":"))
        return hashlib.blake2b(text.encode(), digest_size=DIGEST_BYTES).hexdigest()

    def _content(self) -> dict[str, Any]:
        head = {"format": FORMAT, "sample_rate": self.sample_rate, "samples": self.samples}
        if self.remove_mean:  # else as it was before there was a choice, with the same digest
            head["remove_mean"] = True
        return head | {"seed": self.seed, "rows": [asdict(one) for one in self.mixtures]}

    def write(self, path: Path) -> None:
        """Write it as JSON, a mixture a line."""
        content = self._content() | {"digest": self.digest}
        rows = ",\n".join(json.dumps(row) for row in content.pop("rows"))
        head = json.dumps(content).removesuffix("}")
        write_whole(path, f'{head}, "rows": [\n{rows}\n]}}\n')


def plan_manifest(speech: Store, noise: Store, settings: Evaluate) -> Manifest:
    """Plan the mixtures of a recipe; see `sslse.evaluate.mixtures.plan_mixtures`."""
    mixtures = tuple(plan_mixtures(speech, noise, settings))
    rate, removed = speech.sample_rate, speech.mean_removed
    return Manifest(rate, settings.samples, settings.seed, mixtures, removed)


def read_manifest(path: Path) -> Manifest:
    """Read a manifest.

    Raises:
        DataError: it is missing, no manifest, of another format, or not as it was written.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise DataError(f"{path}: cannot be opened: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise DataError(f"{path}: is no manifest of mixtures: not JSON") from error
    if not isinstance(content, dict) or "format" not in content or "rows" not in content:
        raise DataError(f"{path}: is no manifest of mixtures; 'sslse evaluate' writes {FILE}")
    if content["format"] != FORMAT:
        raise DataError(
            f"{path}: has the format {content['format']!r}, which this version cannot read; "
            f"possible: {FORMAT}"
        )
    try:
        manifest = Manifest(
            sample_rate=_whole(content["sample_rate"], 1),
            samples=_whole(content["samples"], 1),
            seed=_whole(content["seed"], 0, most=math.inf),
            mixtures=tuple(_mixture(row) for row in content["rows"]),
            remove_mean=bool(content.get("remove_mean", False)),
        )
        whole = bool(manifest.mixtures) and content["digest"] == manifest.digest
    except (KeyError, TypeError, ValueError) as error:
        reason = f"{type(error).__name__}: {error}"
        raise DataError(f"{path}: is damaged: {reason}") from error
    if not whole:
        raise DataError(f"{path}: is damaged: its rows are not those that were written")
    return manifest


def _mixture(row: dict[str, Any]) -> Mixture:
    """Check the types of a row.

    Raises:
        ValueError: a value is not what it should be.
        TypeError: the row is none, or an entry is missing or unknown.
    """
    checks: dict[str, Callable[[Any], Any]] = {one.name: _text for one in fields(Mixture)}
    checks |= dict.fromkeys(_FLOATS, _number) | dict.fromkeys(_STARTS, _whole)
    return Mixture(**{name: checks[name](value) for name, value in dict(row).items()})


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{value!r} is no text")  # noqa: TRY004 - a fault of the file
    return value


def _number(value: Any) -> float:
    if not isinstance(value, float) or not math.isfinite(value):
        raise ValueError(f"{value!r} is no finite number")
    return value


def _whole(value: Any, least: int = 0, most: float = LONGEST_SAMPLES) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        raise ValueError(f"{value!r} is no whole number from {least} on")
    return value
