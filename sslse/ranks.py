"""Several processes that train as one: which of them this is, and what they share.

A **rank** is one process; each trains on its slice of every batch. The loss of the run is the mean
over ranks of their losses, so that a rank's loss may be of its own rows alone or of all rows
together. With one process everything here is an identity. Every rank must call the functions that
share something, in the same order.
"""

import contextlib
import os
import re
import socket
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor
from torch.distributed.rendezvous import rendezvous

from sslse.device import core_numbers, usable_cores
from sslse.errors import BrokenOffError, RunError
from sslse.places import Place, find_place

SECONDS = 50
MEETING = timedelta(minutes=10)
PATIENCE = timedelta(days=30)
LOST = re.compile(
    r"gloo|nccl|connection (closed|reset|refused)|broken pipe|timed out|store", re.IGNORECASE
)


def world() -> int:
    """Return how many processes train together."""
    return dist.get_world_size() if _together() else 1


def rank() -> int:
    """Return which of them this is, counted from 0; known before they join, and after."""
    if _together():
        return dist.get_rank()
    place = find_place(os.environ)
    return 0 if place is None else place.rank


def shares() -> tuple[int, int]:
    """Return which share of work that is divided is this process's, and of how many."""
    return (dist.get_rank(), dist.get_world_size()) if _together() else (0, 1)


def main() -> bool:
    """Tell whether this is the process that writes and speaks."""
    return rank() == 0


def gather(tensor: Tensor, dim: int = 0) -> Tensor:
    """Return the slices of all ranks, joined in their order; gradients flow to every slice.

    Args:
        tensor: of the same shape on every rank.
        dim: along which they are joined: the one the batch lies in.
    """
    if world() == 1:
        return tensor
    joined_up: Tensor = _Gather.apply(tensor, dim)
    return joined_up


def own(tensor: Tensor, dim: int = 0) -> Tensor:
    """Return this rank's slice of what all ranks hold whole.

    Args:
        tensor: whose length along ``dim`` is a multiple of `world`.
        dim: along which it is sliced.
    """
    return tensor if world() == 1 else tensor.chunk(world(), dim)[rank()]


def mean(tensor: Tensor) -> Tensor:
    """Return the mean over ranks, the same on all of them; with gradient.

    Args:
        tensor: of the same shape on every rank.
    """
    if world() == 1:
        return tensor
    averaged: Tensor = _Mean.apply(tensor)
    return averaged


def greatest(number: int) -> int:
    """Return the greatest number of any rank; on the host, the device is not waited for."""
    if world() == 1:
        return number
    found = torch.tensor(int(number))
    dist.all_reduce(found, dist.ReduceOp.MAX)
    return int(found)


def share(tensor: Tensor) -> None:
    """Write rank 0's values into a tensor."""
    if world() > 1:
        dist.broadcast(tensor, 0)


@contextlib.contextmanager
def meeting() -> Iterator[Callable[[Any], list[Any]]]:
    """Give a function that returns the values of all ranks, in their order, on every rank.

    It may be called hours apart: it waits as long as the slowest rank takes. The block itself they
    must enter together. Values are what pickle can send.
    """
    if world() == 1:
        yield lambda value: [value]
        return
    patient: Any = dist.new_group(backend="gloo", timeout=PATIENCE)

    def collect(value: Any) -> list[Any]:
        values: list[Any] = [None] * world()
        dist.all_gather_object(values, value, patient)
        return values

    yield collect
    # Not after an error: lost processes would be waited for.
    dist.destroy_process_group(patient)


def cores() -> int:
    """Return how many cores are this rank's: those it may use, shared with others on its machine.

    Every rank must call it.
    """
    if world() == 1:
        return usable_cores()
    host, own_cores = socket.gethostname(), sorted(core_numbers())
    with meeting() as collect:
        found = collect((host, own_cores))
    sharing = Counter(one for name, numbers in found if name == host for one in numbers)
    return max(1, int(sum(1 / sharing[one] for one in own_cores)))


