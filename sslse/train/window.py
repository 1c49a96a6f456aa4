"""What is counted since the last logged line, and how many steps were skipped."""

from typing import Any

from torch import Tensor

from sslse.train.log import Averages


class Window:
    """Means since the last logged line, and the steps skipped as not finite.

    Attributes:
        averages: of the steps that were taken.
        skipped: steps of the run so far that were not taken.
        in_a_row: how many of them are the latest steps.
    """

    def __init__(self) -> None:
        self.averages = Averages()
        self.skipped = 0
        self.in_a_row = 0

    def add(self, scalars: dict[str, Tensor]) -> None:
        """Count a step that was taken."""
        self.averages.add(scalars)
        self.in_a_row = 0

    def skip(self) -> None:
        """Count a step that was not taken."""
        self.skipped += 1
        self.in_a_row += 1

    def state_dict(self) -> dict[str, Any]:
        """Return what a resumed run needs."""
        return {
            "averages": self.averages.state_dict(),
            "skipped": self.skipped,
            "in_a_row": self.in_a_row,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take what `state_dict` returned."""
        self.averages.load_state_dict(state["averages"])
        self.skipped = int(state["skipped"])
        self.in_a_row = int(state["in_a_row"])
