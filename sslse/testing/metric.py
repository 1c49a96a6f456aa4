"""`check_metric`: what a metric promises an evaluation."""

import json
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np

from sslse.api import Metric, Samples
from sslse.audio import resample
from sslse.evaluate.answers import undeclared
from sslse.evaluate.scoring import score
from sslse.golden import SAMPLE_RATE, golden_pair
from sslse.testing.construct import Target, construct, find
from sslse.testing.rules import hold, rule

CONTRACT = "sslse.api.Metric"
RATES = (8000, SAMPLE_RATE, 44100)  # Hz, where any will do
OTHER_RATES = (12345, 23456)  # Hz, which nobody has
RATIOS = (20.0, 0.0, -20.0)  # dB, of the estimates
SECONDS = 2.5
SLACK = 1e-6  # by which rounding may leave the range


def check_metric(target: Target, /, *, orders: bool = True, **options: Any) -> None:
    """Hold a metric against the contract of `sslse.api.Metric`.

    It is tried on a sentence of the demo speech under noise.

    Args:
        target: the class, or the name it is registered under.
        orders: whether speech under less noise scores better; not so for a measure of something
            else.
        **options: of the metric, as a recipe would say them.

    Raises:
        AssertionError: a rule is broken.
        RegistryError: no metric of that name is installed.
    """
    label, component = find("metric", target)
    hold(label, MetricCase(component, options, orders), METRIC_RULES)


@dataclass(frozen=True)
class MetricCase:
    """A metric to check."""

    target: Callable[..., Any]
    options: Mapping[str, Any]
    orders: bool

    @cached_property
    def usual(self) -> Metric:
        """The metric."""
        return self.make()

    def make(self) -> Metric:
        """Construct the metric."""
        metric: Metric = construct(self.target, self.options, {})
        return metric

    @cached_property
    def pair(self) -> tuple[Samples, Samples]:
        """Clean speech and noise of the same power, at 16 kHz."""
        clean, noisy = (wave[: int(SECONDS * SAMPLE_RATE)] for wave in golden_pair())
        noise = noisy - clean
        return clean, noise * np.float32(np.linalg.norm(clean) / np.linalg.norm(noise))

    def rates(self) -> tuple[int, ...]:
        """Return the rates to try."""
        return RATES if self.usual.rates is None else self.usual.rates

    def speech(self, sample_rate: int) -> Samples:
        """Return the clean speech at a rate, a new array each time."""
        return resample(self.pair[0], SAMPLE_RATE, sample_rate).copy()

    def mixture(self, snr_db: float, sample_rate: int) -> Samples:
        """Return the speech under noise at a rate."""
        clean, noise = self.pair
        mixed = clean + np.float32(10 ** (-snr_db / 20)) * noise
        return resample(mixed, SAMPLE_RATE, sample_rate)

    @cached_property
    def values(self) -> dict[int, list[float]]:
        """The scores of speech under little and much noise, by rate."""
        return {
            rate: [self.score(self.mixture(snr_db, rate), rate) for snr_db in RATIOS]
            for rate in self.rates()
        }

    def score(self, estimate: Samples, sample_rate: int) -> float:
        """Score an estimate made from the mixture at 0 dB."""
        noisy = self.mixture(0.0, sample_rate)
        return self.usual.score(self.speech(sample_rate), estimate, noisy, sample_rate)

    def outside(self, value: Any) -> str | None:
        """Say what is wrong with a value."""
        least, greatest = self.usual.range
        if not isinstance(value, float):
            return f"gave {type(value).__name__} {value!r}, no float"
        if math.isnan(value):
            return "gave NaN"
        if not least - SLACK <= value <= greatest + SLACK:
            return f"gave {value:.6g}, outside {least:g} to {greatest:g}"
        return None


@rule("is constructed from options by keyword, without wiring", see="sslse.options")
def constructs(case: MetricCase) -> str | None:
    """Construct it."""
    made = case.usual
    return None if isinstance(made, Metric) else f"{type(made).__name__} is no sslse.api.Metric"


@rule("says which direction is better, its unit, its range and its rates", see=CONTRACT)
def declares(case: MetricCase) -> str | None:
    """Look at the attributes."""
    return undeclared(case.usual)


@rule("has a contract that JSON can hold, the same for the same options", see=CONTRACT)
def says(case: MetricCase) -> str | None:
    """Write it and read it again; ask another of the same."""
    contract = case.usual.contract()
    if not isinstance(contract, dict) or not contract:
        return f"it is {contract!r}"
    if json.loads(json.dumps(contract, allow_nan=False)) != contract:
        return "it comes back from JSON as something else"
    return None if case.make().contract() == contract else "another of the same says other things"


