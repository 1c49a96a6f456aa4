"""Save and load the exact state of a training run."""

import io
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from sslse import ranks
from sslse.atomic import write_whole
from sslse.errors import RunError
from sslse.train.step import Step
from sslse.train.window import Window

FILE = "state.pt"
PREVIOUS = "state.previous.pt"


def save_state(
    folder: Path, model: Step, optimizer: torch.optim.Optimizer, step: int, window: Window
) -> None:
    """Write the state so that it is there whole or not at all; keep the one before.

    All ranks call it; rank 0 writes.

    Args:
        folder: ``resume/`` of the run.
        model: its parameters and buffers are saved.
        optimizer: its state is saved.
        step: optimizer steps taken.
        window: what is counted since the last logged line.

    Raises:
        OSError: the file cannot be written; what was saved before is still there.
    """
    state = {
        "step": step,
        "model": model.state_dict(),
        "optimizer": optimizer.state_dict(),
        "window": window.state_dict(),
    }
    if not ranks.main():
        return
    # By way of memory: torch turns the errors of a file into some of its own.
    content = io.BytesIO()
    torch.save(state, content)
    folder.mkdir(parents=True, exist_ok=True)
    write_whole(folder / FILE, content.getvalue(), previous=folder / PREVIOUS)


def load_state(
    folder: Path,
    model: Step,
    optimizer: torch.optim.Optimizer,
    window: Window,
    say: Callable[[str], None],
) -> int:
    """Restore what `save_state` wrote and return the steps taken; 0 where nothing was saved.

    Where the newest file is damaged, the one before is taken.

    Args:
        folder: ``resume/`` of the run.
        model: gets parameters and buffers.
        optimizer: gets its state.
        window: gets what was counted.
        say: told when the newest file is not the one taken.

    Raises:
        RunError: no file can be read, or the state does not fit the model.
    """
    state, path = _newest(folder, say)
    if not state:
        return 0
    try:
        model.load_state_dict(state["model"])
        optimizer.load_state_dict(state["optimizer"])
        window.load_state_dict(state["window"])
        return int(state["step"])
    except Exception as error:
        raise RunError(
            f"{path}: cannot be resumed: {_brief(error)}; delete {folder} to start the run again"
        ) from error


def _newest(folder: Path, say: Callable[[str], None]) -> tuple[dict[str, Any], Path]:
    """Return the newest state that can be read, and its file; nothing where nothing was saved."""
    faults = []
    for path in (folder / FILE, folder / PREVIOUS):
        if not path.is_file():
            continue
        try:
            state = _read(path)
        except Exception as error:  # noqa: BLE001 - a damaged file fails in any way
            faults.append(f"{path}: is damaged: {_brief(error)}")
            continue
        for fault in faults:
            say(f"warning: {fault}; the state before it, of step {state['step']}, is taken")
        return state, path
    if faults:
        raise RunError("\n".join([*faults, f"delete {folder} to start the run again"]))
    return {}, folder / FILE


def _read(path: Path) -> dict[str, Any]:
    """Read a state, every byte checked against the checksums of its file."""
    with zipfile.ZipFile(path) as archive:
        if damaged := archive.testzip():
            raise zipfile.BadZipFile(f"the checksum of {damaged} is wrong")
    state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    return state


def _brief(error: Exception) -> str:
    return " ".join(str(error).split())[:300]
