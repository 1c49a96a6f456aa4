"""``sslse enhance``: files, folders, pipes, signals, and what it says."""

import io
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile
from click.testing import CliRunner
from rich.console import Console
from rich.progress import Progress
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from sslse.cli import main
from sslse.cli.enhancing import Bars, Lines, describe
from sslse.enhance.job import Enhanced
from sslse.enhance.model import load
from sslse.enhance.plan import Job
from sslse.pcm import ENCODINGS
from sslse.wav_header import read_header

NO_SOUND = (
    "cannot be read as audio: Format not recognised; possible: whatever soundfile reads (WAV, "
    "FLAC, Ogg, MP3, AIFF, NIST SPHERE, ...)"
)
DONE = re.compile(r"[\d.e-]+ s in \d+\.\d\d s \([\d.e+]+x real time\)")


def noise(frames, channels=1):
    return np.random.default_rng(0).normal(0, 0.1, (frames, channels)).astype(np.float32)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "noisy" / "sub").mkdir(parents=True)
    soundfile.write("noisy/a.wav", noise(20_000), 16000)
    soundfile.write("noisy/sub/b.flac", noise(10_000, 2), 44100)
    return tmp_path


@pytest.fixture
def enhance(tiny_models, monkeypatch):
    def call(*arguments, looks="context", given=None):
        words = ["enhance", str(tiny_models[looks]), *arguments, "--device", "cpu"]
        return CliRunner().invoke(main, words, input=given)

    return call


def directly(model, samples, rate):
    stream = model.stream(rate, samples.shape[0])
    return np.concatenate([stream.push(samples), stream.finish()], axis=1)


def test_a_folder_keeps_its_tree(folder, enhance):
    ended = enhance("noisy")
    assert ended.exit_code == 0, ended.output
    first, second, last = ended.stdout.splitlines()
    begin, _, rest = first.partition(": ")
    assert begin == "noisy/a.wav -> enhanced/a.wav"
    assert DONE.fullmatch(rest)
    assert rest.startswith("1.25 s in ")
    assert second.startswith("noisy/sub/b.flac -> enhanced/sub/b.flac: 0.2268 s in ")
    assert last.startswith("2 enhanced: ")
    assert DONE.search(last)
    assert ended.stderr == ""
    for name in ("a.wav", "sub/b.flac"):
        was, now = soundfile.info(f"noisy/{name}"), soundfile.info(f"enhanced/{name}")
        assert (was.frames, was.samplerate, was.channels, was.subtype) == (
            *(now.frames, now.samplerate, now.channels, now.subtype),
        )


def test_what_cannot_be_read_is_told_and_the_rest_goes_on(folder, enhance):
    (folder / "noisy" / "0.wav").write_text("no sound")
    (folder / "empty").mkdir()
    ended = enhance("noisy", "missing.wav", "empty", "-o", "clean")
    assert ended.exit_code == 1
    assert [line.partition(": ")[::2] for line in ended.stderr.splitlines()] == [
        ("empty", "holds no sound file; searched for " + ended.stderr.splitlines()[0][41:]),
        ("noisy/0.wav", NO_SOUND),
        ("missing.wav", "cannot be opened: No such file or directory"),
    ]
    assert ended.stdout.splitlines()[-1].startswith("2 enhanced, 3 failed: ")
    assert sorted(str(one.relative_to(folder)) for one in folder.glob("clean/**/*.*")) == [
        *("clean/a.wav", "clean/sub/b.flac")
    ]


def test_one_file_that_fails_is_told_in_one_line(folder, enhance):
    ended = enhance("missing.wav")
    assert ended.exit_code == 1
    assert ended.output == "missing.wav: cannot be opened: No such file or directory\n"
    assert not (folder / "enhanced").exists()


def test_nothing_usable_is_wrong_input(folder, enhance):
    (folder / "empty").mkdir()
    ended = enhance("empty")
    assert ended.exit_code == 2
    assert ended.output.startswith("empty: holds no sound file; searched for ")


