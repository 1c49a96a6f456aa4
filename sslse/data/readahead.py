"""Prepare the next step's crops while a step trains."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

import torch
from torch import Tensor

Drawn = tuple[Tensor, Tensor]


class ReadAhead:
    """Draw a step's batch in a thread, and then the one of the step after it.

    What a step gets does not depend on it: the draw is a pure function of the step. Steps may be
    asked for in any order; only the one after the last is there already. What the draw raises is
    raised when its step is asked for. The thread ends with this object.

    Args:
        draw: gives a step's batch; it is called by the thread alone.
        device: of the batch; on a CUDA device the draw has a stream of its own.
    """

    def __init__(self, draw: Callable[[int], Drawn], device: torch.device) -> None:
        self._draw = draw
        self._stream: torch.cuda.Stream | None = None
        if device.type == "cuda":
            self._stream = torch.cuda.Stream(device)  # type: ignore[no-untyped-call]
            self._stream.wait_stream(torch.cuda.current_stream(device))
        self._thread = ThreadPoolExecutor(1, "read-ahead")
        self._ahead: tuple[int, Future[tuple[Drawn, torch.cuda.Event | None]]] | None = None

    def __call__(self, step: int) -> Drawn:
        """Return a step's batch, and have the next one drawn."""
        if self._ahead is not None and self._ahead[0] == step:
            wanted = self._ahead[1]
        else:
            if self._ahead is not None:
                self._ahead[1].cancel()
            wanted = self._thread.submit(self._prepare, step)
        self._ahead = step + 1, self._thread.submit(self._prepare, step + 1)
        batch, ready = wanted.result()
        if ready is not None:
            self._hand_over(batch, ready)
        return batch

    def _prepare(self, step: int) -> tuple[Drawn, torch.cuda.Event | None]:
        if self._stream is None:
            return self._draw(step), None
        with torch.cuda.stream(self._stream):
            return self._draw(step), self._stream.record_event()

    def _hand_over(self, batch: Drawn, ready: torch.cuda.Event) -> None:
        """Let the training wait for the batch on the device, and keep its memory until then."""
        training = torch.cuda.current_stream(batch[0].device)
        training.wait_event(ready)
        for one in batch:
            one.record_stream(training)
