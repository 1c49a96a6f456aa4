"""What a day consists of, in order of worth."""

import argparse
from dataclasses import dataclass, replace
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
NAMES = (
    "machine",
    "tests",
    "train",
    "compiled",
    "kernels",
    "ceilings",
    "mix",
    "paper",
    "precision",
)
REHEARSED = 3600.0
WARMING = 60  # seconds that the trainings of a part take beside their steps


@dataclass(frozen=True)
class Part:
    """A process of its own.

    Args:
        name: of its files: what it prints is kept as NAME.txt, its errors as NAME.errors.txt.
        seconds: it may take.
        command: for Python.
    """

    name: str
    seconds: float
    command: list[str]


def parts_of(given: argparse.Namespace) -> list[Part]:
    """Return the parts that were asked for."""
    quick = ["--quick"] if given.quick else []
    device = ["--device", given.device]
    trainings = [str(HERE / "trainings.py"), *device, *quick]

    def benchmark(name: str, written: str, *words: str) -> list[str]:
        file = str(ROOT / "benchmarks" / f"{name}.py")
        return [file, *words, *device, *quick, "--json", f"{written}.json"]

    size = ["--preset", "paper", "--batch", "256"]
    turns = ["--rounds", "3", "--block", "10"]
    compiling = [] if given.quick else ["--compile"]  # for a CPU it takes minutes
    gpu_tests = ["-m", "pytest", "-m", "gpu", str(ROOT / "tests" / "test_gpu.py")]
    gpu_tests += ["-c", str(ROOT / "pyproject.toml"), "-p", "no:cacheprovider", "-W", "default"]
    every = [
        Part("machine", 60, ["-m", "sslse", "doctor"]),
        Part("tests", 180, [*gpu_tests, "-n", "1" if given.quick else "6"]),
        Part("train", 90, benchmark("train", "train", *size, *turns, "--variants", "ab")),
        Part("compiled", 150, benchmark("train", "compiled", *size, *turns, *compiling)),
        Part("kernels", 60, benchmark("kernels", "kernels", *size, "--rounds", "5")),
        Part("ceilings", 60, benchmark("ceilings", "ceilings", *size)),
        Part("mix", 40, benchmark("mix", "mix")),
        Part(
            "paper",
            given.train_seconds + WARMING,
            [*trainings, "paper", "--seconds", str(given.train_seconds)],
        ),
        Part("precision", 120, [*trainings, "precision"]),
    ]
    chosen = [part for part in every if part.name in given.only]
    # A rehearsal is to come to its end on any machine.
    return [replace(part, seconds=REHEARSED) for part in chosen] if given.quick else chosen
