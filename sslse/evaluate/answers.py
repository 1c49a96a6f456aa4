"""Ask metrics and baselines: they get copies of the waves, and give plain values."""

import math
from typing import Any

import numpy as np
from torch import Tensor

from sslse.api import Baseline, Metric, Samples
from sslse.errors import ContractError
from sslse.wording import show_kind


def score_of(
    metric: Metric, clean: Samples, estimate: Samples, noisy: Samples, sample_rate: int
) -> float:
    """Return a metric's score; the waves stay as they are, whatever it does.

    Raises:
        ContractError: it changed a wave it was lent, or gave no number.
        Exception: whatever it raises where there is no score.
    """
    waves = {"clean wave": clean, "estimate": estimate, "noisy wave": noisy}
    lent = [one.copy() for one in waves.values()]
    given: Any = metric.score(lent[0], lent[1], lent[2], sample_rate)
    _refuse_changes("score()", waves, lent)
    value = _untyped(given)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ContractError(f"score() gave {show_kind(given)}; possible: one number, a float")
    return float(value)


def estimate_of(baseline: Baseline, noisy: Samples, clean: Samples, sample_rate: int) -> Samples:
    """Return a baseline's estimate, float32; the waves stay as they are, whatever it does.

    Raises:
        ContractError: it changed a wave it was lent, or gave no wave of floats as long as it.
        Exception: whatever it raises where there is no estimate.
    """
    waves = {"noisy wave": noisy, "clean wave": clean}
    lent = [one.copy() for one in waves.values()]
    given: Any = baseline.estimate(lent[0], lent[1], sample_rate)
    _refuse_changes("estimate()", waves, lent)
    estimate = np.array(given)  # a copy: what it gave may be its own to write to
    if estimate.dtype.kind != "f":
        raise ContractError(
            f"estimate() gave {show_kind(given)}; possible: a numpy array of floats"
        )
    if estimate.shape != clean.shape:
        raise ContractError(f"the estimate has the shape {estimate.shape}, not {clean.shape}")
    return estimate.astype(np.float32, copy=False)


def contract_of(component: Metric | Baseline) -> dict[str, Any]:
    """Return a component's contract as plain values, numbers of numpy and torch made plain.

    Raises:
        ContractError: it is no dict, or JSON cannot hold it.
    """
    given: Any = component.contract()
    if not isinstance(given, dict):
        raise ContractError(f"contract() gave {show_kind(given)}; possible: a dict")
    plain: dict[str, Any] = _plain(given, "")
    return plain


def undeclared(metric: Metric) -> str | None:
    """Say which of a metric's attributes is not what it is to be; None where all are."""
    if metric.better not in ("higher", "lower"):
        return f"better is {metric.better!r}, not 'higher' or 'lower'"
    if not isinstance(metric.unit, str):
        return f"unit is {metric.unit!r}, no text"
    span, rates = metric.range, metric.rates
    numbers = isinstance(span, tuple) and all(isinstance(one, int | float) for one in span)
    if not numbers or len(span) != 2 or not span[0] < span[1]:  # noqa: PLR2004 - from, to
        return f"range is {span!r}, not a least and a greatest number"
    if rates is not None and not (rates and all(isinstance(one, int) for one in rates)):
        return f"rates is {rates!r}, neither None nor rates in Hz"
    return None


def _refuse_changes(method: str, waves: dict[str, Samples], lent: list[Samples]) -> None:
    for (name, wave), one in zip(waves.items(), lent, strict=True):
        if not np.array_equal(wave, one, equal_nan=True):
            raise ContractError(
                f"{method} changes the {name} it is lent; possible: a new array, such as "
                "wave = wave / peak in place of wave /= peak"
            )


def _untyped(value: Any) -> Any:
    """Return numbers of numpy and torch, and arrays of them, as Python's own."""
    return value.tolist() if isinstance(value, Tensor | np.ndarray | np.generic) else value


def _plain(given: Any, path: str) -> Any:
    value = _untyped(given)
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, float) and math.isfinite(value):
        return value
    if isinstance(value, list | tuple):
        return [_plain(one, f"{path}[{place}]") for place, one in enumerate(value)]
    if isinstance(value, dict) and all(isinstance(key, str) for key in value):
        return {key: _plain(one, f"{path}[{key!r}]") for key, one in value.items()}
    raise ContractError(
        f"contract(){path} is {show_kind(given)}, which JSON cannot hold; possible: text, finite "
        "numbers, True, False, None, lists of them, and dicts of them by text"
    )
