"""Turn what came back from a GPU day into the tables of a page.

Everything between ``<!-- begin gpu_NAME -->`` and ``<!-- end gpu_NAME -->`` in the page is replaced
by what `BLOCKS` makes of the files kept beside the page in ``results/gpu_day``.
"""

import json
import re
import shutil
import tarfile
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from statistics import mean

from day import FOUND, STATUS

KEPT = Path("results") / "gpu_day"
BLOCK = re.compile(r"(<!-- begin (gpu_\w+) -->\n).*?(<!-- end \2 -->)", re.DOTALL)
ROOT_OF_PROJECT = re.compile(r" /\S*/(?=benchmarks/)")
ROOT_OF_DATA = re.compile(r"(root|file): /\S*/")
METRICS = {"si_sdr": "SI-SDR (dB)", "pesq_nb": "PESQ", "stoi": "STOI"}
PRINTED = ("train", "compiled", "kernels", "ceilings", "mix")
NOTHING = "Not yet measured.\n"


def write_pages(found: Sequence[Path], page: Path) -> str:
    """Keep what days have brought, later ones over earlier ones, and write a page's tables.

    Args:
        found: folders that ``run`` wrote into.
        page: its blocks are written anew.

    Returns:
        The tables.
    """
    kept = page.parent / KEPT
    for folder in found:
        with tempfile.TemporaryDirectory() as name:
            with tarfile.open(folder / f"{FOUND}.tar.gz") as archive:
                archive.extractall(name, filter="data")
            _keep(Path(name) / FOUND, kept)
    return write_blocks(page, kept)


def write_blocks(page: Path, kept: Path) -> str:
    """Write a page's tables from the kept files, and return them."""
    tables = {name: "".join(make(kept)) for name, make in BLOCKS.items()}

    def replaced(match: re.Match[str]) -> str:
        return f"{match[1]}{tables[match[2]]}{match[3]}"

    page.write_text(BLOCK.sub(replaced, page.read_text("utf-8")), encoding="utf-8")
    return "\n".join(f"## {name}\n\n{text}" for name, text in tables.items())


def _keep(found: Path, kept: Path) -> None:
    """Keep what the tables need beside that of earlier days, without folders of the machine."""
    kept.mkdir(parents=True, exist_ok=True)
    status = _json(kept / STATUS) | _json(found / STATUS)
    (kept / STATUS).write_text(json.dumps(status, indent=2) + "\n", encoding="utf-8")
    for name in PRINTED:
        if figures := _json(found / f"{name}.json"):  # written at the end: it was not cut short
            figures["command"] = ROOT_OF_PROJECT.sub(" ", figures["command"])
            (kept / f"{name}.json").write_text(json.dumps(figures, indent=2) + "\n", "utf-8")
            shutil.copyfile(found / f"{name}.txt", kept / f"{name}.txt")
    if (tests := found / "tests.txt").is_file():
        *_, last = tests.read_text("utf-8").strip().splitlines()
        (kept / "tests.txt").write_text(last.strip("= ") + "\n", encoding="utf-8")
    if (found / "runs").is_dir():
        shutil.copytree(found / "runs", kept / "runs", dirs_exist_ok=True)
    for recipe in kept.glob("runs/*/recipe.yaml"):
        recipe.write_text(ROOT_OF_DATA.sub(r"\1: ", recipe.read_text("utf-8")), encoding="utf-8")


def _json(path: Path) -> dict:
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "".join("| " + " | ".join(line) + " |\n" for line in lines)


def parts(kept: Path) -> Iterator[str]:
    """How every part of the day ended."""
    status = _json(kept / STATUS)
    rows = [[name, one["ended"], f"{one['seconds']:g}"] for name, one in status.items()]
    yield _table(["part", "ended", "seconds"], rows) if rows else NOTHING


def tests(kept: Path) -> Iterator[str]:
    """The last line of the GPU tests."""
    path = kept / "tests.txt"
    yield f"`{path.read_text('utf-8').strip()}`\n" if path.is_file() else NOTHING


def printed(name: str) -> Callable[[Path], Iterator[str]]:
    """What a benchmark has printed: its tables."""

    def text(kept: Path) -> Iterator[str]:
        path = kept / f"{name}.txt"
        yield path.read_text("utf-8").strip() + "\n" if path.is_file() else NOTHING

    return text


def paper(kept: Path) -> Iterator[str]:
    """Tables 2 to 5 of the rows trained at the paper's size."""
    from sslse.compare import compare, load_results
    from sslse.curves import read_course
    from sslse.reproduce.tables import per_snr, table_2

    runs = [one for one in _runs(kept) if "," not in one.name]
    if not runs:
        yield NOTHING
        return
    comparison = compare(load_results(runs), baseline=runs[0].name)
    yield table_2(comparison) + "\n"
    for number, title, text in per_snr(comparison):
        yield f"Table {number}, {title}:\n\n{text}\n"
    courses = [read_course(one) for one in runs]
    rows = [
        [one.name, str(one.lines[-1]["step"]), f"{one.lines[-1]['seconds']:.0f}"] for one in courses
    ]
    yield _table(["run", "steps", "seconds, side by side with others"], rows)


def precision(kept: Path) -> Iterator[str]:
    """Scores in both precisions, seed by seed."""
    from sslse.compare import compare, load_results

    scores: dict[str, dict[str, dict[str, float]]] = {}
    for run in _runs(kept):
        kind, comma, seed = run.name.partition(",")
        if comma:
            compared = compare(load_results([run]), baseline="noisy")
            label = next(row.label for row in compared.rows if row.kind == "run")
            means = {name: compared.mean(label, name, "all", "") for name in METRICS}
            values = {name: one.value for name, one in means.items() if one is not None}
            scores.setdefault(seed, {})[kind] = values
    rows, gaps = [], []
    for seed, by_kind in sorted(scores.items()):
        if len(by_kind) < 2:
            continue
        high, low = by_kind["float32"], by_kind["bfloat16"]
        gaps.append({name: low[name] - high[name] for name in high})
        cells = [f"{high[name]:.3f} / {low[name]:.3f} ({gaps[-1][name]:+.3f})" for name in high]
        rows.append([seed, *cells])
    if not rows:
        yield NOTHING
        return
    rows.append(
        ["mean difference", *(f"{mean(gap[name] for gap in gaps):+.3f}" for name in gaps[0])]
    )
    yield _table(["float32 / bfloat16", *(METRICS[name] for name in gaps[0])], rows)


def _runs(kept: Path) -> list[Path]:
    return [one.parent for one in sorted(kept.glob("runs/*/evaluation.json"))]


BLOCKS: dict[str, Callable[[Path], Iterator[str]]] = {
    "gpu_parts": parts,
    "gpu_tests": tests,
    **{f"gpu_{name}": printed(name) for name in PRINTED},
    "gpu_paper": paper,
    "gpu_precision": precision,
}
