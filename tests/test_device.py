"""Memory of freed tensors is kept for the next step."""

import platform
import subprocess
import sys

import pytest

PROGRAM = """
import resource, sys, torch
from sslse.device import keep_memory
if sys.argv[1] == "keep":
    keep_memory()
def step():
    return [torch.ones(2**24) for _ in range(3)]  # 64 MiB each
for _ in range(6):
    step()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(2):
    step()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


@pytest.mark.processes
@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="needs glibc")
def test_freed_memory_is_not_asked_for_again():
    faults = {
        mode: int(subprocess.check_output([sys.executable, "-c", PROGRAM, mode], text=True))
        for mode in ("keep", "leave")
    }
    assert faults["keep"] < 1000
    assert faults["leave"] > 10 * faults["keep"]
