"""Curves: what is drawn is what the run directories hold."""

import csv
import json
import math
import re
import sys

import pytest
import yaml
from click.testing import CliRunner
from matplotlib.collections import PolyCollection

from sslse.cli import main
from sslse.curves import ARRANGEMENTS, draw, group, read_course, write_curves
from sslse.curves.arrange import arrange
from sslse.curves.figure import COLOURS, DASHES, look
from sslse.errors import DependencyError, RunError

METRICS = ("pesq_nb", "stoi", "si_sdr")


def weights(schedule, epoch):
    """Weights of CL and SE in the epoch that ends."""
    mixed = {"mix": True, "se": False, "pretrain": epoch <= 2, "round": (epoch - 1) // 2 % 2 == 0}
    return (1.0, 0.1) if mixed[schedule["name"]] else (0.0, 1.0)


@pytest.fixture
def make(tmp_path):
    """Write a run directory of 8 epochs of 5 steps, scored every other epoch."""

    def run(folder, *, name=None, objective="byol", schedule="mix", seed=0, swap=False, **options):
        path = tmp_path / folder
        path.mkdir()
        plan = {"name": schedule} | ({"period": 2} if schedule == "round" else {})
        recipe = {
            "name": name or folder,
            "seed": seed,
            "objective": {"name": objective, **options},
            "schedule": plan,
            "data": {"swap": swap, "cache": str(path)},
        }
        (path / "recipe.yaml").write_text(yaml.safe_dump(recipe))
        lines, scores = [], [{"step": 0, "epoch": 0.0, "seconds": 0.0}]
        for epoch in range(1, 9):
            cl, se = weights(plan, epoch)
            place = {"step": 5 * epoch, "epoch": float(epoch), "seconds": 10.0 * epoch + seed}
            figures = {"loss": 1.0 / epoch + seed, "se": -float(epoch)}
            figures |= {"cl": -0.5} if cl else {}
            lines.append(place | {"weight_cl": cl, "weight_se": se, **figures})
            if epoch % 2 == 0:
                scores.append(place)
        for line in scores:
            line |= {f"score/{one}": line["step"] + seed + 0.5 for one in METRICS}
            line["failed"] = 0
        scores[1]["score/stoi"] = None
        for file, content in (("metrics", lines), ("scores", scores)):
            text = "".join(json.dumps(line) + "\n" for line in content)
            (path / f"{file}.jsonl").write_text(text)
        return path

    return run


def table(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_the_table_holds_what_the_run_holds(make, tmp_path):
    run = make("one", objective="normal", schedule="se")
    paths = write_curves([run, run], tmp_path / "out")
    assert [path.name for path in paths] == ["curves.png", "curves.svg", "curves.csv"]
    rows = table(paths[-1])
    assert list(dict.fromkeys(row["figure"] for row in rows)) == [*METRICS, "loss", "se"]
    for figure, file in (("si_sdr", "scores"), ("loss", "metrics")):
        lines = [json.loads(line) for line in (run / f"{file}.jsonl").read_text().splitlines()]
        key = f"score/{figure}" if file == "scores" else figure
        expected = [(one["step"], one["epoch"], one["seconds"], one[key]) for one in lines]
        of_figure = [row for row in rows if row["figure"] == figure]
        found = [tuple(float(row[name]) for name in list(row)[5:]) for row in of_figure]
        assert found == expected
    assert [row["step"] for row in rows if row["figure"] == "stoi"] == ["0", "20", "30", "40"]


@pytest.mark.figures
def test_the_same_runs_give_the_same_bytes(make, tmp_path):
    runs = [make(f"seed{seed}", name="byol", seed=seed, schedule="round") for seed in range(2)]
    first, second = (write_curves(runs, tmp_path / name) for name in ("first", "second"))
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]
    assert first[0].read_bytes().startswith(b"\x89PNG")
    assert not re.search(rb"20\d\d-\d\d-\d\d", first[1].read_bytes())


def test_seeds_are_a_mean_with_a_thin_line_each(make, tmp_path):
    runs = [make(f"seed{seed}", name="byol", seed=seed) for seed in (4, 1)]
    figure = draw([read_course(run) for run in runs], y=["loss"])
    thin, other, mean = figure.axes[0].lines
    assert thin.get_linewidth() == other.get_linewidth() < mean.get_linewidth()
    assert thin.get_color() == mean.get_color()
    assert mean.get_ydata() == pytest.approx([1 / epoch + 2.5 for epoch in range(1, 9)])
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == ["byol"]
    rows = table(write_curves(runs, tmp_path / "out", y=["loss"])[-1])
    means = [row for row in rows if row["seed"] == "mean"]
    assert [float(row["seconds"]) for row in means] == [10 * epoch + 2.5 for epoch in range(1, 9)]
    assert [row["seed"] for row in rows if row["step"] == "5"] == ["1", "4", "mean"]


def test_one_name_for_two_recipes_is_told_apart_by_folders(make, tmp_path):
    runs = [make("a", name="byol", tau=0.9), make("b", name="byol", tau=0.99)]
    runs.append(make("c", name="byol", tau=0.9, seed=7))
    found = group([read_course(run) for run in runs])
    assert {label: [one.seed for one in seeds] for label, seeds in found.items()} == {
        f"byol ({runs[0]}, {runs[2]})": [0, 7],
        f"byol ({runs[1]})": [0],
    }


def spans(axes):
    """Return left, right and colour of every stretch shaded over the whole height."""
    found = []
    for patch in axes.patches:
        box = patch.get_path().vertices if not hasattr(patch, "get_x") else None
        left = patch.get_x() if box is None else box[:, 0].min()
        width = patch.get_width() if box is None else box[:, 0].max() - left
        found.append((left, left + width, patch.get_facecolor()))
    return found


def test_phases_of_the_schedule_are_shaded(make):
    figure = draw([read_course(make("round", schedule="round"))], y=["si_sdr"])
    found = spans(figure.axes[0])
    assert [(left, right) for left, right, _ in found] == [(0, 2), (2, 4), (4, 6), (6, 8)]
    assert found[0][2] == found[2][2] != found[1][2] == found[3][2]
    texts = [text.get_text() for text in figure.legends[0].get_texts()]
    assert texts == ["round", "CL x 1 + SE x 0.1", "SE x 1"]


def test_the_legend_says_whose_phases_they_are_where_others_have_none(make):
    courses = [read_course(make(name, schedule=name)) for name in ("mix", "round")]
    texts = [text.get_text() for text in draw(courses, y=["si_sdr"]).legends[0].get_texts()]
    assert texts == ["mix", "round", "round: CL x 1 + SE x 0.1", "round: SE x 1"]


def test_a_curve_is_broken_where_there_is_no_value(make):
    figure = draw([read_course(make("round", schedule="round"))], y=["cl"])
    (line,) = figure.axes[0].lines
    there = [not math.isnan(value) for value in line.get_ydata()]
    assert there == [True, True, False, False] * 2


def test_phases_follow_the_time(make):
    figure = draw([read_course(make("round", schedule="round"))], y=["si_sdr"], x="seconds")
    found = [(left, right) for left, right, _ in spans(figure.axes[0])]
    assert found == [(0, 20), (20, 40), (40, 60), (60, 80)]
    assert figure.axes[0].get_xlabel() == "training time (seconds)"


def test_schedules_that_differ_get_a_bar_each(make):
    names = ("mix", "round", "pretrain")
    courses = [read_course(make(name, schedule=name)) for name in names]
    figure = draw(courses, y=["si_sdr"])
    axes = figure.axes[0]
    assert spans(axes) == []
    bars = [
        [(path.vertices[:, 0].min(), path.vertices[:, 0].max()) for path in one.get_paths()]
        for one in axes.collections
        if isinstance(one, PolyCollection)
    ]
    assert bars == [[(0, 2), (4, 6)], [(0, 2)]]
    texts = [text.get_text() for text in figure.legends[0].get_texts()]
    assert texts == [*names, "bars: while CL counts"]


@pytest.fixture
def matrix(make):
    """The runs of the paper's figures."""
    plans = {"normal": ["se"], "byol": ["mix", "round"], "simsiam": ["mix", "round", "pretrain"]}
    runs = [
        make(f"{objective}_{schedule}", objective=objective, schedule=schedule)
        for objective, schedules in plans.items()
        for schedule in schedules
    ]
    low = [make(f"low_data_{objective}", objective=objective, swap=True) for objective in plans]
    return runs + low


@pytest.mark.figures
@pytest.mark.parametrize(
    ("arrangement", "rows", "curves"),
    [
        ("methods", [""], [["Normal", "BYOL", "SimSiam"]]),
        (
            "schedules",
            ["BYOL", "SimSiam"],
            [["base", "round (2)"], ["base", "round (2)", "pretrain"]],
        ),
        ("low_data", [""], [["Normal", "BYOL", "SimSiam"]]),
    ],
)
def test_the_papers_arrangements(arrangement, rows, curves, matrix, tmp_path):
    said = []
    panels = arrange([read_course(run) for run in matrix], arrangement=arrangement, say=said.append)
    assert [[one.row for one in row] for row in panels] == [[name] * 3 for name in rows]
    assert [list(row[0].curves) for row in panels] == curves
    figures = [one.figure for one in panels[0]]
    assert figures == ["score/pesq_nb", "score/stoi", "score/si_sdr"]
    used = {one.folder for row in panels for all_ in row[0].curves.values() for one in all_}
    assert len(used) + len(said) == len(matrix)
    assert said[0].startswith(str(tmp_path))
    assert said[0].split(": ", 1)[1].startswith(f"is left out of the figure '{arrangement}': obj")
    paths = write_curves(matrix, tmp_path / "out", arrangement=arrangement, say=said.append)
    assert [path.name for path in paths] == [
        f"{arrangement}.{end}" for end in ("png", "svg", "csv")
    ]
    assert {row["curve"] for row in table(paths[-1])} == {
        label for labels in curves for label in labels
    }


def test_two_of_a_kind_keep_their_names(make):
    runs = [make("byol"), make("byol_slow", tau=0.999)]
    (row,) = arrange([read_course(run) for run in runs], arrangement="methods")
    assert list(row[0].curves) == ["byol", "byol_slow"]


def test_many_curves_look_different():
    looks = [look(number) for number in range(len(COLOURS) * len(DASHES))]
    assert len({(one["color"], one["linestyle"]) for one in looks}) == len(looks)


def test_what_cannot_be_drawn_is_refused(make, tmp_path):
    run = make("byol")
    wrong = (
        ([run], {"y": ["pesq_bn"]}, "no run has 'pesq_bn'; did you mean 'pesq_nb'? (possible: "),
        ([run], {"arrangement": "low_data"}, "no run fits the figure 'low_data': it shows runs "),
        ([tmp_path], {}, f"{tmp_path}: holds no recipe.yaml; give the directory of a run"),
        ([run], {"stem": "x"}, f"{run / 'recipe.yaml'}: is a file; choose another folder with -o"),
    )
    for folders, options, message in wrong:
        out = run / "recipe.yaml" if "stem" in options else tmp_path / "out"
        with pytest.raises(RunError, match=f"^{re.escape(message)}"):
            write_curves(folders, out, **options)
    for name in ("metrics", "scores"):
        (run / f"{name}.jsonl").unlink()
    with pytest.raises(RunError, match="nothing is logged yet"):
        write_curves([run], tmp_path / "out")


def test_runs_without_scores_have_losses(make, tmp_path):
    run, said = make("byol"), []
    (run / "scores.jsonl").unlink()
    rows = table(write_curves([run], tmp_path / "out", say=said.append)[-1])
    assert {row["figure"] for row in rows} == {"loss", "cl", "se"}
    assert said == [
        "note: these runs have no scores of their training; evaluate.every would write them"
    ]
    with pytest.raises(RunError, match=r"^no run has scores of its training; set evaluate\.every"):
        write_curves([run], tmp_path / "out", arrangement="methods")


def test_without_matplotlib_there_is_one_clear_error(make, tmp_path, monkeypatch):
    run = make("byol")
    for name in [one for one in sys.modules if one.startswith("sslse.curves.figure")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    message = (
        r"^curves need the package matplotlib; install it with: pip install 'sslse\[report\]'$"
    )
    with pytest.raises(DependencyError, match=message):
        write_curves([run], tmp_path / "out")
    assert not (tmp_path / "out").exists()
    assert read_course(run).values("loss")[0].value == 1.0


@pytest.mark.figures
def test_the_command_writes_and_says_what(matrix, tmp_path):
    out = tmp_path / "out"
    result = CliRunner().invoke(
        main,
        ["curves", *map(str, matrix), "--arrangement", "schedules", "--x", "seconds", "-o", out],
    )
    assert result.exit_code == 0, result.output
    assert result.stdout.splitlines() == [
        str(out / f"schedules_seconds.{end}") for end in ("png", "svg", "csv")
    ]
    assert len(result.stderr.splitlines()) == 4
    assert set(ARRANGEMENTS) == {"methods", "schedules", "low_data"}


def test_a_value_that_is_no_number_is_left_out(make):
    run = make("byol")
    with (run / "metrics.jsonl").open("a") as file:
        line = {"step": 41, "epoch": 9.0, "seconds": 99.0, "weight_cl": 1, "weight_se": 0.1}
        file.write(json.dumps(line | {"loss": math.nan}) + "\n")
        file.write('{"step": 42, "epo')
    assert [point.step for point in read_course(run).values("loss")] == list(range(5, 41, 5))
