"""Write the tables and figures of docs/results.md and its neighbours from files of run directories.

    python tools/make_results.py collect RUNS/MATRIX matrix    # keep the small files of some runs
    python tools/make_results.py                               # write pages and figures anew

``collect`` copies from every run below a folder what the tables need (recipe, scores, curves) to
docs/results/NAME. Without arguments everything between ``<!-- begin NAME -->`` and
``<!-- end NAME -->`` in the pages is replaced by what `BLOCKS` makes of these files, and figures
are drawn. Nothing else is read: the same files give the same pages.
"""

import csv
import re
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from pathlib import Path
from statistics import mean
from typing import Any

from sslse.compare import Comparison, compare, load_results
from sslse.compare.comparison import Difference
from sslse.compare.paper import published
from sslse.curves import Course, group, read_course, write_curves
from sslse.reproduce.claims import claims
from sslse.reproduce.matrix import ENTRIES
from sslse.reproduce.tables import TITLES, per_snr, table_2

ROOT = Path(__file__).parents[1]
DATA = ROOT / "docs" / "results"
FIGURES = DATA / "figures"
PAGES = (
    ROOT / "docs" / "results.md",
    ROOT / "docs" / "experiments.md",
    ROOT / "docs" / "decisions" / "0020-what-trains-the-autoencoder.md",
)
KEPT = ("recipe.yaml", "evaluation.json", "evaluation.csv", "scores.jsonl", "metrics.jsonl")
BLOCK = re.compile(r"(<!-- begin (\S+) -->\n).*?(<!-- end \2 -->)", re.DOTALL)
ROOT_OF_DATA = re.compile(r"root: /\S*/")
WITHOUT_CL = "best_without_cl"
SNR_DB = ("-7.5", "-2.5", "2.5", "7.5")


def collect(runs: Path, name: str) -> None:
    """Keep the small files of every evaluated run of a folder, without folders of this machine."""
    for run in sorted(one.parent for one in runs.glob("*/evaluation.json")):
        target = DATA / name / run.name
        target.mkdir(parents=True, exist_ok=True)
        for file in KEPT:
            if (run / file).is_file():
                shutil.copyfile(run / file, target / file)
        recipe = target / "recipe.yaml"
        text = recipe.read_text(encoding="utf-8")
        recipe.write_text(ROOT_OF_DATA.sub("root: ", text), encoding="utf-8")


def folders(name: str, *, low_data: bool | None = None) -> list[Path]:
    """Return the kept runs of a set, in the order of the matrix."""
    found = [one for one in (DATA / name).glob("*") if (one / "evaluation.json").is_file()]
    order = list(ENTRIES)

    def place(run: Path) -> tuple[int, str]:
        recipe = run.name.partition(",")[0]
        return order.index(recipe) if recipe in order else len(order), run.name

    return [
        one
        for one in sorted(found, key=place)
        if low_data is None or one.name.startswith("low_data") == low_data
    ]


def of(name: str, *recipes: str) -> list[Path]:
    """Return the kept runs of some recipes of a set."""
    return [one for one in folders(name) if one.name.partition(",")[0] in recipes]


def compared(runs: Sequence[Path], baseline: str) -> Comparison:
    """Compare runs with one of them."""
    return compare(load_results(list(runs)), baseline=baseline)


