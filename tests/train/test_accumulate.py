import pytest
import torch

from sslse.prepare import prepare
from sslse.registry import discover

CPU = torch.device("cpu")
ROUND = "{name: round, period: 1, cl: 0.01}"
FIRST = [("byol", ROUND), ("simclr", "gradnorm")]
OTHERS = [(name, ROUND) for name in discover().names("objective") if name != "byol"]
SMALL = {"moco_v2": "{name: moco_v2, queue: 512}"}


def ready(recipe, registry):
    return prepare(recipe, registry, CPU, lambda _: None).trainer


@pytest.mark.training
@pytest.mark.parametrize(
    ("objective", "schedule"),
    [*(pytest.param(*one, marks=pytest.mark.smoke) for one in FIRST), *OTHERS],
)
def test_slices_train_as_the_whole_batch_does(tiny, registry, objective, schedule):
    curves = []
    for count in (1, 4):
        chosen = SMALL.get(objective, objective)
        sets = (f"objective={chosen}", f"schedule={schedule}", f"train.accumulate={count}")
        plain = ("train.optimizer=sgd", "train.learning_rate=0.01", "train.precision=float32")
        trainer = ready(tiny(*sets, *plain, "train.gradient_cosine_every=4"), registry)
        curves.append([trainer.step(step)[0].total.item() for step in range(5)])
    assert curves[1] == pytest.approx(curves[0], rel=1e-5, abs=1e-5)


def test_the_networks_see_a_slice_at_a_time_and_the_objective_all(tiny, registry):
    trainer = ready(tiny("train.accumulate=3", "schedule=mix"), registry)
    seen = {"encoder": [], "decoder": []}
    for part, rows in seen.items():
        module = getattr(trainer.model, part)
        module.register_forward_pre_hook(lambda _, given, rows=rows: rows.append(len(given[0])))
    output, _ = trainer.step(0)
    # Two views of 24 utterances, once forward and once again in the backward pass.
    assert seen == {"encoder": [16] * 6, "decoder": [16] * 6}
    assert output.latent.shape[:2] == (2, 24)


def kept_bytes(trainer):
    """Bytes that a forward pass keeps for its backward pass."""
    progress = trainer.progress(0)
    kept = {}

    def keep(tensor):
        kept[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage().nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        output = trainer.model(
            trainer.examples(0), trainer.model.schedule.weights(progress), progress
        )
    assert output.total.requires_grad
    return sum(kept.values())


def test_less_is_kept_for_the_backward_pass(tiny, registry):
    whole, sliced = (
        kept_bytes(ready(tiny("objective=normal", f"train.accumulate={count}"), registry))
        for count in (1, 8)
    )
    assert sliced < whole / 3
