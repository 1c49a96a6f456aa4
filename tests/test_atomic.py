import errno
import subprocess
import sys

import pytest

from sslse.atomic import write_whole

LIMITED = """
import resource, sys
from pathlib import Path
from sslse.atomic import write_whole
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
write_whole(Path(sys.argv[1]), b"new" * 1000)
"""


def test_the_new_content_takes_the_place_of_the_old(tmp_path):
    path, previous = tmp_path / "a.txt", tmp_path / "b.txt"
    for text in ("one", "two", "drei ö"):
        write_whole(path, text, previous=previous)
    assert path.read_bytes() == "drei ö".encode()
    assert previous.read_text() == "two"
    assert len(list(tmp_path.iterdir())) == 2


@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_what_fails_changes_nothing_and_leaves_nothing(tmp_path, monkeypatch, call):
    path = tmp_path / "a.txt"
    path.write_text("old")

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    where = "os.fsync" if call == "fsync" else "pathlib.Path.replace"
    monkeypatch.setattr(where, full)
    with pytest.raises(OSError, match=r"a\.txt") as caught:
        write_whole(path, "new")
    assert caught.value.errno == errno.ENOSPC
    assert caught.value.filename == str(path)
    assert path.read_text() == "old"
    assert [one.name for one in tmp_path.iterdir()] == ["a.txt"]


def test_a_limit_of_the_system_is_met_without_loss(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("old")
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, path], check=False, capture_output=True, text=True
    )
    assert "File too large" in done.stderr
    assert path.read_text() == "old"
    assert [one.name for one in tmp_path.iterdir()] == ["a.txt"]
