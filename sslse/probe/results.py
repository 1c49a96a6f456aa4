"""What a probing found: the file, and its lines as text."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sslse.errors import RunError

PROBE = "probe.json"


@dataclass(frozen=True)
class Line:
    """One value of one figure, as text; empty where there is none.

    Args:
        probe: title and measure, on the first line of a figure only.
        encoder: its name, or ``chance`` or ``majority``.
        score: the value.
        interval: of the value.
        difference: by how much this run's value exceeds it, with interval.
    """

    probe: str
    encoder: str
    score: str
    interval: str = ""
    difference: str = ""


def write_probed(folder: Path, probed: dict[str, Any]) -> None:
    """Write ``probe.json``, whole or not at all."""
    partial = folder / f"{PROBE}.partial"
    text = json.dumps(probed, indent=2, ensure_ascii=False, allow_nan=False)
    partial.write_text(text + "\n", encoding="utf-8")
    partial.replace(folder / PROBE)


def read_probed(folder: Path) -> dict[str, Any] | None:
    """Return a run's ``probe.json``, or None where there is none.

    Raises:
        RunError: it is damaged.
    """
    path = folder / PROBE
    if not path.is_file():
        return None
    try:
        probed: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        probed_lines(probed)
        unusable_probes(probed)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise RunError(f"{path}: is damaged; 'sslse probe {folder}' writes it again") from error
    return probed


def probed_lines(probed: dict[str, Any]) -> list[list[Line]]:
    """Return the lines of every usable figure, for a table."""
    figures = probed["figures"].values()
    return [list(_lines(one)) for one in figures if one["values"] is not None]


def unusable_probes(probed: dict[str, Any]) -> list[str]:
    """Say which probes and encoders have no value, and why."""
    found = []
    for one in probed["figures"].values():
        if one["values"] is None:
            found.append(f"{one['title']}: {one['reason']}")
            continue
        found += [
            f"{one['title']}, {encoder}: {value['reason']}"
            for encoder, value in one["values"].items()
            if value["value"] is None
        ]
    return found


def _lines(figure: dict[str, Any]) -> Iterator[Line]:
    title = figure["title"]
    yield Line(
        f"{title} (R\u00b2)" if figure["measure"] == "R2" else title, *_level(figure, "chance")
    )
    if "majority" in figure:
        yield Line("", *_level(figure, "majority"))
    for encoder, one in figure["values"].items():
        score = "none" if one["value"] is None else f"{one['value']:z.3f}"
        gap = one.get("difference")
        yield Line("", encoder, score, _interval(one["interval"]), _difference(gap) if gap else "")


def _level(figure: dict[str, Any], name: str) -> tuple[str, str]:
    return name, f"{figure[name]:.3f}"


def _interval(bounds: list[float] | None) -> str:
    return "" if bounds is None else f"{bounds[0]:z.3f} to {bounds[1]:z.3f}"


def _difference(gap: dict[str, Any]) -> str:
    low_high = gap["interval"]
    between = f" ({low_high[0]:+z.3f}, {low_high[1]:+z.3f})" if low_high else ""
    return f"{gap['value']:+z.3f}{between}"
