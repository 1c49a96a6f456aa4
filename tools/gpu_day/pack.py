"""Make the bundle that travels: wheels for the machine's Python, and packed audio."""

import argparse
import csv
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
PYTHON = "3.12"
# pip takes a wheel whose tag is one of these, to the letter.
PLATFORMS = (
    *("manylinux_2_28_x86_64", "manylinux_2_27_x86_64", "manylinux_2_24_x86_64"),
    *("manylinux_2_17_x86_64", "manylinux2014_x86_64", "manylinux1_x86_64"),
)
BUILT = "pesq==0.0.4"  # a source package: a Python of the machine's version has to build it
MEGABYTE = 2**20


def pack(given: argparse.Namespace) -> None:
    """Write the bundle and say how large it is."""
    shutil.rmtree(given.out, ignore_errors=True)
    wheels = given.out / "wheels"
    wheels.mkdir(parents=True)
    _pip("wheel", "--no-deps", "--no-build-isolation", "-w", wheels, ROOT)
    if not given.no_wheels:
        _carry(wheels, given.python)
    if given.audio is not None:
        for kind in ("speech", "noise"):
            _audio(getattr(given, kind), given.audio, given.out / kind, given.seconds)
    sizes = {
        one.name: sum(file.stat().st_size for file in one.rglob("*")) / MEGABYTE
        for one in sorted(given.out.iterdir())
    }
    parts = ", ".join(f"{name} {size:.1f}" for name, size in sizes.items())
    print(f"{given.out}: {sum(sizes.values()):.1f} MiB ({parts})", flush=True)


def _carry(wheels: Path, python: str) -> None:
    platforms = [word for one in PLATFORMS for word in ("--platform", one)]
    where = ["--python-version", PYTHON, "--implementation", "cp", *platforms]
    named = ["--no-deps", "--only-binary=:all:", "-r", HERE / "requirements.txt"]
    _pip("download", *named, *where, "-d", wheels)
    _pip("wheel", "--no-deps", "-w", wheels, BUILT, python=python)


def _pip(*words: str | Path, python: str = sys.executable) -> None:
    command = [python, "-m", "pip", "-q", "--disable-pip-version-check", *map(str, words)]
    subprocess.run(command, check=True)


def _audio(listed: Path, root: Path, folder: Path, seconds: float) -> None:
    """Copy what a list names as FLAC, training recordings cut to a length, with a list of them."""
    import soundfile

    folder.mkdir()
    with listed.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        with soundfile.SoundFile(root / row["path"]) as sound:
            whole = row["split"] == "test" or sound.frames <= seconds * sound.samplerate
            wave = sound.read(-1 if whole else int(seconds * sound.samplerate), dtype="int16")
            row["path"] = Path(row["path"]).with_suffix(".flac").name
            soundfile.write(folder / row["path"], wave, sound.samplerate, subtype="PCM_16")
    with (folder / "list.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
