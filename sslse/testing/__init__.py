"""Conformance kit: hold a component against the contracts of `sslse.api`, in any test framework.

Each check takes a class or the name it is registered under, and its options; it raises an
AssertionError that says in one sentence which rule is broken, what was seen and where to read::

    from sslse.testing import check_objective

    def test_conformance():
        check_objective(Mine, tau=0.5)

A check takes from half a second to five seconds of one core; a large network takes longer.

An option that is called like an argument of a check is set beforehand, with `functools.partial`.
"""

from sslse.testing.augmentation import check_augmentation
from sslse.testing.baseline import check_baseline
from sslse.testing.logger import check_logger
from sslse.testing.metric import check_metric
from sslse.testing.network import check_decoder, check_encoder, check_predictor
from sslse.testing.objective import check_objective
from sslse.testing.schedule import check_schedule

__all__ = [
    "check_augmentation",
    "check_baseline",
    "check_decoder",
    "check_encoder",
    "check_logger",
    "check_metric",
    "check_objective",
    "check_predictor",
    "check_schedule",
]
