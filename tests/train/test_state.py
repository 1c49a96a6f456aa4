"""What is saved: whole or not at all, the one before kept, damage noticed."""

import errno
import os
import shutil
import zipfile

import pytest
import torch

from sslse.errors import RunError
from sslse.prepare import prepare
from sslse.train.log import TIMING, read_metrics
from sslse.train.state import FILE, PREVIOUS

CPU = torch.device("cpu")


def trained(tiny, registry, folder, *sets, say=print):
    trainer = prepare(tiny("train.log_every=1", *sets), registry, CPU, lambda _: None).trainer
    folder.mkdir(exist_ok=True)
    trainer.run(folder, say=say)
    return trainer


def figures(folder):
    lines = read_metrics(folder / "metrics.jsonl")
    return [{key: value for key, value in one.items() if key not in TIMING} for one in lines]


def flip(path):
    """Change one bit of a saved tensor."""
    with zipfile.ZipFile(path) as archive:
        record = archive.read(max(archive.infolist(), key=lambda one: one.file_size))
    content = bytearray(path.read_bytes())
    content[content.index(record) + len(record) // 2] ^= 1
    path.write_bytes(content)


@pytest.mark.training
@pytest.mark.parametrize("damage", ["flipped", "cut", "empty", "gone"])
def test_a_damaged_newest_state_falls_back_to_the_one_before(tiny, registry, tmp_path, damage):
    whole = trained(tiny, registry, tmp_path / "run")
    expected = figures(tmp_path / "run")
    newest = tmp_path / "run" / "resume" / FILE
    if damage == "gone":
        newest.unlink()
    elif damage == "flipped":
        flip(newest)
    else:
        newest.write_bytes(newest.read_bytes()[: 1000 * (damage == "cut")])
    said = []
    resumed = trained(tiny, registry, tmp_path / "run", say=said.append)
    warned = [one for one in said if f"{FILE}: is damaged" in one]
    assert len(warned) == (damage != "gone")
    assert all("the state before it, of step 11, is taken" in one for one in warned)
    assert figures(tmp_path / "run") == expected
    for name, value in whole.model.state_dict().items():
        assert torch.equal(resumed.model.state_dict()[name], value), name


def test_two_damaged_states_are_refused_with_advice(tiny, registry, tmp_path):
    trained(tiny, registry, tmp_path, "train.epochs=1")
    for name in (FILE, PREVIOUS):
        flip(tmp_path / "resume" / name)
    with pytest.raises(RunError, match=r"(?s)state.pt: is damaged.*previous.pt: is damaged.*again"):
        trained(tiny, registry, tmp_path, "train.epochs=1")


@pytest.mark.training
@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")  # noqa: PTH110
def test_a_full_disk_leaves_what_was_saved(tiny, registry, tmp_path):
    trained(tiny, registry, tmp_path / "whole")
    full = tmp_path / "run" / "resume" / f"{FILE}.partial"
    saved = []

    class Watch:
        """From the sixth line on, what is written for the state lands on a full disk."""

        def __call__(self, line):
            if line["step"] == 6:
                saved.append((full.parent / FILE).read_bytes())
                full.symlink_to("/dev/full")

    trainer = prepare(tiny("train.log_every=1"), registry, CPU, lambda _: None).trainer
    (tmp_path / "run").mkdir()
    with pytest.raises(OSError, match=rf"resume/{FILE}") as caught:
        trainer.run(tmp_path / "run", Watch())
    assert caught.value.errno == errno.ENOSPC
    assert trainer.saved == 5
    assert not full.is_symlink()
    assert (full.parent / FILE).read_bytes() == saved[0]
    trained(tiny, registry, tmp_path / "run")
    assert figures(tmp_path / "run") == figures(tmp_path / "whole")


@pytest.mark.training
def test_a_kill_between_the_two_renamings_loses_nothing(tiny, registry, tmp_path):
    trained(tiny, registry, tmp_path / "run")
    expected = figures(tmp_path / "run")
    resume = tmp_path / "run" / "resume"
    shutil.copy(resume / FILE, resume / f"{FILE}.partial")
    (resume / FILE).rename(resume / PREVIOUS)
    said = []
    trained(tiny, registry, tmp_path / "run", say=said.append)
    assert figures(tmp_path / "run") == expected
    assert said == []
