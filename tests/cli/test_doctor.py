"""``sslse doctor``: its lines, its exit code, and that no check hides another."""

import os
import re
import subprocess
import sys
import tomllib
import warnings
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from click.testing import CliRunner

from sslse import doctor, golden, registry
from sslse.audio import resample
from sslse.cli import main
from sslse.doctor import EXTRAS, NOTE, OK, PROBLEM, TORCH, Finding, examine
from sslse.errors import DependencyError

SUBJECTS = ("Python", "torch", "torchaudio", "CUDA", "soundfile", "metrics", "cache")
PROJECT = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text("utf-8"))


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    folder = tmp_path / "cache"
    monkeypatch.setenv("SSLSE_CACHE", str(folder))
    return folder


@pytest.fixture
def quick(monkeypatch):
    """Leave out what takes longest."""
    monkeypatch.setattr(doctor, "_metrics", lambda: iter([Finding(OK, "metrics", "left out")]))


def test_a_sound_installation_has_no_problem(cache):
    cache.mkdir()
    (cache / "packed.int16").write_bytes(bytes(3 * 2**20))
    result = CliRunner().invoke(main, ["doctor"])
    lines = result.output.splitlines()
    assert result.exit_code == 0
    assert lines[-1] == "no problem found"
    assert not any(line.startswith(PROBLEM) for line in lines)
    for subject in SUBJECTS:
        assert sum(f" {subject}: " in line for line in lines) >= 1, subject
    assert f"ok       Python: {'.'.join(str(part) for part in sys.version_info[:3])}" in lines
    assert f"ok       torchaudio: {version('torchaudio')}" in lines
    assert f"ok       cache: {cache}, 3 MiB" in lines
    scores = next(line for line in lines if line.startswith("ok       metrics: as expected: "))
    for name, (expected, tolerance) in golden.EXPECTED.items():
        value = float(re.search(rf"\b{name} ([-0-9.]+)", scores)[1])
        assert value == pytest.approx(expected, abs=tolerance + 0.0005), name
    found = len(registry.discover().components)
    counts = [int(line.split(": ")[1].split()[0]) for line in lines if " plugin " in line]
    assert sum(counts) == found


def test_a_torchaudio_that_does_not_load_names_the_pair_and_hides_nothing(monkeypatch, quick):
    monkeypatch.setitem(sys.modules, "torchaudio", None)
    monkeypatch.setitem(sys.modules, "torchaudio.functional", None)
    result = CliRunner().invoke(main, ["doctor"])
    (line,) = [one for one in result.output.splitlines() if one.startswith(PROBLEM)]
    assert line.startswith(f"PROBLEM  torchaudio: torch {version('torch')} and torchaudio ")
    assert "do not fit together" in line
    assert "a working pair: torch 2.14.1 with torchaudio 2.11.0" in line
    assert line.endswith(TORCH)
    assert result.exit_code == 1
    assert "problems: 1" in result.output
    assert "ok       soundfile: " in result.output
    assert "ok       plugin core (sslse " in result.output


def test_the_advice_about_torch_is_that_of_the_audio_code(monkeypatch):
    monkeypatch.setitem(sys.modules, "torchaudio", None)
    monkeypatch.setitem(sys.modules, "torchaudio.functional", None)
    with pytest.raises(DependencyError) as caught:
        resample(torch.zeros(10).numpy(), 8000, 16000)
    assert TORCH in str(caught.value)


def test_a_check_that_raises_is_a_problem_with_the_exception(monkeypatch, quick):
    def fails():
        yield Finding(OK, "soundfile", "so far")
        raise OSError("libsndfile.so: cannot open\nshared object file")

    monkeypatch.setattr(doctor, "_soundfile", fails)
    findings = list(examine())
    assert [one for one in findings if one.subject == "soundfile"] == [
        Finding(OK, "soundfile", "so far"),
        Finding(
            PROBLEM,
            "soundfile",
            "OSError: libsndfile.so: cannot open shared object file",
            "pip install --force-reinstall --no-deps soundfile",
        ),
    ]
    assert {one.subject for one in findings} >= {*SUBJECTS, "extra report"}


def test_a_python_too_old_is_a_problem(monkeypatch):
    monkeypatch.setattr(sys, "version_info", (3, 10, 9))
    assert list(doctor._python()) == [
        Finding(PROBLEM, "Python", "3.10.9", "install Python 3.11 or newer")
    ]


def test_scores_that_are_off_or_fail_are_problems(monkeypatch):
    expected = {"stoi": (0.5, 0.002), "si_sdr": (golden.SNR_DB, 0.01), "pesq_nb": (2.0, 0.01)}
    chosen = {name: golden.golden_metrics()[name] for name in expected}
    monkeypatch.setattr(golden, "EXPECTED", expected)
    monkeypatch.setattr(golden, "golden_metrics", lambda: chosen)
    monkeypatch.setitem(sys.modules, "pesq", None)
    stoi, pesq, rest = doctor._metrics()
    assert (stoi.mark, stoi.subject) == (PROBLEM, "metric stoi")
    assert stoi.text == "0.9273 where 0.5000 is expected"
    assert stoi.advice == f"scores mean nothing: {doctor.METRICS}"
    assert (pesq.mark, pesq.subject) == (PROBLEM, "metric pesq_nb")
    assert pesq.text.startswith("ModuleNotFoundError: import of pesq halted")
    assert rest == Finding(OK, "metrics", "as expected: si_sdr 5.000")