@cache
def main_comparison() -> Comparison:
    """Compare the matrix's runs on all data with Normal."""
    return compared(folders("matrix", low_data=False), "normal")


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Write a Markdown table; all but the first column to the right."""
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "".join("| " + " | ".join(line) + " |\n" for line in lines)


def noisy_row() -> Iterator[str]:
    """The noisy waves under the matrix's condition, beside the paper's, and under others."""
    with (DATA / "noisy_row.csv").open(newline="", encoding="utf-8") as file:
        lines = list(csv.DictReader(file))
    by_place = {(one["condition"], one["metric"], one["snr_db"]): one for one in lines}
    titles = {"pesq_nb": "PESQ", "pesq_raw": "PESQ without P.862.1's mapping"} | TITLES
    groups = ("", *SNR_DB)
    for metric, title in titles.items():
        paper = published()["noisy"].means[metric.replace("raw", "nb")]
        rows = [["the paper", *(f"{paper[snr]:.3f}" for snr in groups), "", ""]]
        for condition in dict.fromkeys(one["condition"] for one in lines):
            found = [by_place.get((condition, metric, snr)) for snr in groups]
            if (whole := found[0]) is not None:
                cells = [f"{float(one['mean']):.3f}" for one in found if one is not None]
                between = f"[{float(whole['low']):.3f}, {float(whole['high']):.3f}]"
                counts = f"{whole['mixtures']} / {whole['speakers']}"
                rows.append([condition, *cells, between, counts])
        head = [f"{title}, noisy", "all", *(f"{snr} dB" for snr in SNR_DB)]
        yield table([*head, "95 % interval (all)", "mixtures / speakers"], rows) + "\n"


def learning(name: str) -> Iterator[str]:
    """SI-SDR of single runs on a few development mixtures over the training, and at the end."""
    courses = [read_course(one) for one in folders(name)]
    shares = sorted({_share(course, one["step"]) for course in courses for one in course.scores})
    rows = []
    for course in sorted(courses, key=lambda one: _order(name, one.name)):
        by_share = {_share(course, one["step"]): one["score/si_sdr"] for one in course.scores}
        results = compare(load_results([course.folder]), baseline="noisy")
        gain = results.difference(course.name, "si_sdr")
        rows.append(
            [
                f"`{course.name}`",
                *(f"{by_share[one]:.2f}" if one in by_share else "-" for one in shares),
                _mean_of_last(course, "se"),
                "-" if gain is None or gain.value is None else f"{gain.value:+.2f}",
                str(course.lines[-1]["step"]),
            ]
        )
    head = [*(f"{one:.0%}" for one in shares), "training SE, last lines", "gain at the end (dB)"]
    yield table(["run", *head, "steps"], rows)
    if shares:
        draw(folders(name), name, stem=name, y=["score/si_sdr", "se"])
        yield f"\n![SI-SDR and SE over epochs](FIGURES/{name}.png)\n"


def progress() -> Iterator[str]:
    """SI-SDR of every recipe on a few test mixtures over the training, the mean over seeds."""
    by_name = group([read_course(one) for one in folders("matrix", low_data=False)])
    rows = []
    for name, courses in by_name.items():
        curves = [[one["score/si_sdr"] for one in course.scores] for course in courses]
        cells = [f"{mean(at):.2f}" for at in zip(*curves, strict=True)]
        seconds = mean(course.lines[-1]["seconds"] for course in courses)
        rows.append([ENTRIES[name].title, *cells, f"{seconds:.0f}", str(len(courses))])
    course = by_name["normal"][0]
    shares = [f"{_share(course, one['step']):.1%}" for one in course.scores]
    yield table(["model", *shares, "seconds", "seeds"], rows)


def table_of_means() -> Iterator[str]:
    """Table 2."""
    yield table_2(main_comparison())


def tables_per_snr() -> Iterator[str]:
    """Tables 3 to 5."""
    for number, title, text in per_snr(main_comparison()):
        yield f"### Table {number}: {title} per SNR\n\n{text}"


def low_data_table() -> Iterator[str]:
    """Means of the low-data runs."""
    yield table_2(compared(folders("matrix", low_data=True), "low_data_normal"), paper=False)


def draw(runs: Sequence[Path], name: str, **how: Any) -> None:
    """Draw curves as PNG; their data name runs from the project's root."""
    write_curves(runs, FIGURES, say=lambda _: None, **how)
    (FIGURES / f"{name}.svg").unlink(missing_ok=True)
    data = FIGURES / f"{name}.csv"
    data.write_text(data.read_text("utf-8").replace(f"{ROOT}/", ""), encoding="utf-8")


def differences(comparison: Comparison) -> Iterator[str]:
    """Every run's difference from the reference, with its interval and word."""
    rows = []
    for row in comparison.rows:
        cells = []
        for metric in TITLES:
            one = comparison.difference(row.label, metric)
            if one is not None:
                cells.append(_told(one))
        if cells:
            entry = ENTRIES.get(row.name)
            rows.append([entry.title if entry else row.label, *cells, str(len(row.seeds))])
    yield table(["run", *TITLES.values(), "seeds"], rows)
    yield (
        f"\n{comparison.mixtures} mixtures of {comparison.clusters} {comparison.clustered_by}s and "
        f"{comparison.noises} noise recordings; "
        f"{comparison.confidence:.0%} intervals, words after Holm's adjustment over this table.\n"
    )


def figures() -> Iterator[str]:
    """Figures 4 to 6."""
    runs = folders("matrix")
    about = {
        "methods": "Figure 4: BYOL, SimSiam and Normal",
        "schedules": "Figure 5: CL throughout, in rounds, and at the beginning only",
        "low_data": "Figure 6: trained on the test part, tested on the training part",
    }
    for arrangement, title in about.items():
        draw(runs, arrangement, arrangement=arrangement)
        path = f"FIGURES/{arrangement}"
        yield f"![{title}]({path}.png)\n\n{title} ([data]({path}.csv)).\n\n"


def answers() -> Iterator[str]:
    """The paper's claims, each with a word."""
    rounds = [
        compared(of("matrix", base, f"{base}_round", f"{base}_round_100"), base)
        for base in ("byol", "simsiam")
    ]
    found = claims(
        main_comparison(),
        rounds,
        compared(of("matrix", "simsiam_round", "simsiam_pretrain"), "simsiam_round"),
        compared(folders("matrix", low_data=True), "low_data_normal"),
        [read_course(one) for one in folders("matrix")],
    )
    yield "| claim | answer | SI-SDR here |\n| --- | --- | --- |\n"
    for one in found:
        yield f"| {one.text} | **{one.word}** | {'<br>'.join(one.here)} |\n"


