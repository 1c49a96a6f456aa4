"""The logged figures as TensorBoard events."""

import importlib.util
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sslse.errors import DependencyError


def require_tensorboard() -> None:
    """Refuse to start without the package.

    Raises:
        DependencyError: tensorboard is not installed.
    """
    if importlib.util.find_spec("tensorboard") is None:
        raise DependencyError(
            "train.tensorboard needs the package tensorboard; install it with: "
            "pip install 'sslse[tensorboard]'"
        )


def tensorboard_watch(folder: Path, first_step: int) -> Callable[[dict[str, Any]], None]:
    """Return a watch that writes every logged line as scalars.

    Args:
        folder: of the events.
        first_step: events of a resumed run after this step are replaced.
    """
    from torch.utils.tensorboard import SummaryWriter

    writer = SummaryWriter(str(folder), purge_step=first_step + 1)

    def watch(line: dict[str, Any]) -> None:
        for name, value in line.items():
            if name != "step" and isinstance(value, int | float):
                writer.add_scalar(name, value, line["step"])
        writer.flush()

    return watch
