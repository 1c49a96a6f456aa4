"""Rows of an evaluation that is not finished, so that a killed one goes on where it stood."""

import hashlib
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from sslse import ranks
from sslse.evaluate.conditions import ScoresOf
from sslse.evaluate.mixtures import Mixture
from sslse.evaluate.scoring import Scores

FILE = "evaluation.partial.jsonl"
FILES = "evaluation.partial*.jsonl"
Place = tuple[int, str, str]


def file_key(path: Path) -> str:
    """Return a digest of a file, such as the model that is evaluated."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16)).hexdigest()


class Unfinished:
    """Scores of mixtures in all conditions, appended to a file as they come.

    Each rank writes a file of its own, and begins with what all ranks have written before.

    Args:
        folder: of the files; None keeps nothing.
        about: everything that decides a score; rows of another evaluation are dropped.

    Attributes:
        rows: scores by the mixture's place in the manifest and the digests of its waves: one whose
            samples are others by now counts as missing.
    """

    def __init__(self, folder: Path | None, about: dict[str, Any]) -> None:
        self._rows: dict[Place, ScoresOf] = {}
        self._path: Path | None = None
        if folder is None:
            return
        head = json.dumps({"evaluation": about}, sort_keys=True)
        for path in sorted(folder.glob(FILES)):
            lines = _lines(path)
            if lines and lines[0] == head:
                self._rows |= _rows(lines[1:])
        own = FILE if ranks.main() else FILES.replace("*", f".{ranks.rank()}")
        self._path = folder / own
        kept = [head, *(_line(place, scores) for place, scores in self._rows.items())]
        partial = self._path.with_suffix(".rewritten")
        partial.write_text("".join(f"{line}\n" for line in kept), encoding="utf-8")
        partial.replace(self._path)

    def get(self, number: int, mixture: Mixture) -> ScoresOf | None:
        """Return the scores of a mixture by condition, or None where they are missing."""
        return self._rows.get(_place(number, mixture))

    def add(self, number: int, mixture: Mixture, scores: ScoresOf) -> None:
        """Keep a mixture's scores."""
        place = _place(number, mixture)
        self._rows[place] = scores
        if self._path is not None:
            with self._path.open("a", encoding="utf-8") as file:
                file.write(_line(place, scores) + "\n")


def finish(folder: Path) -> None:
    """Remove the rows once the evaluation is written."""
    for path in folder.glob(FILES):
        path.unlink(missing_ok=True)


def _place(number: int, mixture: Mixture) -> Place:
    return number, mixture.clean, mixture.noisy


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8", errors="replace").splitlines()
    except FileNotFoundError:  # another rank has just written it anew
        return []


def _line(place: Place, scores: ScoresOf) -> str:
    by_condition = {condition: asdict(one) for condition, one in scores.items()}
    return json.dumps({"mixture": place, "scores": by_condition})


def _rows(lines: list[str]) -> dict[Place, ScoresOf]:
    """Read rows up to the first that was cut short."""
    rows: dict[Place, ScoresOf] = {}
    for text in lines:
        try:
            line = json.loads(text)
            number, clean, noisy = line["mixture"]
            scores = {condition: Scores(**one) for condition, one in line["scores"].items()}
            rows[number, clean, noisy] = scores
        except (ValueError, TypeError, KeyError, AttributeError):
            break
    return rows
