"""Every objective trains on the latents of every family."""

import pytest
import torch

from sslse.api import Progress, Weights
from sslse.build import build_step
from sslse.registry import discover
from sslse.train.step import Examples

SIZES = {
    "dual_path": {"linear_bands": 5, "erb_bands": 4, "channels": "[2, 4]", "units": 3, "blocks": 1},
    "fast_enhancer": {"linear_bands": 2, "erb_bands": 1, "channels": 4, "width": 4, "heads": 2},
}
OBJECTIVES = sorted({"barlow_twins", "byol", "moco_v2", "normal", "simclr", "simsiam", "swav"})


def test_no_objective_is_left_out():
    assert set(OBJECTIVES) <= set(discover().names("objective"))


@pytest.mark.parametrize("objective", OBJECTIVES)
@pytest.mark.parametrize("family", SIZES)
def test_every_objective_takes_the_latents(tiny, registry, family, objective):
    both = [
        f"{part}.{name}={size}"
        for part in ("encoder", "decoder")
        for name, size in SIZES[family].items()
    ]
    recipe = tiny(
        f"encoder={family}", f"decoder={family}", "encoder.hop=64", *both, f"objective={objective}"
    )
    model = build_step(recipe, registry)
    noisy = 0.1 * torch.randn(2, 4, 1024, generator=torch.Generator().manual_seed(0))
    clean = noisy.mean(0, keepdim=True).expand_as(noisy)
    progress = Progress(step=0, steps=4, steps_per_epoch=2)
    output = model(Examples(clean, noisy, torch.arange(4)), Weights(cl=1.0, se=1.0), progress)
    output.total.backward()
    with torch.no_grad():
        model.objective.after_step(model.encoder, output.carry, progress)
    gradients = [one.grad for one in model.encoder.parameters() if one.grad is not None]
    assert output.total.isfinite()
    assert all(one.isfinite().all() for one in gradients)
    assert (output.losses.cl is None) == (objective == "normal")
