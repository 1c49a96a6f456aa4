"""Every component that is installed keeps the contracts."""

import pytest

from sslse.networks.dual_path import DualPathEncoder
from sslse.networks.fast_enhancer import FastEnhancerEncoder
from sslse.registry import discover
from sslse.testing import (
    check_augmentation,
    check_baseline,
    check_decoder,
    check_encoder,
    check_logger,
    check_metric,
    check_objective,
    check_predictor,
    check_schedule,
)
from sslse.testing.construct import make_context

CHECKS = {
    "objective": check_objective,
    "schedule": check_schedule,
    "augmentation": check_augmentation,
    "encoder": check_encoder,
    "predictor": check_predictor,
    "decoder": check_decoder,
    "metric": check_metric,
    "baseline": check_baseline,
    "logger": check_logger,
}
DUAL_PATH = {"linear_bands": 5, "erb_bands": 4, "channels": [2, 4], "units": 3, "blocks": 1}
FAST_ENHANCER = {"linear_bands": 2, "erb_bands": 1, "channels": 4, "width": 4, "heads": 2}
# Where the defaults are the paper's and slow, or a promise does not hold, and why.
ARGUMENTS = {
    # a queue that fills makes the task harder before the loss can fall
    ("objective", "moco_v2"): {"queue": 64, "learns": False},
    ("decoder", "conformer"): {"encoder": "conformer"},
    ("encoder", "dual_path"): {"hop": 16, **DUAL_PATH},
    ("decoder", "dual_path"): {
        "encoder": DualPathEncoder(make_context(), hop=16, **DUAL_PATH),
        **DUAL_PATH,
    },
    ("encoder", "fast_enhancer"): {"hop": 16, **FAST_ENHANCER},
    ("decoder", "fast_enhancer"): {
        "encoder": FastEnhancerEncoder(make_context(), hop=16, **FAST_ENHANCER),
        **FAST_ENHANCER,
    },
}
REGISTRY = discover()
SHIPPED = [
    (kind, one.name)
    for kind in CHECKS
    for one in REGISTRY.of_kind(kind)
    if one.plugin.distribution == "sslse"
]


def test_there_is_something_to_check():
    assert {kind for kind, _ in SHIPPED} == set(CHECKS)
    assert set(ARGUMENTS) <= set(SHIPPED)
    assert len(SHIPPED) >= 20


@pytest.mark.parametrize(("kind", "name"), SHIPPED)
def test_a_shipped_component_keeps_its_contract(kind, name):
    CHECKS[kind](name, **ARGUMENTS.get((kind, name), {}))
