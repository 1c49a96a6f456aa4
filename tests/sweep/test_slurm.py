"""The sbatch script is a shell script, and its tasks are the runs."""

import os
import re
import shutil
import subprocess
import sys

import pytest

from sslse.sweep.plan import Member, Plan
from sslse.sweep.slurm import array_script


def script_of(folder, title="byol_sweep", device="auto", count=12):
    members = tuple(Member(f"byol,seed={number}", "byol", number) for number in range(count))
    return array_script(Plan(folder, title, members, device), folder)


@pytest.mark.parametrize("name", ["plain", "with space", "it's", 'a"b', "$HOME;x"])
def test_it_is_a_shell_script_that_runs_one_task(tmp_path, name):
    folder = tmp_path / name
    folder.mkdir()
    text = script_of(folder)
    assert re.search(r"^#SBATCH --array=0-11$", text, re.MULTILINE)
    assert text.startswith("#!/bin/bash\n")
    script = tmp_path / "script.sh"
    bash = shutil.which("bash")
    fake = tmp_path / "bin" / "python"
    fake.parent.mkdir()
    fake.write_text('#!/bin/sh\npwd\nprintf "%s\\n" "$@"\n')
    fake.chmod(0o755)
    script.write_text(text.replace(sys.executable, str(fake)))
    assert subprocess.run([bash, "-n", script], check=False).returncode == 0
    done = subprocess.run(
        [bash, script],
        env=os.environ | {"SLURM_ARRAY_TASK_ID": "7"},
        capture_output=True,
        text=True,
        check=True,
    )
    here, *words = done.stdout.splitlines()
    assert here == str(folder.resolve())
    assert words == ["-m", "sslse", "sweep", str(folder.resolve()), "--task", "7"]


def test_directives_are_of_one_line_and_whole(tmp_path):
    text = script_of(tmp_path / "a b", title='x"\n#SBATCH --nodes=9')
    lines = [line for line in text.splitlines() if line.startswith("#SBATCH")]
    assert not [line for line in lines if line.startswith("#SBATCH --nodes")]
    (output,) = [line for line in lines if "--output" in line]
    assert output.endswith('a b/logs/slurm-%A_%a.out"')


def test_a_gpu_is_asked_for_unless_the_device_is_the_cpu(tmp_path):
    assert "--gpus-per-node=1" in script_of(tmp_path)
    assert "--gpus" not in script_of(tmp_path, device="cpu")
