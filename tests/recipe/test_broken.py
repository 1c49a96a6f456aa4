"""Every broken recipe is refused with a message that says where, what and what is possible."""

import re
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
import soundfile
from click.testing import CliRunner

from sslse.cli import main
from sslse.recipe.packaged import packaged_recipes
from sslse.train.trainer import Trainer

HERE = Path(__file__).parent
CORPUS = sorted((HERE / "broken").rglob("*.yaml"))


def expected_lines(text):
    """Return what ``# expect:`` says of each line: parts of it, with `` ... `` between them."""
    return re.findall(r"^# expect: (.+)$", text, flags=re.MULTILINE)


def matches(line, expected):
    parts = [re.escape(part) for part in expected.split(" ... ")]
    return re.search(".*".join(parts), line) is not None


@pytest.fixture
def refused(monkeypatch, tmp_path):
    """Give a function that runs a recipe and returns the lines of its refusal."""

    def trains(*_):
        raise AssertionError("a broken recipe is trained")

    monkeypatch.setattr(Trainer, "run", trains)
    monkeypatch.setenv("SSLSE_CACHE", str(tmp_path / "cache"))

    def invoke(*arguments):
        out = tmp_path / "out"
        result = CliRunner().invoke(main, ["run", "--out", str(out), *map(str, arguments)])
        assert isinstance(result.exception, SystemExit), result.exception
        assert result.exit_code == 2
        assert "Traceback" not in result.output
        assert not out.exists()
        return result.stderr.splitlines()

    return invoke


def check_lines(lines, expected):
    assert len(lines) == len(expected), lines
    for line, part in zip(lines, expected, strict=True):
        assert matches(line, part), f"{part!r} is not in {line!r}"


@pytest.mark.parametrize("path", CORPUS, ids=lambda path: path.stem)
def test_broken_recipe(path, refused, monkeypatch):
    monkeypatch.chdir(HERE)
    monkeypatch.delenv("SSLSE_NO_SUCH_VARIABLE", raising=False)
    expected = expected_lines(path.read_text(encoding="utf-8"))
    assert expected, "says nothing about what to expect"
    check_lines(refused(path.relative_to(HERE)), expected)


@dataclass
class Case:
    """A fault that one file alone does not make."""

    expected: list[str]
    arguments: list[str] = field(default_factory=lambda: ["my.yaml"])
    files: dict[str, str | bytes] = field(default_factory=dict)
    variables: dict[str, str] = field(default_factory=dict)


