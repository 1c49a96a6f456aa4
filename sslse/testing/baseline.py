"""`check_baseline`: what a baseline promises an evaluation."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from sslse.api import Baseline, Samples
from sslse.testing.construct import Target, construct, find
from sslse.testing.rules import hold, rule
from sslse.testing.stand_ins import SAMPLE_RATE, noise, tones
from sslse.testing.states import global_random, touched

CONTRACT = "sslse.api.Baseline"
SAMPLES = 16000
RATES = (8000, 22050, 48000)


def check_baseline(target: Target, /, **options: Any) -> None:
    """Hold a baseline against the contract of `sslse.api.Baseline`.

    Args:
        target: the class, or the name it is registered under.
        **options: of the baseline, as a recipe would say them.

    Raises:
        AssertionError: a rule is broken.
        RegistryError: no baseline of that name is installed.
    """
    label, component = find("baseline", target)
    hold(label, BaselineCase(component, options), BASELINE_RULES)


@dataclass(frozen=True)
class BaselineCase:
    """A baseline to check."""

    target: Callable[..., Any]
    options: Mapping[str, Any]

    @cached_property
    def usual(self) -> Baseline:
        """The baseline."""
        return self.make()

    def make(self) -> Baseline:
        """Construct it."""
        baseline: Baseline = construct(self.target, self.options, {})
        return baseline


def pair(number: int, samples: int = SAMPLES) -> tuple[Samples, Samples]:
    """Return tones in noise, and the tones."""
    clean: Samples = tones(1, samples, number)[0].numpy()
    sound: Samples = noise(samples, seed=number).numpy()
    return clean + np.float32(0.3) * sound, clean


@rule("is constructed from options by keyword", see="sslse.options")
def constructs(case: BaselineCase) -> str | None:
    """Construct it."""
    if not isinstance(case.usual, Baseline):
        return f"{type(case.usual).__name__} is no sslse.api.Baseline"
    return None if isinstance(case.usual.oracle, bool) else "oracle is no bool"


@rule("gives a finite wave as long as the mixture, at any rate", see=CONTRACT)
def shapes(case: BaselineCase) -> str | None:
    """Estimate waves of several lengths and rates."""
    cases = [(SAMPLES, SAMPLE_RATE), (12345, SAMPLE_RATE), *((SAMPLES, rate) for rate in RATES)]
    for samples, rate in cases:
        estimate = case.usual.estimate(*pair(0, samples), rate)
        if not isinstance(estimate, np.ndarray) or estimate.dtype.kind != "f":
            return f"the estimate is no array of floats but {type(estimate).__name__}"
        if estimate.shape != (samples,):
            return f"({samples},) at {rate} Hz became {estimate.shape}"
        if not np.isfinite(estimate).all():
            return f"NaN or infinity at {rate} Hz"
    return None


@rule("gives the same estimate of the same waves, whatever came before", see=CONTRACT)
def same_again(case: BaselineCase) -> str | None:
    """Estimate the same twice, something else between; then with another of the same."""
    before = global_random()
    first = case.usual.estimate(*pair(0), SAMPLE_RATE)
    if moved := touched(before):
        return f"it moved {moved[0]} global generator"
    case.usual.estimate(*pair(1, 9999), SAMPLE_RATE)
    if not np.array_equal(first, case.usual.estimate(*pair(0), SAMPLE_RATE)):
        return "an estimate between two of the same changed the second"
    if not np.array_equal(first, case.make().estimate(*pair(0), SAMPLE_RATE)):
        return "another of the same gives another estimate"
    return None


@rule("looks at the clean wave only if `oracle` says so", see=CONTRACT)
def honest(case: BaselineCase) -> str | None:
    """Give it another clean wave."""
    noisy, clean = pair(0)
    estimate = case.usual.estimate(noisy, clean, SAMPLE_RATE)
    other = case.usual.estimate(noisy, pair(1)[1], SAMPLE_RATE)
    if case.usual.oracle or np.array_equal(estimate, other):
        return None
    return "another clean wave gave another estimate, but oracle is False"


@rule("leaves the waves as they are", see=CONTRACT)
def pure(case: BaselineCase) -> str | None:
    """Compare the waves before and after."""
    waves = pair(0)
    case.usual.estimate(*waves, SAMPLE_RATE)
    same = all(np.array_equal(one, other) for one, other in zip(waves, pair(0), strict=True))
    return None if same else "a wave was changed in place"


@rule("gives finite waves or raises, also of silence and of soft and loud waves", see=CONTRACT)
def finite(case: BaselineCase) -> str | None:
    """Estimate odd waves."""
    noisy, clean = pair(0)
    silence = np.zeros_like(clean)
    partly = noisy.copy()
    partly[SAMPLES // 3 :] = 0
    odd = {
        "silence": (silence, silence),
        "noise without speech": (noisy, silence),
        "speech without noise": (clean, clean),
        "a wave that ends early": (partly, clean),
        "a constant wave": (np.full_like(clean, 0.1), silence),
        "waves at 1e-20": (1e-20 * noisy, 1e-20 * clean),
        "waves at 1e4": (1e4 * noisy, 1e4 * clean),
        "waves of 100 samples": pair(0, 100),
    }
    for name, waves in odd.items():
        try:
            estimate = case.usual.estimate(*waves, SAMPLE_RATE)
        except Exception:  # noqa: BLE001, S112 - allowed: there is no estimate
            continue
        if not np.isfinite(estimate).all():
            return f"{name} gave NaN or infinity"
    return None


@rule("says in its contract what is behind the estimate", see=CONTRACT)
def explained(case: BaselineCase) -> str | None:
    """Write the contract as JSON."""
    contract = case.usual.contract()
    if not isinstance(contract, dict) or not contract:
        return f"it is {contract!r}, no filled dict"
    json.dumps(contract, allow_nan=False)
    return None


BASELINE_RULES = (constructs, shapes, same_again, honest, pure, finite, explained)
