"""Torch's defaults, which a caller may have changed: float32 and the CPU are meant here."""

import contextlib
from collections.abc import Iterator

import torch


@contextlib.contextmanager
def own_defaults() -> Iterator[None]:
    """Let tensors that say no more be float32 on the CPU within the block, or the function."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float32)
    on_cpu = torch.get_default_device().type == "cpu"
    try:
        with contextlib.nullcontext() if on_cpu else torch.device("cpu"):
            yield
    finally:
        torch.set_default_dtype(before)