GOOD = {"my.yaml": "extends: quickstart\nname: mine\n"}
BOMB = "a: &a [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{one}: &{one} [{', '.join(['*' + before] * 10)}]\n"
    for before, one in zip("abcdefgh", "bcdefghi", strict=True)
)
CHAIN = {f"r{n}.yaml": f"extends: r{n + 1}.yaml\n" for n in range(40)}
CASES = {
    # extends
    "cycle_of_two": Case(
        ["b.yaml:1: extends: goes in a circle: my.yaml -> b.yaml -> my.yaml"],
        files={"my.yaml": "extends: b.yaml\n", "b.yaml": "extends: my.yaml\n"},
    ),
    "cycle_of_three": Case(
        ["b.yaml:2: extends: goes in a circle: my.yaml -> a.yaml -> b.yaml -> my.yaml"],
        files={
            "my.yaml": "extends: a.yaml\n",
            "a.yaml": "extends: b.yaml\n",
            "b.yaml": "seed: 1\nextends: [my.yaml]\n",
        },
    ),
    "long_chain": Case(
        ["r30.yaml:1: extends: goes through more than 30 files"],
        arguments=["r0.yaml"],
        files=CHAIN | {"r40.yaml": "extends: quickstart\n"},
    ),
    "parent_of_parent_missing": Case(
        ["base.yaml:3: extends: no file ... gone.yaml"],
        files={
            "my.yaml": "extends: base.yaml\n",
            "base.yaml": "seed: 1\nextends:\n  - gone.yaml\n",
        },
    ),
    "two_parents_missing": Case(
        [
            "my.yaml:2: extends: no file gone.yaml",
            "my.yaml:3: extends: no file lost.yaml; did you mean 'last.yaml'?",
        ],
        files={"my.yaml": "extends:\n  - gone.yaml\n  - lost.yaml\n", "last.yaml": "seed: 1\n"},
    ),
    "parent_at_fault": Case(
        ["base.yaml:4: train.epochs: takes int > 0, not 'few'", "my.yaml:2: seed: takes int >= 0"],
        files={
            "my.yaml": "extends: base.yaml\nseed: one\ntrain: {batch_size: 4}\n",
            "base.yaml": "extends: quickstart\nseed: two\ntrain:\n  epochs: few\n",
        },
    ),
    "parent_is_no_yaml": Case(
        ["base.yaml:2: not valid YAML: mapping values are not allowed here"],
        files={"my.yaml": "extends: base.yaml\n", "base.yaml": "seed: 1\ntrain: epochs: 3\n"},
    ),
    "variable_in_extends": Case(
        ["my.yaml:1: extends: environment variable SSLSE_BASE is not set; set it, or write"],
        files={"my.yaml": "extends: ${SSLSE_BASE}/base.yaml\n"},
    ),
    # data profiles
    "profile_sets_more": Case(
        [
            "profile.yaml:1: train: a data profile holds 'data:' only",
            "profile.yaml:2: name: a data profile holds 'data:' only",
        ],
        arguments=["my.yaml", "--data", "profile.yaml"],
        files=GOOD | {"profile.yaml": "train: {epochs: 3}\nname: x\ndata: {swap: true}\n"},
    ),
    "profile_without_data": Case(
        [
            "profile.yaml:1: dta: a data profile holds 'data:' only",
            "profile.yaml:1: data: is required in a data profile",
        ],
        arguments=["my.yaml", "--data", "profile.yaml"],
        files=GOOD | {"profile.yaml": "dta: {swap: true}\n"},
    ),
    "profile_typo": Case(
        ["profile.yaml:2: data.swop: unknown option; did you mean 'swap'? (data takes:"],
        arguments=["my.yaml", "--data", "profile.yaml"],
        files=GOOD | {"profile.yaml": "data:\n  swop: true\n"},
    ),
    "profile_missing": Case(
        ["--data profil.yaml: no such file, and ... ; did you mean 'profile.yaml'?"],
        arguments=["my.yaml", "--data", "profil.yaml"],
        files=GOOD | {"profile.yaml": "data: {swap: true}\n"},
    ),
    "profile_packaged_near_miss": Case(
        ["--data timit: no such file, ... ; did you mean 'timit_nonspeech'? (possible: "],
        arguments=["my.yaml", "--data", "timit"],
        files=GOOD,
    ),
    "profile_extends_itself": Case(
        ["profile.yaml:1: extends: goes in a circle: profile.yaml -> profile.yaml"],
        arguments=["my.yaml", "--data", "profile.yaml"],
        files=GOOD | {"profile.yaml": "extends: profile.yaml\ndata: {swap: true}\n"},
    ),
    "profile_variables_unset": Case(
        [
            "timit_nonspeech.yaml:4: data.speech.root: environment variable TIMIT_ROOT is not set",
            "timit_nonspeech.yaml:5: data.noise.root: environment variable NONSPEECH_ROOT is not",
        ],
        arguments=["my.yaml", "--data", "timit_nonspeech"],
        files=GOOD,
    ),
    "recipe_as_profile": Case(
        [
            "my.yaml:1: seed: a data profile holds 'data:' only",
            "my.yaml:1: data: is required in a data profile",
        ],
        arguments=["quickstart", "--data", "my.yaml"],
        files={"my.yaml": "seed: 1\n"},
    ),
    "required_part_after_a_profile": Case(
        ["my.yaml: objective: is required (possible: "],
        arguments=["my.yaml", "--data", "demo"],
        files={"my.yaml": "preset: small\nschedule: se\n"},
    ),
    # --set
    "set_without_value": Case(
        ["--set: train.epochs: takes PATH=VALUE, for example train.epochs=10"],
        arguments=["quickstart", "--set", "train.epochs"],
    ),
    "set_without_path": Case(
        ["--set: =3: takes PATH=VALUE"], arguments=["quickstart", "--set", "=3"]
    ),
    "set_empty_part": Case(
        ["--set: train..epochs=3: takes PATH=VALUE"],
        arguments=["quickstart", "--set", "train..epochs=3"],
    ),
    "set_typo": Case(
        ["--set: train.epoch: unknown option; did you mean 'epochs'? (train takes: "],
        arguments=["quickstart", "--set", "train.epoch=3"],
    ),
    "set_by_initials": Case(
        ["--set: lr: unknown option; did you mean 'train.learning_rate'? (a recipe takes: "],
        arguments=["quickstart", "--set", "lr=1"],
    ),
    "set_by_initials_in_its_section": Case(
        ["--set: train.bs: unknown option; did you mean 'batch_size'? (train takes: "],
        arguments=["quickstart", "--set", "train.bs=1"],
    ),
    "set_kind": Case(
        ["--set: train.epochs: takes int > 0, not 'few'"],
        arguments=["quickstart", "--set", "train.epochs=few"],
    ),
    "set_below_a_number": Case(
        ['--set: train.epochs: takes int > 0, not {"count": 3}'],
        arguments=["quickstart", "--set", "train.epochs.count=3"],
    ),
    "set_not_yaml": Case(
        ["--set: evaluate.snr_db: not valid YAML: while parsing a flow sequence, expected"],
        arguments=["quickstart", "--set", "evaluate.snr_db=[0, 5"],
    ),
    "set_key_twice": Case(
        ["--set: train: 'epochs' is given twice"],
        arguments=["quickstart", "--set", "train={epochs: 1, epochs: 2}"],
    ),
    "set_index_out_of_range": Case(
        ["--set: augmentations.1.snr_db: augmentations is a list, '1' is not in it; indices ... 0"],
        arguments=["quickstart", "--set", "augmentations.1.snr_db=[0]"],
    ),
    "set_negative_index": Case(
        ["--set: evaluate.snr_db.-1: evaluate.snr_db is a list, '-1' is not in it; indices go"],
        arguments=["quickstart", "--set", "evaluate.snr_db.-1=0"],
    ),
    "set_index_in_brackets_out_of_range": Case(
        ["--set: augmentations.1.snr_db: augmentations is a list, '1' is not in it; indices ... 0"],
        arguments=["quickstart", "--set", "augmentations[1].snr_db=[0]"],
    ),
    "set_index_of_nothing": Case(
        ["--set: [0]=3: takes PATH=VALUE"], arguments=["quickstart", "--set", "[0]=3"]
    ),
    "index_in_a_file": Case(
        ["my.yaml:2: augmentations[0].snr_db: unknown option; ... in a file write the whole list"],
        files={"my.yaml": "extends: quickstart\naugmentations[0].snr_db: [0]\n"},
    ),
    "set_odd_digit": Case(
        ["--set: evaluate.snr_db.²: evaluate.snr_db is a list, '²' is not in it; indices go"],
        arguments=["quickstart", "--set", "evaluate.snr_db.²=0"],
    ),
    "set_index_of_empty_list": Case(
        ["--set: augmentations.0: augmentations is a list, '0' is not in it; it is empty"],
        arguments=["my.yaml", "--set", "augmentations.0=add_noise"],
        files={"my.yaml": "extends: quickstart\naugmentations: []\n"},
    ),
    "set_extends": Case(
        ["--set: extends: belongs in a recipe file"],
        arguments=["quickstart", "--set", "extends=byol.yaml"],
    ),
    "set_preset": Case(
        ["--set: preset: no preset named 'smal'; did you mean 'small'? (possible: "],
        arguments=["quickstart", "--set", "preset=smal"],
    ),
    "set_component": Case(
        ["--set: objective: no objective named 'simsam'; did you mean 'simsiam'? (possible: "],
        arguments=["quickstart", "--set", "objective=simsam"],
    ),
    "set_null": Case(
        ["--set: encoder: is required (possible: "],
        arguments=["quickstart", "--set", "encoder=null"],
    ),
    "set_deep": Case(
        ["--set: a.a.a. ... nested deeper than 30 levels"],
        arguments=["quickstart", "--set", ".".join("a" * 10_000) + "=1"],
    ),
    "set_even_kernel": Case(
        ["--set: encoder.kernel: must be odd, not 4"],
        arguments=["quickstart", "--set", "encoder.kernel=4"],
    ),
    "set_several": Case(
        [
            "--set: train.epochs: takes PATH=VALUE",
            "--set: augmentations.7: augmentations is a list, '7' is not in it",
        ],
        arguments=["quickstart", "--set", "train.epochs", "--set", "augmentations.7=x"],
    ),
    # variables
    "variable_of_wrong_kind": Case(
        ["my.yaml:2: train.epochs: takes int > 0, not 'few'"],
        files={"my.yaml": "extends: quickstart\ntrain: {epochs: '${N}', batch_size: 4}\n"},
        variables={"N": "few"},
    ),
    "quoted_variable_is_text": Case(
        ["my.yaml:2: train.epochs: takes int > 0, not '10'; without quotes it is a number"],
        files={"my.yaml": "extends: quickstart\ntrain: {epochs: '${N}'}\n"},
        variables={"N": "10"},
    ),
    "empty_variable": Case(
        ["my.yaml:2: data.cache: environment variable N is not set"],
        files={"my.yaml": "extends: quickstart\ndata: {cache: '${N}'}\n"},
        variables={"N": ""},
    ),
    # files that are no recipes
    "missing": Case(
        ["gone.yaml: no such file, and no packaged recipe of that name ... (possible: "],
        arguments=["gone.yaml"],
    ),
    "missing_near_miss": Case(
        ["mi.yaml: no such file, ... ; did you mean 'my.yaml'?"], arguments=["mi.yaml"], files=GOOD
    ),
    "missing_in_folder": Case(
        ["folder/byoll.yaml: no such file, ... did you mean 'byol'? (possible: "],
        arguments=["folder/byoll.yaml"],
    ),
    "packaged_near_miss": Case(
        ["quikstart: no such file, and no packaged ... did you mean 'quickstart'? (possible: "],
        arguments=["quikstart"],
    ),
    "folder": Case(
        ["recipes: no such file, and no packaged recipe of that name (possible: "],
        arguments=["recipes"],
        files={"recipes/my.yaml": ""},
    ),
    "run_directory": Case(
        ["runs/first: is a folder; did you mean 'runs/first/recipe.yaml'?"],
        arguments=["runs/first"],
        files={"runs/first/recipe.yaml": ""},
    ),
    "path_too_long": Case(
        ["xxx: no such file, and no packaged recipe of that name (possible: "],
        arguments=["x" * 300],
    ),
    "bomb": Case(["my.yaml:1: expands to more than 10000 values"], files={"my.yaml": BOMB}),
    "large": Case(
        ["my.yaml: has 2000008 bytes; a recipe has at most 1000000"],
        files={"my.yaml": "seed: 1\n" + "# hello\n" * 250_000},
    ),
    "nested_deep": Case(
        ["my.yaml: nested deeper than 30 levels"],
        files={"my.yaml": "name: " + "[" * 10_000 + "]" * 10_000},
    ),
    "binary": Case(
        ["my.yaml:2: is not UTF-8 text: invalid start byte"],
        files={"my.yaml": bytes(range(256)) * 4 + b"\n"},
    ),
    "not_utf8": Case(
        ["my.yaml:2: is not UTF-8 text: invalid continuation byte"],
        files={"my.yaml": "extends: quickstart\nname: évaluation\n".encode("latin-1")},
    ),
    "control_character": Case(
        ["my.yaml:2: not valid YAML: character #x0007 is not allowed"],
        files={"my.yaml": "extends: quickstart\nname: a\x07\n"},
    ),
}


