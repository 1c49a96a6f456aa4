"""Where the evaluations of a run lie: its own in its directory, others below it by name."""

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sslse.api import Baseline, Metric
from sslse.errors import RunError
from sslse.evaluate.answers import contract_of
from sslse.evaluate.manifest import Manifest
from sslse.run_folder import RECIPE, WITHOUT_EFFECT

FOLDER = "evaluations"
SUMMARY = "evaluation.json"
NAME = re.compile(r"\w[\w.,=+-]{0,120}")
_LEFT_OUT = re.compile(r"[\[\]{}\"'\s]")  # a list is readable without
_OTHER = re.compile(r"[^\w.,=+-]+")
_DIGITS = 8


def run_of(folder: Path) -> Path:
    """Return the run directory of an evaluation's folder: above it, or the folder itself.

    A folder with a recipe of its own is a run, or what is kept of one that was trained longer.
    """
    below = folder.parent.name == FOLDER and not (folder / RECIPE).is_file()
    return folder.parent.parent if below else folder


def refuse_overwriting(folder: Path) -> None:
    """Refuse a folder for scores that holds a run or other scores.

    Raises:
        RunError: it does.
    """
    for name in (RECIPE, SUMMARY):
        if (folder / name).exists():
            raise RunError(
                f"{folder}: holds {name} already and is never overwritten; choose another -o"
            )


def how_again(folder: Path) -> str:
    """Say what writes an evaluation again."""
    run = run_of(folder)
    if run == folder:
        return f"'sslse evaluate {run}' writes it again"
    return f"'sslse evaluate {run} -o {folder.name}', with its --data and --set, writes it again"


def find_evaluation(run: Path, name: str) -> Path:
    """Return the folder of an evaluation.

    Raises:
        RunError: the run has none of this name.
    """
    folder = run / FOLDER / name
    if NAME.fullmatch(name) and (folder / SUMMARY).is_file():
        return folder
    found = sorted(one.parent.name for one in (run / FOLDER).glob(f"*/{SUMMARY}"))
    raise RunError(
        f"{run}: has no evaluation {name!r} (possible: {', '.join(found) or 'none'}); "
        f"'sslse evaluate {run} -o {name}' makes one"
    )


def default_name(data: Sequence[str], sets: Sequence[str], manifest: Manifest | None) -> str:
    """Name an evaluation by what is asked of it besides the run: data, settings, mixtures.

    Args:
        data: profiles, names or files.
        sets: ``evaluate.PATH=VALUE`` each.
        manifest: that was asked for.

    Returns:
        The name; empty where nothing is asked.
    """
    parts = [Path(one).stem for one in data]
    parts += [
        one.removeprefix("evaluate.") for one in sets if one.partition("=")[0] not in WITHOUT_EFFECT
    ]
    parts += [] if manifest is None else [f"mixtures-{manifest.digest[:_DIGITS]}"]
    words = [_OTHER.sub("-", _LEFT_OUT.sub("", one)).strip(".,") for one in parts]
    return "+".join(one for one in words if one)[:120].lstrip(".,=+-")


def choose_folder(
    run: Path,
    name: str | None,
    default: str,
    *,
    manifest: Manifest,
    metrics: dict[str, Metric],
    baselines: dict[str, Baseline],
) -> Path:
    """Return where an evaluation of a run is written: never over another one.

    Args:
        run: its directory.
        name: that was asked for; None takes the run's own place where this is its own evaluation,
            else ``default``.
        default: from `default_name`.
        manifest: of its mixtures.
        metrics: by name.
        baselines: by name.

    Raises:
        RunError: another evaluation has the name.
    """
    contents = {
        "manifest": manifest.digest,
        "contract": {key: contract_of(one) for key, one in metrics.items()},
        "baselines": {
            key: {"oracle": one.oracle, **contract_of(one)} for key, one in baselines.items()
        },
    }
    if name is None and (not default or _holds(run, contents)):
        return run
    folder = run / FOLDER / (name or default)
    if (folder / SUMMARY).is_file() and not _holds(folder, contents):
        raise RunError(
            f"{folder}: holds an evaluation of other mixtures or metrics, which is never "
            "overwritten; choose another name with -o"
        )
    return folder


def _holds(folder: Path, contents: dict[str, Any]) -> bool:
    """Tell whether a folder holds an evaluation of these contents, or a damaged one."""
    path = folder / SUMMARY
    if not path.is_file():
        return False
    try:
        held = json.loads(path.read_text(encoding="utf-8"))
        wanted = json.loads(json.dumps(contents))
        return bool({key: held.get(key) for key in wanted} == wanted)
    except (ValueError, AttributeError, RecursionError):
        return True
