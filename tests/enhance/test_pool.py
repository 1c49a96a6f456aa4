"""Files in several processes: the same result; a process that dies costs one file."""

from types import SimpleNamespace

import numpy as np
import pytest
import soundfile

from sslse.enhance import pool
from sslse.enhance.loading import ModelSource
from sslse.enhance.model import load
from sslse.enhance.plan import Job
from sslse.enhance.pool import enhance_in_processes
from sslse.enhance.running import enhance_here
from sslse.errors import RunError


class Noted:
    def __init__(self):
        self.results = {}
        self.told = set()

    def advanced(self, job, done, seconds):
        assert 0 < done <= seconds
        self.told.add(job.source.name)

    def ended(self, job, result):
        assert job.source.name not in self.results
        self.results[job.source.name] = result


@pytest.fixture
def jobs(tmp_path):
    made = []
    for name in "abcd":
        path = tmp_path / f"{name}.wav"
        soundfile.write(path, np.random.default_rng(0).normal(0, 0.1, (30_000, 2)), 44100)
        made.append(Job(path, tmp_path / "enhanced" / path.name))
    return made


def source_of(models):
    return ModelSource(str(models["context"]), "cpu")


@pytest.mark.processes
def test_processes_do_what_one_does(tmp_path, jobs, tiny_models):
    (tmp_path / "b.wav").write_text("no sound")
    alone, together = Noted(), Noted()
    enhance_here(load(tiny_models["context"], device="cpu"), jobs, alone)
    once = {job.target.name: job.target.read_bytes() for job in jobs if job.target.exists()}
    for job in jobs:
        job.target.unlink(missing_ok=True)
    enhance_in_processes(source_of(tiny_models), jobs, 2, together)
    assert {one.name: one.read_bytes() for one in (tmp_path / "enhanced").iterdir()} == once
    assert sorted(once) == ["a.wav", "c.wav", "d.wav"]
    assert together.results["b.wav"] == alone.results["b.wav"]
    assert together.results["b.wav"].startswith(f"{tmp_path}/b.wav: cannot be read as audio: ")
    for name in once:
        assert together.results[name].seconds == alone.results[name].seconds
    assert alone.told == {"a.wav", "c.wav", "d.wav"}
    assert together.told  # processes tell now and then, of short files not at all
    assert together.told <= alone.told


@pytest.mark.processes
def test_a_process_that_dies_takes_one_file_with_it(tmp_path, jobs, tiny_models, monkeypatch):
    begin = pool._Worker.begin

    def kill(self, job):
        if job.source.name == "b.wav":
            job.target.parent.mkdir(exist_ok=True)
            job.target.with_name("b.wav.partial").touch()
            self.process.kill()
        begin(self, job)

    monkeypatch.setattr(pool._Worker, "begin", kill)
    noted = Noted()
    enhance_in_processes(source_of(tiny_models), jobs, 1, noted)
    assert noted.results["b.wav"] == (
        f"{tmp_path}/b.wav: the process that enhanced it ended by SIGKILL, for lack of memory "
        "perhaps: fewer --jobs take less"
    )
    assert sorted(one.name for one in (tmp_path / "enhanced").iterdir()) == [
        *("a.wav", "c.wav", "d.wav")
    ]


@pytest.mark.processes
def test_a_model_that_cannot_be_loaded_ends_all(jobs):
    with pytest.raises(RunError, match=r"^no-model: no such model"):
        enhance_in_processes(ModelSource("no-model", "cpu"), jobs, 1, Noted())


@pytest.mark.processes
def test_what_raises_ends_the_processes(tmp_path, jobs, tiny_models):
    class Stops(Noted):
        def ended(self, job, result):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        enhance_in_processes(source_of(tiny_models), jobs, 1, Stops())
    assert [one.name for one in (tmp_path / "enhanced").iterdir()] == ["a.wav"]


def test_errors_of_the_system_and_of_memory_are_of_one_file(tmp_path, jobs, monkeypatch):
    from sslse.enhance import running

    raised = iter([OSError(28, "No space left on device", "there"), MemoryError()])

    def fail(*_):
        raise next(raised)

    monkeypatch.setattr(running, "enhance_file", fail)
    noted = Noted()
    enhance_here(SimpleNamespace(), jobs[:2], noted)
    assert noted.results == {
        "a.wav": f"{tmp_path}/a.wav: no space left on device (there)",
        "b.wav": f"{tmp_path}/b.wav: takes more memory than there is",
    }