def test_there_are_many_cases():
    assert len(CORPUS) >= 100
    assert len(CASES) >= 50


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_broken_by_more_than_one_file(case, refused, tmp_path, monkeypatch):
    for name in ("TIMIT_ROOT", "NONSPEECH_ROOT", "SSLSE_BASE"):
        monkeypatch.delenv(name, raising=False)
    for name, value in case.variables.items():
        monkeypatch.setenv(name, value)
    for name, content in case.files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    monkeypatch.chdir(tmp_path)
    check_lines(refused(*case.arguments), case.expected)


@pytest.fixture
def audio(tmp_path, monkeypatch, tiny_sets):
    """Write a few short recordings; give the arguments of a tiny recipe that uses them."""
    draw = np.random.default_rng(0)
    for kind, counts in (("speech", (3, 2)), ("noise", (3, 1))):
        for part, count in zip(("train", "test"), counts, strict=True):
            folder = tmp_path / kind / part
            folder.mkdir(parents=True)
            for number in range(count):
                wave = draw.uniform(-0.5, 0.5, 16_000)
                soundfile.write(folder / f"{number}.wav", wave, 16_000, subtype="PCM_16")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "my.yaml").write_text(
        "extends: quickstart\n"
        "data:\n"
        "  speech: {name: folder, root: speech, train: train, test: test}\n"
        "  noise: {name: folder, root: noise, train: train, test: test}\n"
        "augmentations:\n"
        "  - name: add_noise\n"
    )
    return ["my.yaml", *(part for text in tiny_sets for part in ("--set", text))]


