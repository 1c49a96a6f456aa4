"""Choose the device a run is on."""

import os

import torch

from sslse.errors import RunError


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


def usable_cores() -> int:
    """Return the cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def describe_device(device: torch.device) -> str:
    """Name the device for people."""
    if device.type == "cuda":
        return f"{device} ({torch.cuda.get_device_name(device)})"
    return f"cpu ({torch.get_num_threads()} threads)"
