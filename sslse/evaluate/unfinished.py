"""Rows of an evaluation that is not finished, so that a killed one goes on where it stood."""

import hashlib
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from sslse.evaluate.scoring import Scores

FILE = "evaluation.partial.jsonl"
Pair = tuple[Scores, Scores]
Place = tuple[int, str]


def file_key(path: Path) -> str:
    """Return a digest of a file, such as the model that is evaluated."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16)).hexdigest()


class Unfinished:
    """Scores of mixtures, noisy and enhanced, appended to a file as they come.

    Args:
        path: of the file; None keeps nothing.
        about: everything that decides a score; rows of another evaluation are dropped.

    Attributes:
        rows: by the mixture's place in the plan and its `wave_key`: one whose samples are others
            by now counts as missing.
    """

    def __init__(self, path: Path | None, about: dict[str, Any]) -> None:
        self.rows: dict[Place, Pair] = {}
        self._path = path
        if path is None:
            return
        head = json.dumps({"evaluation": about}, sort_keys=True)
        lines = _lines(path) if path.is_file() else []
        if lines and lines[0] == head:
            self.rows = _rows(lines[1:])
        kept = [head, *(_line(place, pair) for place, pair in self.rows.items())]
        partial = path.with_suffix(".rewritten")
        partial.write_text("".join(f"{line}\n" for line in kept), encoding="utf-8")
        partial.replace(path)

    def add(self, place: Place, noisy: Scores, enhanced: Scores) -> None:
        """Keep a mixture's scores."""
        self.rows[place] = noisy, enhanced
        if self._path is not None:
            with self._path.open("a", encoding="utf-8") as file:
                file.write(_line(place, (noisy, enhanced)) + "\n")


def finish(folder: Path) -> None:
    """Remove the rows once the evaluation is written."""
    (folder / FILE).unlink(missing_ok=True)


def _lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8", errors="replace").splitlines()


def _line(place: Place, pair: Pair) -> str:
    noisy, enhanced = (asdict(one) for one in pair)
    return json.dumps({"mixture": place, "noisy": noisy, "enhanced": enhanced})


def _rows(lines: list[str]) -> dict[Place, Pair]:
    """Read rows up to the first that was cut short."""
    rows: dict[Place, Pair] = {}
    for text in lines:
        try:
            line = json.loads(text)
            number, wave = line["mixture"]
            rows[number, wave] = Scores(**line["noisy"]), Scores(**line["enhanced"])
        except (ValueError, TypeError, KeyError):
            break
    return rows
