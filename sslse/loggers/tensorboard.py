"""The logged figures as TensorBoard events."""

import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from sslse.api import Logger
from sslse.errors import DependencyError

if TYPE_CHECKING:
    from torch.utils.tensorboard import SummaryWriter

FOLDER = "tensorboard"
_NO_FIGURES = ("step", "warnings")


class TensorBoard(Logger):
    """Write every logged figure as a scalar into ``tensorboard/`` of the run.

    ``tensorboard --logdir runs`` shows them. Of a resumed run, events after the step it goes on
    from are replaced. Needs the extra ``tensorboard``.

    Raises:
        DependencyError: the package is not installed.
    """

    def __init__(self) -> None:
        if importlib.util.find_spec("tensorboard") is None:
            raise DependencyError(
                "tensorboard needs the package tensorboard; install it with: "
                "pip install 'sslse[tensorboard]'"
            )
        self._writer: SummaryWriter | None = None

    def start(self, folder: Path, recipe: dict[str, Any], step: int) -> None:  # noqa: ARG002
        """See `sslse.api.Logger`."""
        from torch.utils.tensorboard import SummaryWriter

        self._writer = SummaryWriter(str(folder / FOLDER), purge_step=step + 1)

    def log(self, line: dict[str, Any]) -> None:
        """See `sslse.api.Logger`."""
        if self._writer is None:
            return
        for name, value in line.items():
            if name not in _NO_FIGURES and isinstance(value, int | float):
                self._writer.add_scalar(name, value, line["step"])
        self._writer.flush()

    def scores(self, line: dict[str, Any]) -> None:
        """See `sslse.api.Logger`."""
        figures = {name: one for name, one in line.items() if name.startswith("score/")}
        self.log({"step": line["step"], **figures})

    def finish(
        self,
        summary: dict[str, Any] | None,  # noqa: ARG002 - the report has it
        status: Literal["finished", "stopped", "failed"],  # noqa: ARG002
    ) -> None:
        """See `sslse.api.Logger`."""
        if self._writer is not None:
            self._writer.close()