def test_nothing_is_overwritten_unless_told(folder, enhance):
    assert enhance("noisy/a.wav").exit_code == 0
    before = (folder / "enhanced" / "a.wav").read_bytes()
    (folder / "enhanced" / "a.wav").write_text("old")
    ended = enhance("noisy/a.wav")
    assert ended.exit_code == 2
    assert ended.output.splitlines() == [
        "nothing was enhanced:",
        "enhanced/a.wav: exists; --overwrite replaces it, -o takes another folder",
    ]
    assert (folder / "enhanced" / "a.wav").read_text() == "old"
    assert enhance("noisy/a.wav", "--overwrite").exit_code == 0
    assert (folder / "enhanced" / "a.wav").read_bytes() == before


@pytest.mark.parametrize("out", [".", "noisy", "noisy/sub/.."])
def test_an_input_is_never_written_over(folder, enhance, out):
    before = {path: path.read_bytes() for path in folder.rglob("*.*") if path.is_file()}
    ended = enhance("noisy", "noisy/a.wav", "-o", out, "--overwrite")
    if out == ".":
        assert ended.exit_code == 0
    else:
        assert ended.exit_code == 2
        assert "is an input" in ended.output
    assert {path: path.read_bytes() for path in before} == before


@pytest.mark.processes
def test_several_processes(folder, enhance):
    ended = enhance("noisy", "--jobs", "2")
    assert ended.exit_code == 0, ended.output
    assert len(ended.stdout.splitlines()) == 3
    assert enhance("noisy", "-o", "alone").exit_code == 0
    for name in ("a.wav", "sub/b.flac"):
        alone, together = ((folder / one / name).read_bytes() for one in ("alone", "enhanced"))
        assert alone == together


@pytest.mark.parametrize("looks", ["context", "causal"])
@pytest.mark.parametrize("subtype", ["PCM_U8", "PCM_16", "PCM_24", "FLOAT"])
def test_a_wav_on_standard_input(folder, enhance, tiny_models, looks, subtype):
    soundfile.write("in.wav", noise(20_000, 2), 22050, subtype)
    ended = enhance("-", looks=looks, given=(folder / "in.wav").read_bytes())
    assert ended.exit_code == 0, ended.stderr
    (folder / "out.wav").write_bytes(ended.stdout_bytes)
    was, now = soundfile.info("in.wav"), soundfile.info("out.wav")
    assert (was.frames, was.samplerate, was.channels, was.subtype) == (
        *(now.frames, now.samplerate, now.channels, now.subtype),
    )
    samples, _ = soundfile.read("in.wav", dtype="float32")
    wanted = directly(load(tiny_models[looks], device="cpu"), samples.T.copy(), 22050)
    found, _ = soundfile.read("out.wav", dtype="float32")
    np.testing.assert_allclose(found.T, wanted, atol=0.6 / 2**7 if subtype == "PCM_U8" else 2e-5)
    assert ended.stderr.startswith("standard input -> standard output: 0.907 s in ")


@pytest.mark.parametrize("name", ["s16le", "s16be", "u8", "f32le"])
def test_raw_samples_on_standard_input(folder, enhance, tiny_models, name):
    samples = noise(9_000, 2).T
    content = ENCODINGS[name].encode(samples) + b"\0"  # and part of a frame
    ended = enhance("-", "--raw", f"{name},16000,2", given=content)
    assert ended.exit_code == 0, ended.stderr
    given = ENCODINGS[name].decode(content[:-1], 2)
    wanted = directly(load(tiny_models["context"], device="cpu"), np.array(given), 16000)
    found = ENCODINGS[name].decode(ended.stdout_bytes, 2)
    np.testing.assert_allclose(found, wanted, atol=0.01 if name == "u8" else 4e-5)


@pytest.mark.parametrize(
    ("subtype", "container", "encoding"),
    [
        ("PCM_16", "WAV", "s16le"),
        ("PCM_24", "FLAC", "s24le"),
        ("FLOAT", "WAV", "f32le"),
        ("VORBIS", "OGG", "s16le"),
        ("PCM_U8", "WAV", "u8"),
    ],
)
def test_a_file_to_standard_output(folder, enhance, subtype, container, encoding):
    soundfile.write("in.sound", noise(5_000, 2), 44100, subtype, format=container)
    ended = enhance("in.sound", "--stdout")
    assert ended.exit_code == 0, ended.stderr
    (folder / "out.wav").write_bytes(ended.stdout_bytes)
    with (folder / "out.wav").open("rb") as file:
        assert read_header(file).encoding.name == encoding
    assert soundfile.info("out.wav").frames == 5_000
    assert ended.stderr.startswith("in.sound -> standard output: 0.1134 s in ")
    assert not (folder / "enhanced").exists()


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (b"", "is empty (0 bytes)"),
        (b"no sound at all", "begins with b'no sound at ', which is no WAV; possible: "),
    ],
)
def test_standard_input_that_is_no_wav(folder, enhance, given, message):
    ended = enhance("-", given=given)
    assert ended.exit_code == 1
    assert ended.stdout == ""
    assert ended.stderr.startswith(f"standard input: {message}")


