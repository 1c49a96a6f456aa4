"""Measure and train on a GPU that is at hand for a quarter of an hour: ``python tools/gpu_day``.

    python tools/gpu_day pack -o build/gpu_day     # what travels: wheels, audio (here)
    python tools/gpu_day run build/gpu_day -o OUT  # at most 12 minutes (on the GPU machine)
    python tools/gpu_day pages OUT                 # the tables of docs/performance.md (here)
    python tools/gpu_day --device cpu --quick      # all three in a folder of its own: a rehearsal

The machine needs Python 3.12, PyTorch and a copy of the project; it needs no network. Parts run in
order of their worth, each in a process of its own with a time limit; what a part found is written
as it ends, so that a day cut short has lost nothing but its last part.
"""

import argparse
import sys
import tempfile
from pathlib import Path

from day import run_day
from pack import pack
from pages import write_pages
from parts import NAMES, REHEARSED, parts_of

HERE = Path(__file__).parent
ROOT = HERE.parents[1]


def main() -> int:
    """Do what is asked for; end with 1 where a part of the day failed."""
    parser = argparse.ArgumentParser(
        prog="python tools/gpu_day",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    _day_options(parser)
    commands = parser.add_subparsers(dest="command", metavar="{pack,run,pages}")
    packing = commands.add_parser("pack", help="make the bundle that travels")
    packing.add_argument("-o", "--out", type=Path, default=ROOT / "build" / "gpu_day")
    packing.add_argument("--audio", type=Path, help="folder that the lists' paths are relative to")
    packing.add_argument("--speech", type=Path, default=HERE / "speech.csv", help="a list")
    packing.add_argument("--noise", type=Path, default=HERE / "noise.csv", help="a list")
    packing.add_argument("--seconds", type=float, default=7.0, help="of a training utterance")
    packing.add_argument("--python", default="python3.12", help="builds what has no wheel")
    packing.add_argument("--no-wheels", action="store_true", help="the project's own wheel alone")
    running = commands.add_parser("run", help="the day itself")
    running.add_argument("bundle", type=Path)
    running.add_argument("-o", "--out", type=Path, required=True)
    _day_options(running)
    writing = commands.add_parser("pages", help="write the tables of what came back")
    writing.add_argument("found", type=Path, nargs="+")
    writing.add_argument("--page", type=Path, default=ROOT / "docs" / "performance.md")
    given = parser.parse_args()
    if given.command == "pack":
        pack(given)
        return 0
    if given.command == "pages":
        print(write_pages(given.found, given.page))
        return 0
    if given.command == "run":
        return run_day(given.bundle, given.out, parts_of(given), given.minutes)
    return _rehearse(packing.parse_args(["--no-wheels"]), given)


def _day_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--quick", action="store_true", help="tiny sizes: figures say nothing")
    parser.add_argument("--minutes", type=float, default=12.0, help="the whole day at most")
    parser.add_argument("--only", nargs="+", choices=NAMES, default=list(NAMES), metavar="PART")
    parser.add_argument("--train-seconds", type=float, default=200.0, help="of paper-size training")


def _rehearse(packing: argparse.Namespace, given: argparse.Namespace) -> int:
    """Pack, run and write the tables, in a folder of its own."""
    with tempfile.TemporaryDirectory(prefix="gpu_day_") as name:
        folder = Path(name)
        packing.out = folder / "bundle"
        pack(packing)
        minutes = REHEARSED / 60 if given.quick else given.minutes
        failed = run_day(packing.out, folder / "out", parts_of(given), minutes)
        page = folder / "performance.md"
        page.write_text((ROOT / "docs" / "performance.md").read_text("utf-8"), "utf-8")
        print(write_pages([folder / "out"], page))
    return failed


if __name__ == "__main__":
    sys.exit(main())