def run_log(name: str) -> Iterator[str]:
    """A line for every run of a set."""
    rows = []
    for course in (read_course(one) for one in folders(name)):
        comparison = compare(load_results([course.folder]), baseline="noisy")
        gains = [comparison.difference(course.name, metric) for metric in TITLES]
        failed = sum(
            one.failed or 0
            for one in comparison.means
            if one.by == "all" and one.label == course.name
        )
        told = len([one for one in course.lines if one.get("warnings")])
        rows.append(
            [
                f"`{course.folder.name}`",
                str(course.lines[-1]["step"]),
                *("-" if one is None else f"{one.value:+.3f}" for one in gains),
                _mean_of_last(course, "se"),
                f"{course.lines[-1].get('latent/std', float('nan')):.2f}",
                str(told),
                str(failed),
            ]
        )
    head = ["run", "steps", *(f"{one} gain" for one in TITLES.values())]
    yield table([*head, "training SE", "`latent/std`", "warnings", "failed scores"], rows)


def improvement() -> Iterator[str]:
    """By how much the improved recipe is above others, each compared with it alone."""
    rows = []
    for name in ("simsiam_round", "byol_round_100", "normal", "moco_v2_round", WITHOUT_CL):
        runs = [*of("matrix", name), *of("best", name)]
        comparison = compared([*of("best", "best"), *runs], name)
        found = [comparison.difference("best", metric) for metric in TITLES]
        title = ENTRIES[name].title if name in ENTRIES else name
        rows.append([f"best - {title}", *(_told(one) for one in found), str(len(runs))])
    yield table(["difference", *TITLES.values(), "seeds of the other"], rows)
    yield "\n95% intervals, words after Holm's adjustment over the metrics of each line.\n"


def best_tables() -> Iterator[str]:
    """Means of the improved runs and of those they are held against."""
    others = of("matrix", "normal", "byol_round_100", "simsiam_round", "moco_v2_round")
    runs = [*folders("best"), *others]
    yield table_2(compared(runs, "simsiam_round"), paper=False)


def _told(one: Difference | None) -> str:
    """Say a difference with its interval and word."""
    if one is None or one.value is None:
        return "-"
    between = "" if one.low is None else f" [{one.low:+.3f}, {one.high:+.3f}]"
    return f"{one.value:+.3f}{between} {one.verdict}"


def _share(course: Course, step: int) -> float:
    return round(step / course.lines[-1]["step"], 3)


def _mean_of_last(course: Course, figure: str) -> str:
    values = [one[figure] for one in course.lines if figure in one][-5:]
    return f"{mean(values):.2f}" if values else "-"


def _order(name: str, run: str) -> int:
    """Return the place of a run in the script that made it."""
    script = ROOT / "tools" / f"{name}.sh"
    text = script.read_text(encoding="utf-8") if script.is_file() else ""
    found = re.search(rf"^\w+ {run} ", text, re.MULTILINE)
    return found.start() if found else len(text)


BLOCKS: dict[str, Callable[[], Iterator[str]]] = {
    "noisy_row": noisy_row,
    "one_factor": lambda: learning("one_factor"),
    "table_2": table_of_means,
    "tables_per_snr": tables_per_snr,
    "low_data": low_data_table,
    "differences": lambda: differences(main_comparison()),
    "progress": progress,
    "figures": figures,
    "claims": answers,
    "matrix_log": lambda: run_log("matrix"),
    "candidates": lambda: learning("candidates"),
    "best_differences": improvement,
    "best_tables": best_tables,
    "best_log": lambda: run_log("best"),
    "first_matrix_log": lambda: run_log("first_matrix"),
    "first_differences": lambda: differences(
        compared(folders("first_matrix", low_data=False), "normal")
    ),
    "first_candidates": lambda: learning("first_candidates"),
    "first_best_log": lambda: run_log("first_best"),
}


def write(page: Path) -> None:
    """Replace the blocks of a page."""
    to_figures = FIGURES.relative_to(ROOT / "docs").as_posix()
    if page.parent.name == "decisions":
        to_figures = f"../{to_figures}"

    def made(match: re.Match[str]) -> str:
        text = "".join(BLOCKS[match[2]]()).replace("FIGURES", to_figures)
        return f"{match[1]}{text}{match[3]}"

    page.write_text(BLOCK.sub(made, page.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    if sys.argv[1:]:
        collect(Path(sys.argv[2]), sys.argv[3])
    else:
        for one in PAGES:
            write(one)
