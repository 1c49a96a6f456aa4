"""What is no evaluated folder is refused, and why."""

import contextlib
import json
import math
import random
from pathlib import Path

import pytest

from sslse.compare.reading import read_evaluated
from sslse.errors import RunError, SslseError


@pytest.fixture
def run(runs, rows, noise_like):
    runs("a", {"si_sdr": noise_like(rows)}, rows=rows)
    return Path("a")


def change(folder, **entries):
    path = folder / "evaluation.json"
    held = json.loads(path.read_text("utf-8"))
    held.update(entries)
    path.write_text(json.dumps({k: v for k, v in held.items() if v != "drop"}), "utf-8")


def refusal(folder, kind=RunError):
    with pytest.raises(kind) as caught:
        read_evaluated(folder)
    return str(caught.value)


def test_it_reads_every_digit(runs, rows, noise_like):
    scores = noise_like(rows)
    runs("a", {"si_sdr": scores}, rows=rows, seed=3)
    found = read_evaluated(Path("a"))
    assert found.scores["si_sdr", "enhanced"].tolist() == scores.tolist()
    assert found.mixtures[0]["speaker"] == "s0"
    assert (found.name, found.seed, found.conditions) == ("byol", 3, ("noisy", "enhanced"))


def test_what_failed_is_nan(run):
    path = run / "evaluation.csv"
    head, first, second, third, *rest = path.read_text("utf-8").splitlines()
    lines = [
        ",".join([*line.split(",")[:-2], score, ""])
        for line, score in zip((first, second, third), ("", "nan", "-inf"), strict=True)
    ]
    path.write_text("\n".join([head, *lines, *rest]) + "\n", "utf-8")
    found = read_evaluated(run).scores["si_sdr", "enhanced"]
    assert [math.isnan(one) for one in found[:4]] == [True, True, True, False]


def test_a_folder_without_recipe_has_its_own_name(runs, rows, noise_like):
    runs("tool", {"si_sdr": noise_like(rows)}, rows=rows, name=None)
    found = read_evaluated(Path("tool"))
    assert (found.name, found.seed) == ("tool", None)


def test_a_folder_that_is_not_evaluated():
    said = refusal(Path("nowhere"))
    assert said.startswith("nowhere: holds no evaluation.json; give the directory of a run")
    assert said.endswith("'sslse evaluate nowhere'")


def test_an_older_evaluation(run):
    change(run, manifest="drop", metrics="drop")
    assert refusal(run) == (
        "a/evaluation.json: does not say manifest, metrics, as an older version wrote it; "
        "'sslse evaluate a' writes it again"
    )


@pytest.mark.parametrize(
    ("entries", "said"),
    [
        ({"metrics": {"si_sdr": {"better": "more", "unit": ""}}}, "metrics.si_sdr is not of its"),
        ({"metrics": {"si_sdr": 3}}, "not subscriptable"),
        ({"metrics": []}, "no attribute 'items'"),
        ({"contract": {}}, "KeyError 'si_sdr'"),
        ({"conditions": ["enhanced"]}, "conditions are not of their form"),
        ({"conditions": 3}, "not iterable"),
        ({"sample_rate": "x"}, "invalid literal"),
    ],
)
def test_damaged_json(run, entries, said):
    change(run, **entries)
    assert refusal(run).startswith("a/evaluation.json: is damaged: ")
    assert said in refusal(run)
    assert refusal(run).endswith("; 'sslse evaluate a' writes it again")


@pytest.mark.parametrize("text", ["", "{", "[1]", '"manifest conditions metrics"', "[" * 100000])
def test_what_is_no_summary(run, text):
    (run / "evaluation.json").write_text(text, "utf-8")
    assert refusal(run).startswith("a/evaluation.json: ")


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda text: text.replace("si_sdr_enhanced", "other"), "has no column si_sdr_enhanced"),
        (lambda text: text.rsplit(",", 1)[0], "another number of values than the first"),
        (lambda text: text.splitlines()[0] + "\n", "has no mixture"),
        (lambda text: text.replace("-7.5,1.0", "x,1.0", 1), "could not convert string"),
        (lambda text: text.replace("-7.5,1.0", "nan,1.0", 1), "line 2 has no snr_db"),
        (lambda text: "", "has no column"),
    ],
)
def test_damaged_table(run, damage, said):
    path = run / "evaluation.csv"
    path.write_text(damage(path.read_text("utf-8")), "utf-8")
    assert refusal(run).startswith("a/evaluation.csv: is damaged: ")
    assert said in refusal(run)


def test_a_missing_table(run):
    (run / "evaluation.csv").unlink()
    assert refusal(run).startswith("a/evaluation.csv: is damaged: is missing; ")


@pytest.mark.parametrize("text", ['{"x": NaN}', '{"x": "\\ud800"}'])
def test_what_could_not_be_written_again_is_refused(run, text):
    (run / "evaluation.json").write_text(text, "utf-8")
    assert refusal(run).startswith("a/evaluation.json: is damaged: ")


@pytest.mark.parametrize("name", ["evaluation.json", "evaluation.csv", "recipe.yaml"])
def test_damaged_bytes_give_values_or_one_clear_error(run, name):
    path = run / name
    whole = path.read_bytes()
    draws = random.Random(0)
    said = []
    for _ in range(150):
        damaged = bytearray(whole)
        for _ in range(draws.randint(1, 4)):
            place = draws.randrange(len(damaged) - 1)
            if draws.random() < 0.5:
                damaged[place] = draws.randrange(256)
            else:
                damaged[place] = damaged.pop()
        path.write_bytes(bytes(damaged))
        with contextlib.suppress(SslseError):
            read_evaluated(run)
            continue
        said.append(refusal(run, SslseError))
    assert len(said) > 10
    assert all(one.startswith(f"a/{name}") for one in said)