def test_a_file_that_cannot_be_read_gives_no_output(folder, enhance):
    ended = enhance("missing.wav", "--stdout")
    assert ended.exit_code == 1
    assert ended.stdout == ""
    assert ended.stderr == "missing.wav: cannot be opened: No such file or directory\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["-", "noisy"], "-: standard input is the only INPUT where it is one"),
        (["noisy/a.wav", "noisy/sub/b.flac", "--stdout"], "--stdout takes one INPUT, not 2"),
        (["noisy", "--stdout"], "--stdout takes a file, and noisy is a folder"),
        (["-", "-o", "x"], "sound that goes to standard output takes neither -o nor --overwrite; "),
        (["noisy", "--raw", "s16le,16000,1"], "--raw goes with the INPUT -"),
        (["-", "--raw", "s16,16000,1"], "--raw s16,16000,1: no encoding named 's16'; possible: s8"),
        (["-", "--raw", "s16le,1,1"], "'1' is no sample rate from 1000 to 768000 Hz"),
        (["-", "--raw", "s16le,16000"], "'' is no number of channels from 1 to 1024"),
        ([], "Missing argument 'INPUT...'"),
    ],
)
def test_arguments_that_do_not_go_together(folder, enhance, arguments, message):
    ended = enhance(*arguments)
    assert ended.exit_code == 2
    assert message in ended.output
    assert not (folder / "enhanced").exists()


@pytest.mark.parametrize(
    "arguments", [[], pytest.param(["--jobs", "2"], marks=pytest.mark.processes)]
)
def test_a_model_that_does_not_exist(folder, arguments):
    ended = CliRunner().invoke(main, ["enhance", "no-model", "noisy", *arguments])
    assert ended.exit_code == 2
    assert ended.output.startswith("no-model: no such model")


PRINTING = """
from sslse.api import hookimpl
from sslse.encoders import ConformerEncoder
print("on import")
class Loud(ConformerEncoder):
    def __init__(self, /, **options):
        print("when built")
        super().__init__(**options)
    def forward(self, *given):
        print("at work")
        return super().forward(*given)
Loud.__init__.__signature__ = __import__("inspect").signature(ConformerEncoder.__init__)
@hookimpl
def sslse_components(add):
    add("encoder", "loud", Loud, summary="Prints wherever it can")
"""


@pytest.fixture
def loud(folder, tiny_models):
    """A model whose encoder is of the one-file plugin loud.py, which prints."""
    Path("loud.py").write_text(PRINTING)
    with safe_open(tiny_models["context"], framework="pt") as file:
        about = json.loads(file.metadata()["sslse"])
    about["recipe"] = about["recipe"].replace(
        "encoder:\n  name: conformer", "encoder:\n  name: loud"
    )
    save_file(load_file(tiny_models["context"]), "loud.safetensors", {"sslse": json.dumps(about)})
    return "loud.safetensors"


@pytest.mark.parametrize("given", ["noisy/a.wav --stdout", "-"])
def test_sound_on_standard_output_holds_nothing_that_a_plugin_prints(enhance, loud, given):
    sound = Path("noisy/a.wav").read_bytes()
    plain = enhance(*given.split(), given=sound)
    words = ["enhance", loud, *given.split(), "--plugin", "loud.py", "--device", "cpu"]
    ended = CliRunner().invoke(main, words, input=sound)
    assert ended.exit_code == 0, ended.stderr
    assert ended.stdout_bytes == plain.stdout_bytes
    for said in ("on import", "when built", "at work"):
        assert said in ended.stderr


