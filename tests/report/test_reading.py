"""A run's damaged files: one clear error each, never a traceback or a page of nonsense."""

import json
from itertools import product

import pytest

from sslse.errors import RunError
from sslse.report import write_report
from sslse.train.log import read_metrics

DEEP = b"[" * 100_000
GARBAGE = b"\xff\xfe\x00 no text"


def refused(folder):
    with pytest.raises(RunError) as caught:
        write_report(folder, pytest.fail)
    message = str(caught.value)
    assert "\n" not in message
    return message


@pytest.mark.parametrize(
    ("name", "content"),
    [
        *product(
            ("evaluation.json", "provenance.json"), (b"", b"{", b"[1]", b"null", DEEP, GARBAGE)
        ),
        ("evaluation.json", b"{}"),
    ],
)
def test_what_is_no_object_is_refused(folder, name, content):
    (folder / name).write_bytes(content)
    assert refused(folder).startswith(f"{folder / name}: is damaged: ")


def change(folder, *path, value):
    """Set one entry of evaluation.json, or remove it."""
    summary = json.loads((folder / "evaluation.json").read_text("utf-8"))
    place = summary
    for key in path[:-1]:
        place = place[key]
    if value is None:
        del place[path[-1]]
    else:
        place[path[-1]] = value
    (folder / "evaluation.json").write_text(json.dumps(summary), "utf-8")


@pytest.mark.parametrize(
    ("path", "value", "reason"),
    [
        (("mean", "noisy", "si_sdr"), "loud", "mean.noisy.si_sdr: Input should be a valid number"),
        (("mean", "ratio_mask"), None, "the means of ratio_mask are not those of"),
        (("per_snr", "-5", "enhanced", "lsd"), None, "the means of enhanced are not those of"),
        (("per_snr", "loud"), {}, "per_snr.loud"),
        (("counts", "scored", "lsd"), None, "counts.scored: a metric is missing"),
        (("counts",), None, "counts"),
        (("conditions",), ["noisy"], "conditions: noisy or enhanced is missing"),
        (("metrics", "lsd", "better"), "lower, higher", "metrics.lsd.better"),
    ],
)
def test_an_evaluation_that_does_not_fit_itself_is_refused(folder, path, value, reason):
    change(folder, *path, value=value)
    message = refused(folder)
    assert message.startswith(f"{folder / 'evaluation.json'}: is damaged: ")
    assert reason in message
    assert message.endswith(f"'sslse evaluate {folder}' writes it again")


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("-6.0625", "minus six", "could not convert string to float"),
        ("si_sdr_enhanced", "other", "'si_sdr_enhanced' is missing"),
    ],
)
def test_rows_that_cannot_be_read_are_refused(folder, old, new, reason):
    path = folder / "evaluation.csv"
    path.write_text(path.read_text("utf-8").replace(old, new), "utf-8")
    message = refused(folder)
    assert message.startswith(f"{path}: is damaged: ")
    assert reason in message


@pytest.mark.parametrize("name", ["evaluation.json", "evaluation.csv", "provenance.json"])
def test_a_file_that_is_missing_is_named(folder, name):
    (folder / name).unlink()
    assert refused(folder).startswith(f"{folder / name}: is missing")


@pytest.mark.figures
@pytest.mark.parametrize("content", [b"5\n", b'["step"]\n', b'{"epoch": 1}\n', GARBAGE, DEEP])
@pytest.mark.parametrize("name", ["metrics.jsonl", "scores.jsonl"])
def test_a_log_of_something_else_is_refused(folder, name, content):
    path = folder / name
    before = path.read_bytes() if path.is_file() else b""
    path.write_bytes(before + content)
    assert refused(folder).startswith(f"{path}: is damaged: ")


@pytest.mark.parametrize("value", ["null", '"1"', "NaN"])
def test_a_weight_that_is_no_number_is_refused(folder, value):
    path = folder / "metrics.jsonl"
    path.write_text(path.read_text("utf-8").replace('"weight_cl": 1.0', f'"weight_cl": {value}'))
    assert refused(folder) == f"{path}: is damaged: line 1: weight_cl is no number"


def test_a_figure_that_is_no_number_is_left_out(folder, made):
    lines = [made.logged(step, 1.0, 0.1, loss=value) for step, value in ((2, "?"), (4, -1.0))]
    made.write_lines(folder / "metrics.jsonl", lines)
    _, page = made.report(folder)
    assert "training-0-phase-0" in page.ids


def test_a_line_cut_short_by_a_crash_is_left_out(tmp_path):
    path = tmp_path / "metrics.jsonl"
    path.write_text('{"step": 1}\n{"step": 2, "lo')
    assert read_metrics(path) == [{"step": 1}]


def test_half_of_a_pair_in_a_name_becomes_a_mark(folder, made):
    path = folder / "examples" / "examples.json"
    path.write_text(path.read_text("utf-8").replace('"first"', '"fir\\udc80st"'), "utf-8")
    text, _ = made.report(folder)
    assert "fir?st" in text


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ('"01_clean.flac"', '"../recipe.yaml"', "is no file of this folder"),
        ('"01_clean.flac"', '"/etc/hostname"', "is no file of this folder"),
        ('"factor": 0.5', '"factor": 0', "factor: Input should be greater than 0"),
        ('"speech": "first"', '"speech": ["first"]', "speech: Input should be a valid string"),
        ('"clean": "01_clean.flac"', '"clear": "01_clean.flac"', "'clean' is missing"),
        ('{"rows"', '{"lines"', "'rows' is missing"),
    ],
)
def test_a_list_of_examples_that_does_not_fit_is_refused(folder, old, new, reason):
    path = folder / "examples" / "examples.json"
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")
    message = refused(folder)
    assert message.startswith(f"{path}: is damaged: ")
    assert reason in message


def test_examples_without_their_sound_are_refused(folder):
    path = folder / "examples" / "01_clean.flac"
    content = path.read_bytes()
    path.write_bytes(content[:100])
    assert refused(folder).startswith(f"{path}: ")
    path.unlink()
    assert refused(folder).startswith(f"{path}: cannot be opened")