@rule("gives a number in its range at each of its rates", see=CONTRACT)
def stays(case: MetricCase) -> str | None:
    """Score speech under little and much noise."""
    for rate, values in case.values.items():
        for snr_db, value in zip(RATIOS, values, strict=True):
            if seen := case.outside(value):
                return f"at {snr_db:g} dB and {rate} Hz it {seen}"
    return None


@rule("scores speech under less noise better", see=CONTRACT)
def tells(case: MetricCase) -> str | None:
    """Compare the scores of speech under little and much noise."""
    if not case.orders:
        return None
    sign = 1 if case.usual.better == "higher" else -1
    for rate, values in case.values.items():
        if not all(sign * one > sign * two for one, two in pairwise(values)):
            said = ", ".join(f"{one:.6g}" for one in values)
            return f"at {', '.join(f'{one:g}' for one in RATIOS)} dB and {rate} Hz it gave {said}"
    return None


@rule("gives the same score for the same waves, whatever it scored before", see=CONTRACT)
def repeats(case: MetricCase) -> str | None:
    """Score twice, others between, as an evaluation does; score with another of the same."""
    rate = case.rates()[0]
    clean, noisy = case.speech(rate), case.mixture(0.0, rate)

    def once(metric: Metric) -> float:
        return score({"it": metric}, clean, case.mixture(10.0, rate), noisy, rate).values["it"]

    first = once(case.usual)
    case.score(case.mixture(-10.0, rate), rate)
    values = [once(case.usual), once(case.make())]
    return next((f"it gave {first!r}, then {one!r}" for one in values if one != first), None)


@rule("leaves the waves as they are", see=CONTRACT)
def reads(case: MetricCase) -> str | None:
    """Compare the waves before and after."""
    rate = case.rates()[0]
    waves = (case.speech(rate), case.mixture(10.0, rate), case.mixture(0.0, rate))
    given = [wave.copy() for wave in waves]
    case.usual.score(given[0], given[1], given[2], rate)
    for name, one, other in zip(("clean", "estimate", "noisy"), waves, given, strict=True):
        if not np.array_equal(one, other):
            return f"it changed the {name} wave"
    return None


@rule("raises where it has no score, and gives no number outside its range", see=CONTRACT)
def refuses(case: MetricCase) -> str | None:
    """Score odd estimates, and waves that are very short."""
    rate = case.rates()[0]
    clean = case.speech(rate)
    for name, one, estimate in odd_waves(clean, case.mixture(0.0, rate), rate):
        try:
            value = case.usual.score(one, estimate, estimate, rate)
        except Exception:  # noqa: BLE001, S112 - it is what it is to do; packages raise any kind
            continue
        if seen := case.outside(value):
            return f"of {name} it {seen}"
    return None


@rule("refuses other rates than its own", see=CONTRACT)
def refuses_rates(case: MetricCase) -> str | None:
    """Score at a rate that it does not name."""
    rates = case.usual.rates
    if rates is None:
        return None
    rate = next(one for one in OTHER_RATES if one not in rates)
    clean, noisy = case.speech(rates[0]), case.mixture(0.0, rates[0])
    try:
        value = case.usual.score(clean, noisy, noisy, rate)
    except Exception:  # noqa: BLE001 - it is what it is to do
        return None
    return f"at {rate} Hz it gave {value!r}"


METRIC_RULES = (
    constructs,
    declares,
    says,
    stays,
    tells,
    reads,
    repeats,
    refuses,
    refuses_rates,
)


def odd_waves(
    clean: Samples, noisy: Samples, sample_rate: int
) -> Iterator[tuple[str, Samples, Samples]]:
    """Yield what it is, a clean wave and an estimate that may have no score."""
    short = sample_rate // 10
    middle = min(int(np.abs(clean).argmax()), len(clean) - short)
    cut = slice(middle, middle + short)
    yield "the clean wave itself", clean, clean
    yield "the clean wave upside down", clean, -clean
    yield "a constant estimate", clean, np.full_like(clean, 0.1)
    yield "a constant clean wave", np.full_like(clean, 0.1), noisy
    yield "an estimate with an offset", clean, noisy + np.float32(0.5)
    click = np.zeros_like(clean)
    click[middle] = 0.5
    yield "a click as clean wave", click, noisy
    yield "a click as estimate", clean, click
    yield "a clipped estimate", clean, np.clip(1000 * noisy, -1, 1)
    yield "a soft estimate", clean, noisy * np.float32(1e-10)
    yield "soft waves", clean * np.float32(1e-10), noisy * np.float32(1e-10)
    yield "a loud estimate", clean, noisy * np.float32(1000)
    yield "waves of 0.1 s", clean[cut], noisy[cut]
    yield "waves of ten samples", clean[middle : middle + 10], noisy[middle : middle + 10]
    yield "waves of one sample", clean[middle : middle + 1], noisy[middle : middle + 1]