@pytest.mark.parametrize("command", ["enhance", "export"])
def test_a_model_of_a_one_file_plugin_asks_for_it(loud, command):
    more = {"enhance": ["noisy/a.wav"], "export": ["--to", "bundle"]}
    ended = CliRunner().invoke(main, [command, loud, *more[command]])
    assert ended.exit_code == 2
    assert "encoder: no encoder named 'loud'" in ended.output
    assert "give one-file plugins with --plugin FILE.py" in ended.output


def start(models, *arguments, **pipes):
    command = [sys.executable, "-m", "sslse", "enhance", str(models["causal"]), *arguments]
    return subprocess.Popen(
        [*command, "--device", "cpu"],
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        stderr=subprocess.PIPE,
        start_new_session=True,
        **pipes,
    )


def wait_for(process, path, size):
    """Wait until a file has so many bytes; end the process where that does not happen."""
    while not (path.is_file() and path.stat().st_size >= size):
        if process.poll() is not None:
            pytest.fail(f"{path} has no {size} bytes: {process.stderr.read()}")
        time.sleep(0.01)


@pytest.mark.processes
@pytest.mark.parametrize("jobs", ["1", "2"])
def test_ctrl_c_leaves_no_partial_file(folder, tiny_models, jobs):
    for name in ("c", "d", "e"):
        soundfile.write(f"{name}.wav", noise(16000 * 300), 16000)
    partial = folder / "enhanced" / "c.wav.partial"
    with start(tiny_models, "c.wav", "d.wav", "e.wav", "--jobs", jobs) as process:
        wait_for(process, partial, 1000)
        os.killpg(process.pid, signal.SIGINT)
        said = process.stderr.read()
    assert process.returncode == 130
    assert said.decode() == "stopped by SIGINT; files that are finished stay\n"
    assert not list(folder.glob("enhanced/*.partial"))


@pytest.mark.processes
def test_a_reader_that_stops_ends_it_quietly(folder, tiny_models):
    soundfile.write("long.wav", noise(16000 * 60), 16000)
    with start(tiny_models, "long.wav", "--stdout", stdout=subprocess.PIPE) as process:
        assert process.stdout.read(44)[:4] == b"RIFF"
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 141


@pytest.mark.processes
@pytest.mark.smoke
def test_a_stream_is_given_while_it_comes_and_a_file_says_its_length(folder, tiny_models):
    soundfile.write("in.wav", noise(40_000), 16000)
    content = (folder / "in.wav").read_bytes()
    with (
        (folder / "out.wav").open("wb") as out,
        start(tiny_models, "-", stdin=subprocess.PIPE, stdout=out) as process,
    ):
        process.stdin.write(content[:40_044])
        process.stdin.flush()
        wait_for(process, folder / "out.wav", 30_000)
        process.stdin.write(content[40_044:])
        process.stdin.close()
        process.stderr.read()
    assert process.returncode == 0
    assert (folder / "out.wav").read_bytes()[:44] == content[:44]


def test_lines_are_one_line_each():
    lines = Lines(1)
    lines.fail("a\nb")
    assert lines.failed == 1


def test_a_file_shorter_than_it_says_is_told():
    assert describe(Enhanced(1.0, 0.5, 2.0)) == (
        "1 s in 0.50 s (2x real time); its header says 2 s more than is there"
    )


def test_hours_are_seconds():
    assert describe(Enhanced(10800.0, 270.0)) == "10800 s in 270.00 s (40x real time)"


def test_bars_follow_the_files():
    said = io.StringIO()
    with Progress(console=Console(file=said, force_terminal=True, width=100)) as progress:
        bars = Bars(2, progress)
        job = Job(Path("a.wav"), Path("b.wav"))
        bars.advanced(job, 1.0, 2.0)
        bars.advanced(job, 2.0, 2.0)
        bars.ended(job, Enhanced(2.0, 1.0))
        bars.ended(Job(Path("c.wav"), Path("d.wav")), "c.wav: is empty (0 bytes)")
        bars.close()
    assert "a.wav -> b.wav: 2 s in 1.00 s (2x real time)" in said.getvalue()
    assert "c.wav: is empty (0 bytes)" in said.getvalue()
    assert "1 enhanced, 1 failed: 2 s in " in said.getvalue()
