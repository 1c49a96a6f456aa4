import importlib.util

import pytest
import torch

from sslse.errors import DependencyError
from sslse.prepare import prepare
from sslse.train.log import read_metrics

CPU = torch.device("cpu")


# TensorBoard's own reader uses what its dependencies have deprecated.
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
def test_events_hold_what_the_log_holds(tiny, registry, tmp_path):
    recipe = tiny("train.tensorboard=true", "train.epochs=2")
    prepare(recipe, registry, CPU, print).trainer.run(tmp_path)
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator(str(tmp_path / "tensorboard"))
    events.Reload()
    for name in ("loss", "cl", "weight_cl", "latent/std"):
        logged = {line["step"]: line[name] for line in read_metrics(tmp_path / "metrics.jsonl")}
        assert {one.step: one.value for one in events.Scalars(name)} == pytest.approx(logged)


def test_without_the_package_the_run_does_not_start(tiny, registry, monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(DependencyError, match=r"pip install 'sslse\[tensorboard\]'"):
        prepare(tiny("train.tensorboard=true"), registry, CPU, print)
