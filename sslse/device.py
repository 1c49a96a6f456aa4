"""Choose the device a run is on."""

import contextlib
import ctypes
import os

import torch

from sslse.errors import RunError

# What torch says on a CPU, on Linux and on Windows, where it has no error class of its own, and
# where a size has more digits than an address.
_NO_MEMORY = (
    "can't allocate memory",
    "not enough memory",
    "CUBLAS_STATUS_ALLOC_FAILED",
    "size calculation overflowed",
    "Overflow when unpacking",
)
# Parameters of glibc's mallopt (malloc.h): never give freed memory back, get 64 MiB at a time, and
# take nothing from outside the heap.
_KEEPING = {-1: 2**31 - 1, -2: 2**26, -4: 0}


def choose_device(text: str) -> torch.device:
    """Return the device for ``auto``, ``cpu``, ``cuda`` or ``cuda:N``.

    Raises:
        RunError: the text is none of these, or there is no such device.
    """
    if text == "auto":
        return torch.device("cuda:0" if torch.cuda.is_available() else "cpu")
    name, _, number = text.partition(":")
    if name not in ("cpu", "cuda") or (name == "cpu" and number) or (":" in text and not number):
        raise RunError(f"--device {text}: unknown device; possible: auto, cpu, cuda, cuda:N")
    if name == "cpu":
        return torch.device("cpu")
    if number and not number.isdigit():
        raise RunError(f"--device {text}: {number!r} is not a number; possible: cuda:0, cuda:1 ...")
    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if int(number or 0) >= count:
        raise RunError(
            f"--device {text}: this machine has {count} usable CUDA devices; "
            "'sslse doctor' says more; possible: auto, cpu"
        )
    return torch.device("cuda", int(number or 0))


def lowers_precision(precision: str, device: torch.device) -> bool:
    """Tell whether networks run in bfloat16; see `sslse.settings.Train.precision`.

    Args:
        precision: ``auto``, ``float32`` or ``bfloat16``.
        device: of the networks.
    """
    if precision == "auto":
        return device.type == "cuda" and torch.cuda.is_bf16_supported(including_emulation=False)
    return precision == "bfloat16"


def keep_memory() -> None:
    """Let glibc keep the memory of freed tensors for the next step.

    By itself it gives large blocks back to the system, and every step gets them anew, page by page.
    Other C libraries are left alone.
    """
    with contextlib.suppress(OSError, AttributeError, TypeError):
        mallopt = ctypes.CDLL(None).mallopt
        for parameter, value in _KEEPING.items():
            mallopt(parameter, value)


def usable_cores() -> int:
    """Return how many cores this process may use."""
    return len(core_numbers())


def core_numbers() -> set[int]:
    """Return the numbers of the cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return os.sched_getaffinity(0)
    return set(range(os.cpu_count() or 1))


def describe_device(device: torch.device) -> str:
    """Name the device for people."""
    if device.type == "cuda":
        return f"{device} ({torch.cuda.get_device_name(device)})"
    return f"cpu ({torch.get_num_threads()} threads)"


def is_out_of_memory(error: BaseException) -> bool:
    """Tell whether an error says that memory is used up, or cannot be as large as asked for."""
    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    return isinstance(error, RuntimeError) and any(word in str(error) for word in _NO_MEMORY)