@contextlib.contextmanager
def main_first() -> Iterator[None]:
    """Let rank 0 pass the block first, then the first rank of every machine, then the others.

    For caches: what one rank has written, the next finds. They wait as long as it takes.
    """
    if world() == 1:
        yield
        return
    turns = 2
    turn = 0 if main() else 1 if _local_rank() == 0 else turns
    patient: Any = dist.new_group(backend="gloo", timeout=PATIENCE)
    for _ in range(turn):
        dist.barrier(patient)
    try:
        yield
    finally:
        for _ in range(turns - turn):
            dist.barrier(patient)
        dist.destroy_process_group(patient)


@contextlib.contextmanager
def joined(device: torch.device, seconds: float = SECONDS) -> Iterator[torch.device]:
    """Join the other processes within the block; give the device of this one.

    Args:
        device: ``cpu``, or any CUDA device: each process of a machine takes its own.
        seconds: that a rank may keep the others waiting before they end.

    Raises:
        RunError: there are fewer devices than processes.
        BrokenOffError: another process is lost.
    """
    place = find_place(os.environ)
    if place is None or place.world == 1:
        yield device
        return
    device = _own_device(device, place)
    with _telling_of_losses(place):
        found = rendezvous(place.meeting, place.rank, place.world, timeout=MEETING)
        store, *_ = next(iter(found))
        dist.init_process_group(
            "cpu:gloo,cuda:nccl" if device.type == "cuda" else "gloo",
            store=store,
            rank=place.rank,
            world_size=place.world,
            timeout=timedelta(seconds=seconds),
        )
        yield device
    # Not after an error: lost processes would be waited for.
    dist.destroy_process_group()


class _Gather(torch.autograd.Function):
    """All slices; a slice's gradient is the sum of what the ranks have for it."""

    @staticmethod
    def forward(ctx: Any, tensor: Tensor, dim: int) -> Tensor:
        ctx.dim = dim
        sent = tensor.contiguous()
        slices = [torch.empty_like(sent) for _ in range(world())]
        dist.all_gather(slices, sent)
        return torch.cat(slices, dim)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        whole = gradients[0].clone(memory_format=torch.contiguous_format)
        dist.all_reduce(whole)
        return own(whole, ctx.dim), None


class _Mean(torch.autograd.Function):
    """The mean; its gradient is the mean of the ranks' gradients."""

    @staticmethod
    def forward(ctx: Any, tensor: Tensor) -> Tensor:  # noqa: ARG004
        return _averaged(tensor)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:  # noqa: ARG004
        return _averaged(gradients[0])


def _averaged(tensor: Tensor) -> Tensor:
    total = tensor.clone(memory_format=torch.contiguous_format)
    dist.all_reduce(total)
    return total / world()


def _together() -> bool:
    return dist.is_available() and dist.is_initialized()


def _local_rank() -> int:
    place = find_place(os.environ)
    return 0 if place is None else place.local_rank


def _own_device(device: torch.device, place: Place) -> torch.device:
    if device.type != "cuda":
        return device
    count = torch.cuda.device_count()
    number = 0 if place.devices_shown and count == 1 else place.local_rank
    if number >= count:
        raise RunError(
            f"process {place.local_rank + 1} of this machine finds {count} CUDA devices; start "
            "one process for each device at most, or use --device cpu"
        )
    chosen = torch.device("cuda", number)
    torch.cuda.set_device(chosen)
    return chosen


@contextlib.contextmanager
def _telling_of_losses(place: Place) -> Iterator[None]:
    """Say that another process is lost in the words of a user's error."""
    try:
        yield
    except RuntimeError as error:
        if not isinstance(error, dist.DistError) and not LOST.search(str(error)):
            raise
        reason = " ".join(str(error).split())[:200]
        raise BrokenOffError(
            f"rank {place.rank} of {place.world} lost contact with another process, which ended "
            f"or does not answer ({reason}); what is saved stays, and any number of processes can "
            "resume it"
        ) from error
