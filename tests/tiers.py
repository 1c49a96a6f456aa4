"""Which tests the default suite leaves to the thorough tier, and how one is asked for.

Tests that need long are marked by what they take (`KINDS`). One of each kind is also marked
``smoke`` and stays in the default suite; the others are the thorough tier: ``-m thorough``.
"""

from pathlib import Path

import pytest

KINDS = {
    "benchmarks": "rehearses a benchmark, in a process that imports everything anew",
    "browser": "opens pages in Chromium",
    "docs": "does what a page tells its reader to do: packages, trainings, the built site",
    "export": "traces a network, to ONNX or a torch program",
    "figures": "draws figures and pages of them",
    "fuzz": "gives damaged input to worker processes, hundreds of cases",
    "install": "builds the project or a plugin and installs it with pip",
    "processes": "starts processes of its own, which import torch and may be killed",
    "statistics": "draws, trains or packs so much that chance or scale shows",
    "training": "trains a network on the CPU for more than a moment",
}
THOROUGH = "thorough: one of the kinds that take long; not in the default suite, run by -m thorough"
SMOKE = "smoke: takes long, and stays in the default suite for all of its kind"


def declare(config: pytest.Config) -> None:
    """Make the markers known."""
    for line in (*(f"{name}: {text}" for name, text in KINDS.items()), THOROUGH, SMOKE):
        config.addinivalue_line("markers", line)


def divide(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark the thorough tier, and leave it out unless it is asked for.

    It is asked for by ``-m``, whatever that chooses, and by naming a test or its file.
    """
    for item in items:
        kinds = [mark.name for mark in item.iter_markers() if mark.name in KINDS]
        if kinds and not item.get_closest_marker("smoke"):
            item.add_marker("thorough")
    if config.option.markexpr:
        return
    named = [_file(config, argument) for argument in config.args]
    kept, left = [], []
    for item in items:
        late = item.get_closest_marker("thorough") and item.path not in named
        (left if late else kept).append(item)
    items[:] = kept
    config.hook.pytest_deselected(items=left)


def said(config: pytest.Config) -> str:
    """Say which tests are left out."""
    if config.option.markexpr:
        return ""
    return "tier: default; what takes long runs by `-m thorough`, or by naming its file or test"


def _file(config: pytest.Config, argument: str) -> Path:
    return config.invocation_params.dir / argument.partition("::")[0]
