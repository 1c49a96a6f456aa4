"""Runs killed at random moments end in the numbers of the run that was left alone.

``SSLSE_KILLS`` is the number of kills (5 without it), ``SSLSE_KILLS_SEED`` their seed (0).
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from sslse.prepare import prepare
from sslse.train.log import TIMING, read_metrics

pytestmark = pytest.mark.processes

SCRIPT = Path(__file__).with_name("killing.py")
SAME = ("model.safetensors", "evaluation.json", "evaluation.csv", "recipe.yaml", "material.json")
KILLS = (("SSLSE_KILLS", "5"), ("SSLSE_KILLS_SEED", "0"))


def figures(folder, file="metrics.jsonl"):
    lines = read_metrics(folder / file)
    return [{key: value for key, value in one.items() if key not in TIMING} for one in lines]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_run_killed_at_any_moment_ends_in_the_numbers_of_the_undisturbed_one(
    tiny, registry, tiny_sets, tiny_cache, tmp_path
):
    prepare(tiny(), registry, torch.device("cpu"), print)  # the corpora are packed beforehand
    kills, seed = (os.environ.get(name, default) for name, default in KILLS)
    sets = (*tiny_sets, "train.log_every=1", "evaluate.every=1", f"data.cache={tiny_cache}")
    run = ["run", "quickstart", *(part for text in sets for part in ("--set", text))]
    process = subprocess.run(
        [sys.executable, SCRIPT, tmp_path, kills, seed, "--", *run],
        check=False,
        capture_output=True,
        text=True,
        env=os.environ | {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"},
    )
    assert process.returncode == 0, process.stderr
    found = json.loads(process.stdout.splitlines()[-1])
    assert len(found["moments"]) == int(kills)
    whole = tmp_path / "whole"
    assert figures(whole)[-1]["step"] == len(figures(whole)) == 12
    assert [one["step"] for one in figures(whole, "scores.jsonl")] == [0, 3, 6, 9, 12]
    print(json.dumps(found))
    for number in range(found["runs"]):
        run = tmp_path / f"run{number}"
        for file in ("metrics.jsonl", "scores.jsonl"):
            assert figures(run, file) == figures(whole, file), (file, found)
        for name in SAME:
            assert (run / name).read_bytes() == (whole / name).read_bytes(), (name, found)
        assert not [one for one in run.rglob("*") if one.name in ("lock", "state.pt.partial")]