def test_too_few_noises_for_the_views(audio, refused):
    lines = refused(*audio, "--set", "views=4")
    part = "4 views need 4 different recordings of noise; the training part has 3"
    check_lines(lines, [f"my.yaml:6: augmentation ... {part}"])


def test_pesq_at_a_rate_it_does_not_know(audio, refused):
    lines = refused(
        *audio, "--set", "data.sample_rate=11025", "--set", "evaluate.metrics=[pesq_nb]"
    )
    part = "pesq_nb works at 8000 or 16000 Hz, not at data.sample_rate (11025)"
    check_lines(lines, [f"evaluate.metrics[0]: {part}"])


def test_check_says_the_same_as_run(refused, monkeypatch):
    monkeypatch.chdir(HERE)
    result = CliRunner().invoke(main, ["check", "broken/several.yaml"])
    assert result.exit_code == 2
    assert result.stderr.splitlines() == refused("broken/several.yaml")
    assert len(result.stderr.splitlines()) == 7


def test_python_in_a_tag_is_not_run(refused, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    text = (HERE / "broken" / "python_tag.yaml").read_text(encoding="utf-8")
    Path("tag.yaml").write_text(text, encoding="utf-8")
    refused("tag.yaml")
    assert not Path("broken").exists()


def test_the_packaged_recipes_are_not_among_the_broken():
    assert packaged_recipes().is_dir()
    assert not [path for path in CORPUS if packaged_recipes() in path.parents]
