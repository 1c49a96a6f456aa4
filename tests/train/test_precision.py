from functools import partialmethod

import pytest
import torch

from sslse.device import lowers_precision
from sslse.nn.conformer import ConformerBlock
from sslse.prepare import _blocks, prepare
from sslse.train.log import read_metrics

CPU = torch.device("cpu")


def ready(recipe, registry):
    return prepare(recipe, registry, CPU, lambda _: None).trainer


@pytest.mark.parametrize("objective", ["byol", "simclr", "swav", "barlow_twins"])
def test_bfloat16_gives_nearly_the_losses_of_float32(tiny, registry, objective):
    totals = []
    for precision in ("float32", "bfloat16"):
        recipe = tiny(f"objective={objective}", "schedule=mix", f"train.precision={precision}")
        trainer = ready(recipe, registry)
        output, _ = trainer.step(0)
        assert output.losses.se.dtype == output.losses.cl.dtype == torch.float32
        assert all(one.dtype == torch.float32 for one in trainer.model.parameters())
        totals.append((output.losses.cl.item(), output.losses.se.item()))
    assert totals[0] != totals[1], "autocast was on"
    assert totals[1] == pytest.approx(totals[0], rel=0.05, abs=0.02)


@pytest.mark.training
def test_bfloat16_trains_as_well(tiny, registry, tmp_path):
    ends = []
    for precision in ("float32", "bfloat16"):
        folder = tmp_path / precision
        folder.mkdir()
        sets = ("objective=normal", "schedule=se", "train.epochs=20", "train.learning_rate=5e-3")
        ready(tiny(*sets, f"train.precision={precision}"), registry).run(folder)
        lines = read_metrics(folder / "metrics.jsonl")
        ends.append(sum(line["se"] for line in lines[-10:]) / 10)
    assert ends[1] == pytest.approx(ends[0], abs=0.3)


def test_auto_is_float32_on_a_cpu(tiny):
    assert tiny().train.precision == "auto"
    assert not lowers_precision("auto", CPU)
    assert lowers_precision("bfloat16", CPU)


@pytest.mark.filterwarnings("default")  # torch's own, while it traces
def conformers(network):
    return [one for one in network.modules() if isinstance(one, ConformerBlock)]


# torch hides it by itself, but for where warnings are errors.
@pytest.mark.training
@pytest.mark.filterwarnings("ignore:The .grad attribute of a Tensor that is not a leaf")
def test_compiled_networks_train_to_the_same_losses(tiny, registry, monkeypatch):
    """Traced as always; the code is then run as it is, which takes seconds, not a minute."""
    traced = partialmethod(torch.nn.Module.compile, backend="eager")
    monkeypatch.setattr(torch.nn.Module, "compile", traced)
    outputs = []
    for compiled in ("false", "true"):
        trainer = ready(tiny(f"train.compile={compiled}", "schedule=mix"), registry)
        outputs.append([trainer.step(step)[0].total.item() for step in range(2)])
    assert outputs[1] == pytest.approx(outputs[0], rel=1e-4)
    model = trainer.model
    networks = (model.encoder, model.decoder, model.objective.predictor)
    for block in (*model.encoder.down, *(block for one in networks for block in conformers(one))):
        assert block._compiled_call_impl is not None
    assert all(network._compiled_call_impl is None for network in networks)
    assert not any("_orig_mod" in name for name in model.state_dict())


def test_blocks_are_compiled_where_they_are_most_of_a_network():
    small, large = torch.nn.Linear(2, 2), torch.nn.Linear(9, 9)
    nested = torch.nn.ModuleList([torch.nn.ModuleList([large]), torch.nn.ModuleList([small])])
    assert _blocks(torch.nn.Sequential(nested)) == [large, small]
    assert _blocks(torch.nn.ModuleDict({"few": torch.nn.ModuleList([small]), "most": large})) == []
    assert _blocks(large) == []
