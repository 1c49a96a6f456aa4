"""An evaluation shared over two processes, against one process."""

import os
import socket
import subprocess
import sys

import pytest

from sslse import ranks
from sslse.device import usable_cores
from sslse.evaluate.mixtures import Mixture
from sslse.evaluate.scoring import Scores
from sslse.evaluate.unfinished import FILE, FILES, Unfinished, finish

NAMES = ("manifest.json", "evaluation.csv", "evaluation.json")
SETS = (
    *("train.epochs=1", "train.optimizer=sgd", "train.precision=float32"),
    *("evaluate.utterances=5", "evaluate.snr_db=[-5, 5]", "evaluate.batch_size=3"),
)
CORES = """
import sys, torch
from sslse import ranks
with ranks.joined(torch.device("cpu")):
    found = ranks.cores()
    with ranks.meeting() as collect:
        print(found, collect(ranks.rank()), ranks.shares())
"""


def together(folder, *arguments):
    """Start two ranks as a launcher would; return what each said."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port = str(one.getsockname()[1])
    started = []
    for rank in range(2):
        own = {"RANK": str(rank), "LOCAL_RANK": str(rank), "WORLD_SIZE": "2"}
        meeting = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port}
        quick = {"OMP_NUM_THREADS": "1", "TORCH_CPP_LOG_LEVEL": "ERROR"}
        with (folder / f"{rank}.txt").open("w") as said:
            started.append(
                subprocess.Popen(
                    [sys.executable, *arguments],
                    stdout=said,
                    stderr=said,
                    env=os.environ | own | meeting | quick,
                )
            )
    codes = [one.wait() for one in started]
    texts = [(folder / f"{rank}.txt").read_text() for rank in range(2)]
    assert codes == [0, 0], texts
    return texts


@pytest.mark.processes
def test_two_ranks_write_the_bytes_of_one_process(tmp_path, tiny_sets, tiny_cache):
    run = tmp_path / "run"
    sets = [*tiny_sets, *SETS, f"data.cache={tiny_cache}"]
    chosen = [part for text in sets for part in ("--set", text)]
    where = ("--out", str(run), "--device", "cpu")
    first, second = together(tmp_path, "-m", "sslse", "run", "quickstart", *chosen, *where)
    assert "10 test mixtures" in first
    assert second == ""
    shared = [(run / name).read_bytes() for name in NAMES]
    assert not list(run.glob(FILES))
    again = ("-m", "sslse", "evaluate", str(run), "--device", "cpu")
    for name in NAMES:
        (run / name).unlink()
    alone = os.environ | {"OMP_NUM_THREADS": "1"}
    subprocess.run([sys.executable, *again], env=alone, check=True, capture_output=True)
    assert [(run / name).read_bytes() for name in NAMES] == shared
    texts = together(tmp_path, *again)
    assert texts[1] == ""
    assert [(run / name).read_bytes() for name in NAMES] == shared


@pytest.mark.processes
def test_ranks_of_one_machine_share_its_cores(tmp_path):
    expected = max(1, usable_cores() // 2)
    texts = together(tmp_path, "-c", CORES)
    assert texts == [f"{expected} [0, 1] ({rank}, 2)\n" for rank in range(2)]


def test_one_process_has_all_cores_and_all_work():
    assert ranks.cores() == usable_cores()
    assert ranks.shares() == (0, 1)
    with ranks.meeting() as collect:
        assert collect("x") == ["x"]


@pytest.mark.parametrize("reader", [0, 1, 2])
def test_every_rank_begins_with_the_rows_of_all(tmp_path, monkeypatch, reader):
    def as_rank(number):
        monkeypatch.setattr(ranks, "rank", lambda: number)
        return Unfinished(tmp_path, {"model": "m"})

    mixtures = [Mixture("s", 0, "n", 0, 0.0, 1.0, "", "", f"c{one}", "n") for one in range(4)]
    scores = [{"noisy": Scores({"si_sdr": float(one)}, {})} for one in range(4)]
    writers = [as_rank(0), as_rank(1)]
    for number, one in enumerate(mixtures):
        writers[number % 2].add(number, one, scores[number])
    assert {one.name for one in tmp_path.iterdir()} == {FILE, "evaluation.partial.1.jsonl"}
    found = as_rank(reader)
    assert [found.get(number, one) for number, one in enumerate(mixtures)] == scores
    monkeypatch.setattr(ranks, "rank", lambda: 0)
    assert Unfinished(tmp_path, {"model": "other"}).get(0, mixtures[0]) is None
    finish(tmp_path)
    assert not list(tmp_path.iterdir())
