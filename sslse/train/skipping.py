"""Take steps; skip those whose loss or gradient is not finite."""

from collections.abc import Callable
from typing import Protocol

import torch
from torch import Tensor

from sslse.errors import RunError
from sslse.train.signals import Noted
from sslse.train.snapshot import Snapshot
from sslse.train.step import Step, StepOutput
from sslse.train.window import Window

FINITE = "finite"


class TakeStep(Protocol):
    """What takes a step."""

    def __call__(self, step: int, *, skip: bool = False) -> tuple[StepOutput, dict[str, Tensor]]:
        """Take it and say by the scalar ``finite`` whether it was; see `sslse.train.trainer`."""


class Skipping:
    """Take steps so that one which is not finite changes nothing.

    To see that, the device must be waited for. Where that costs, it is done once for all steps up
    to a logged line: if one was not finite, all of them are undone, and taken again while looking
    at each. Steps are pure functions of state, seed and number, so this gives what looking at each
    at once gives.

    Args:
        step: takes a step.
        model: of the steps.
        optimizer: of the steps.
        limit: so many skipped steps on end stop the run.
        looks: look at every step at once.
        say: told of every skipped step.
    """

    def __init__(
        self,
        step: TakeStep,
        model: Step,
        optimizer: torch.optim.Optimizer,
        *,
        limit: int,
        looks: bool,
        say: Callable[[str], None],
    ) -> None:
        self._step = step
        self._model = model
        self._optimizer = optimizer
        self._limit = limit
        self._looks = looks
        self._say = say

    def take(
        self, first: int, last: int, window: Window, noted: Noted
    ) -> tuple[int, StepOutput | None]:
        """Take steps to the last one or to a signal.

        Args:
            first: steps taken before.
            last: steps taken then.
            window: counts what is taken and skipped.
            noted: ends it after the step in progress.

        Returns:
            Steps taken now, the skipped ones included, and the output of the latest; None where
            that was skipped.

        Raises:
            RunError: too many steps on end are not finite.
        """
        if self._looks:
            return self._look(first, last, window, noted)
        before = Snapshot(self._model, self._optimizer, window)
        output, finite, done = None, [], first
        while done < last and not noted.anywhere():
            output, scalars = self._step(done)
            finite.append(scalars.pop(FINITE))
            window.add(scalars)
            done += 1
        if not finite or bool(torch.stack(finite).all()):
            return done, output
        before.restore()
        return self._look(first, done, window, None)

    def _look(
        self, first: int, last: int, window: Window, noted: Noted | None
    ) -> tuple[int, StepOutput | None]:
        output, done = None, first
        while done < last and not (noted and noted.anywhere()):
            output, scalars = self._step(done, skip=True)
            done += 1
            if bool(scalars.pop(FINITE)):
                window.add(scalars)
                continue
            output = None
            window.skip()
            self._say(f"warning: step {done} is skipped: its loss or gradient is not finite")
            if window.in_a_row == self._limit:
                raise RunError(
                    f"the loss is not finite at step {done}, or its gradient, and so in "
                    f"{self._limit} steps on end; the state saved last is kept; start another run "
                    "(--out) with a lower train.learning_rate or with train.clip_norm"
                )
        return done, output