def test_cuda_devices_are_named_with_their_memory(monkeypatch):
    device = SimpleNamespace(name="NVIDIA H200", total_memory=140 * 2**30)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda _: device)
    assert list(doctor._cuda()) == [
        Finding(OK, "CUDA", f"cuda:{number} NVIDIA H200, 140 GiB") for number in range(2)
    ]


@pytest.mark.parametrize(
    ("warning", "advice"),
    [("", ""), ("driver too\nold", "torch says why: driver too old")],
)
def test_no_cuda_is_a_note(monkeypatch, warning, advice):
    def is_available():
        if warning:
            warnings.warn(warning, UserWarning, stacklevel=1)
        return False

    monkeypatch.setattr(torch.cuda, "is_available", is_available)
    text = "none: runs use the CPU, which is fine for the small preset"
    assert list(doctor._cuda()) == [Finding(NOTE, "CUDA", text, advice)]


def test_a_missing_extra_is_a_note_with_the_command(monkeypatch):
    def lookup(package):
        if package == "matplotlib":
            raise PackageNotFoundError(package)
        return "1.2"

    monkeypatch.setattr(doctor.importlib.metadata, "version", lookup)
    assert list(doctor._extras()) == [
        Finding(
            NOTE,
            "extra report",
            "optional, not installed: matplotlib",
            "pip install 'sslse[report]'",
        ),
        Finding(OK, "extra tensorboard", "tensorboard 1.2"),
    ]


def test_the_extras_are_those_of_the_project():
    declared = PROJECT["project"]["optional-dependencies"]
    packages = {
        extra: tuple(requirement.partition(">=")[0] for requirement in requirements)
        for extra, requirements in declared.items()
        if extra in EXTRAS
    }
    assert packages == EXTRAS


def test_a_cache_that_cannot_be_written_is_a_problem(cache):
    cache.write_text("a file")
    (one,) = doctor._cache()
    assert (one.mark, one.subject) == (PROBLEM, "cache")
    assert one.text == f"{cache}: cannot be written: File exists"
    assert one.advice == "name another folder in the environment variable SSLSE_CACHE"


def test_a_broken_plugin_is_a_problem_and_the_others_are_listed(monkeypatch, quick):
    entry_points = registry._entry_points()
    dist = SimpleNamespace(metadata={"Name": "sslse-bad", "Version": "2.0"})

    def load():
        raise ImportError("no module named missing")

    bad = SimpleNamespace(name="bad", dist=dist, load=load)
    monkeypatch.setattr(registry, "_entry_points", lambda: [*entry_points, bad])
    result = CliRunner().invoke(main, ["doctor"])
    lines = result.output.splitlines()
    assert result.exit_code == 1
    where = lines.index("PROBLEM  plugin bad (sslse-bad 2.0): ImportError: no module named missing")
    advice = "pip install --upgrade sslse-bad; or do without: pip uninstall sslse-bad"
    assert lines[where + 1].strip() == advice
    assert any(line.startswith("ok       plugin byol (sslse ") for line in lines)


def test_a_slow_plugin_is_noted(monkeypatch):
    monkeypatch.setattr(registry, "SLOW_SECONDS", -1.0)
    found = [one for one in doctor._plugins([]) if one.subject.startswith("plugin byol ")]
    assert [(one.mark, one.advice) for one in found] == [(doctor.NOTE, registry.SLOW_ADVICE)]
    assert found[0].text.startswith("1 component; took 0.")
    assert found[0].text.endswith(" s to import, in every command")


def test_a_component_that_cannot_be_imported_is_a_problem(tmp_path, quick):
    file = tmp_path / "mine.py"
    file.write_text(
        "from sslse.hooks import hookimpl\n"
        "@hookimpl\n"
        "def sslse_components(add):\n"
        "    add('schedule', 'mine', 'not_there:Mine', summary='mine')\n"
    )
    (one,) = [one for one in examine([file]) if one.mark == PROBLEM]
    assert one.subject.startswith("plugin mine")
    assert "ModuleNotFoundError: No module named 'not_there'" in one.text
    assert one.advice == f"mend {file}"


def test_a_broken_file_plugin_hides_no_installed_one(tmp_path, quick):
    file = tmp_path / "mine.py"
    file.write_text("raise ValueError('broken')\n")
    findings = [one for one in examine([file]) if one.subject.startswith("plugin")]
    reason = f"{file}: plugin cannot be used: ValueError: broken"
    assert findings[0] == Finding(PROBLEM, "plugin", reason)
    assert findings[1].subject.startswith("plugin core (sslse ")


def test_help_does_not_import_torch():
    program = (
        "import sys; from sslse.cli import main; "
        "main(['doctor', '--help'], standalone_mode=False); print('torch' in sys.modules)"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | {"PYTHONWARNINGS": "error"},
    )
    assert "Examine this installation" in ended.stdout
    assert ended.stdout.splitlines()[-1] == "False"
