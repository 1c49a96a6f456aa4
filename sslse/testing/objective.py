"""`check_objective`: what an objective promises the trainer."""

from typing import Any

from sslse.testing.construct import Target, find
from sslse.testing.objective_bench import ObjectiveCase
from sslse.testing.objective_rules import ALWAYS
from sslse.testing.objective_training import WITH_LOSS
from sslse.testing.rules import hold


def check_objective(
    target: Target,
    /,
    *,
    symmetric: bool = True,
    learns: bool = True,
    draws: bool = False,
    **options: Any,
) -> None:
    """Hold an objective against the contract of `sslse.api.Objective`.

    It is tried with a small encoder and predictor, on batches of 1, 2, 3 and 7 crops with two and
    three views; at the construction it may refuse a single crop or a third view (OptionError).

    Args:
        target: the class, or the name it is registered under.
        symmetric: whether the order of the views leaves the loss as it is; in the mean over draws
            where it draws.
        learns: whether the loss falls while it is trained on one batch; not so where it rises
            first, as with a queue that fills.
        draws: whether forward draws from torch's global generator, which the trainer seeds for
            every step; dropout modules need no such word.
        **options: of the objective, as a recipe would say them.

    Raises:
        AssertionError: a rule is broken.
        RegistryError: no objective of that name is installed.
    """
    label, component = find("objective", target)
    case = ObjectiveCase(component, options, symmetric, learns, draws)
    hold(label, case, ALWAYS)
    if case.bench().outcome().loss is not None:
        hold(label, case, WITH_LOSS)
