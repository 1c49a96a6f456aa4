"""What launchers say of a process."""

import pytest
from torch.distributed.elastic.multiprocessing.errors import ChildFailedError, ProcessFailure

from sslse.errors import RunError
from sslse.places import Place, find_place, started_by, tell_torchrun

TORCHRUN = {"RANK": "5", "WORLD_SIZE": "8", "LOCAL_RANK": "1"}
SLURM = {
    "SLURM_PROCID": "3",
    "SLURM_STEP_NUM_TASKS": "4",
    "SLURM_LOCALID": "1",
    "SLURM_STEP_NODELIST": "gpu[07-09,12],big1",
    "SLURM_JOB_ID": "41234",
    "SLURM_STEP_ID": "2",
}


def test_the_launchers_say_who_a_process_is():
    assert find_place({}) is None
    assert find_place(TORCHRUN) == Place(5, 8, 1, "env://")
    place = find_place(SLURM)
    assert place == Place(3, 4, 1, "tcp://gpu07:21236", devices_shown=True)
    assert find_place(SLURM | TORCHRUN).world == 8
    own = SLURM | {"MASTER_ADDR": "10.0.0.1", "MASTER_PORT": "1234"}
    assert find_place(own).meeting == "tcp://10.0.0.1:1234"


def test_a_batch_script_is_one_process():
    assert find_place({"SLURM_PROCID": "0", "SLURM_NTASKS": "4"}) is None


@pytest.mark.parametrize(
    ("nodes", "first"),
    [("node1", "node1"), ("a-1,b-2", "a-1"), ("n[3]", "n3"), ("r[01,05]c", "r01c")],
)
def test_the_first_machine_of_slurms_list(nodes, first):
    place = find_place(SLURM | {"SLURM_STEP_NODELIST": nodes})
    assert place.meeting == f"tcp://{first}:21236"


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"RANK": "8"}, "the launcher says rank 8 of 8 processes"),
        ({"RANK": "x"}, "RANK=x: is no number; it is the launcher's to set"),
    ],
)
def test_what_a_launcher_cannot_mean_is_refused(changed, message):
    with pytest.raises(RunError, match=f"^{message}$"):
        find_place(TORCHRUN | changed)


ELASTIC = TORCHRUN | {"TORCHELASTIC_RUN_ID": "none", "LOCAL_WORLD_SIZE": "4"}


@pytest.mark.parametrize(
    ("environment", "words", "note"),
    [
        ({}, "sslse", ""),
        ({"SLURM_PROCID": "0", "SLURM_NTASKS": "4"}, "sslse", ""),
        (ELASTIC | {"GROUP_WORLD_SIZE": "1"}, "torchrun --nproc-per-node 4 -m sslse", ""),
        (
            SLURM | ELASTIC | {"GROUP_WORLD_SIZE": "2"},
            "torchrun --nnodes 2 --nproc-per-node 4 -m sslse",
            "on every machine, with its --rdzv options",
        ),
        (
            SLURM,
            "srun --kill-on-bad-exit=1 python -m sslse",
            "in a job like this one; or submit its script again",
        ),
    ],
)
def test_what_started_a_process_starts_it_again(environment, words, note):
    assert started_by(environment) == (words.split(), note)


def test_torchrun_ends_in_why_a_process_ended(tmp_path):
    file = tmp_path / "error.json"
    tell_torchrun({}, "not told to anyone")
    tell_torchrun({"TORCHELASTIC_ERROR_FILE": str(file)}, "no memory\ncontinue with: torchrun ...")
    failure = ProcessFailure(local_rank=0, pid=1, exitcode=75, error_file=str(file))
    said = str(ChildFailedError("sslse", {0: failure})).splitlines()
    assert said[-3].endswith(" : no memory")
    assert said[-2].strip() == "continue with: torchrun ..."
    assert set(said[-1]) == {"="}
    tell_torchrun({"TORCHELASTIC_ERROR_FILE": str(tmp_path / "gone" / "error.json")}, "no matter")
