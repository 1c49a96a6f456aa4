"""What the shell offers after TAB, by click's own protocol and in a real bash."""

import os
import shutil
import subprocess
import sys

import pytest
from click.shell_completion import ShellComplete

import sslse.enhance.model
from sslse.cli import completion, main
from sslse.cli.main import COMMANDS


def offered(line):
    """List what is offered for the last word of a line: kinds and values."""
    *words, incomplete = line.split(" ")[1:]
    found = ShellComplete(main, {}, "sslse", "_SSLSE_COMPLETE").get_completions(words, incomplete)
    return [(one.type, one.value) for one in found]


def asked(line, code, folder):
    """Ask as a shell does, in a process of its own."""
    variables = {"_SSLSE_COMPLETE": "bash_complete", "COMP_WORDS": line}
    variables["COMP_CWORD"] = str(len(line.split(" ")) - 1)
    return subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | variables,
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


def test_commands():
    assert offered("sslse ") == [("plain", name) for name in COMMANDS]


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("sslse ru", {"run", "runs"}),
        ("sslse run byol_r", {"byol_round", "byol_round_100", "byol_ramp"}),
        ("sslse run byol --da", {"--data"}),
        ("sslse run byol --data lib", {"librispeech"}),
        ("sslse run byol --data demo --data de", {"demo", "demand"}),
        ("sslse run byol --set train.epo", {"train.epochs="}),
        ("sslse run byol --set objective=sim", {"objective=simclr", "objective=simsiam"}),
        ("sslse run quickstart --set objective.", {"objective.tau=", "objective.over="}),
        ("sslse run byol --set objective.t", {"objective.tau="}),
        ("sslse run byol --set objective=moco_v2 --set objective.qu", {"objective.queue="}),
        ("sslse check x.yaml --set objective.", set()),
        ("sslse check --set objective.", set()),
        ("sslse run byol --data timit_nonspeech --set data.speech.ro", {"data.speech.root="}),
        ("sslse run byol --set data.noise=ti", {"data.noise=timit"}),
        ("sslse run byol --set augmentations.0.sn", {"augmentations.0.snr_db="}),
        ("sslse run byol --set augmentations[0].sn", {"augmentations[0].snr_db="}),
        ("sslse run byol --set augmentations[7].sn", set()),
        ("sslse run byol --set augmentations[0]=re", {"augmentations[0]=reverb"}),
        ("sslse sweep byol --set schedule.c", {"schedule.cl="}),
        ("sslse show recipe byol --set encoder.ch", {"encoder.channels="}),
        ("sslse run byol --plugin gone.py --set objective=b", set()),
        ("sslse run byol --device c", {"cpu", "cuda"}),
        ("sslse check quick", {"quickstart"}),
        ("sslse sweep moco_v2_", {"moco_v2_round"}),
        ("sslse list o", {"objective"}),
        ("sslse show rec", {"recipe"}),
        ("sslse show recipe quick", {"quickstart"}),
        ("sslse show objective bar", {"barlow_twins"}),
        ("sslse new sch", {"schedule"}),
        ("sslse compare a b --metric pesq", {"pesq_nb", "pesq_wb"}),
        ("sslse compare a b --format m", {"markdown"}),
        ("sslse reproduce --tier sm", {"smoke", "small"}),
        ("sslse runs --sort s", {"state", "stoi", "si_sdr", "si_sdr_improvement", "sdr"}),
        ("sslse data s", {"scan"}),
        ("sslse data scan there --test", {"--test-share"}),
        ("sslse show nothing x", set()),
    ],
)
def test_words(line, wanted):
    found = {value for kind, value in offered(line) if kind == "plain"}
    assert found >= wanted
    assert bool(found) == bool(wanted)


def test_models_are_the_shipped_ones_and_files():
    assert completion.MODELS == sslse.enhance.model.PACKAGED
    shipped = [("plain", name) for name in sslse.enhance.model.packaged_models()]
    for line in ("sslse enhance ", "sslse export "):
        assert offered(line) == [("file", ""), *shipped]
    assert offered("sslse enhance run noi") == [("file", "noi")]


@pytest.mark.parametrize("line", ["sslse run my", "sslse run x --data my", "sslse show recipe my"])
def test_recipes_and_profiles_may_be_files(line):
    assert offered(line) == [("file", "my")]


@pytest.mark.parametrize(
    ("line", "last"),
    [
        ("sslse run by", "plain,byol_uncertainty"),
        ("sslse show objective ", "plain,swav"),
        ("sslse check x --set train.", "plain,train.zero_mean="),
        ("sslse runn ", f"plain,{[*COMMANDS][-1]}"),
    ],
)
def test_a_shell_is_answered_without_heavy_imports(line, last, tmp_path):
    code = """
import sys
from sslse.cli import main
try:
    main(prog_name="sslse")
finally:
    assert not {"torch", "numpy", "rich"} & set(sys.modules)
"""
    ended = asked(line, code, tmp_path)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout.rstrip("\n").split("\n")[-1] == last


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_line_of_the_documentation_gives_a_script(shell):
    ended = subprocess.run(
        [sys.executable, "-m", "sslse"],
        env=os.environ | {"_SSLSE_COMPLETE": f"{shell}_source"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert f"_SSLSE_COMPLETE={shell}_complete" in ended.stdout


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
def test_bash_completes(tmp_path):
    """Let bash run the function that the line of the documentation defines."""
    program = tmp_path / "sslse"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m sslse "$@"\n', encoding="utf-8")
    program.chmod(0o755)
    script = """
        eval "$(_SSLSE_COMPLETE=bash_source sslse)"
        COMP_WORDS=(sslse run byol_round_) COMP_CWORD=2
        _sslse_completion sslse 2> said
        grep -v 'not currently executing completion function' said
        echo "${COMPREPLY[@]}"
    """
    ended = subprocess.run(
        ["bash", "--norc", "-c", script],
        env=os.environ | {"PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}"},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert ended.stdout.split() == ["byol_round_100"], ended.stderr
