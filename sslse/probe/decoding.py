"""Decode a fact from latents: plan a probe, fit it for every encoder, score it."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from sslse.api import Encoder
from sslse.probe.bootstrap import accuracy, explained_variance
from sslse.probe.estimates import Scored, estimate_values, finite
from sslse.probe.features import pooled_latents
from sslse.probe.linear import hold_out, probe_class, probe_number
from sslse.probe.mixtures import Mixtures, Sources, draw_mixtures, make_waves
from sslse.probe.splits import Side, Split, split_by_noise, split_by_snr, split_by_speaker
from sslse.seeds import generator

LEAST_OF_A_CLASS = 4
SPLITS = {"noise_kind": split_by_noise, "snr": split_by_snr, "speaker": split_by_speaker}
TITLES = {"noise_kind": "noise kind", "snr": "SNR", "speaker": "speaker"}


@dataclass(frozen=True)
class Planned:
    """A probe whose mixtures are drawn."""

    name: str
    split: Split
    train: Mixtures
    test: Mixtures
    seed: int

    def __len__(self) -> int:
        return len(self.train) + len(self.test)

    def labels(self, side: Mixtures) -> list[str]:
        """Return the class of every mixture of a side."""
        return side.speech_labels if self.name == "speaker" else side.noise_labels

    def held(self) -> Tensor:
        """Choose the training items that choose the penalty, as new as the test's: see protocol."""
        groups = self.train.noises if self.name == "snr" else self.train.utterances
        strata = self.train.speech_labels if self.name == "speaker" else [""] * len(groups)
        return hold_out(groups, strata, generator("cpu", self.seed, "probe", self.name, "held"))


def plan_probe(name: str, sources: Sources, seed: int, mixtures: int) -> Planned:
    """Split the material of a probe and draw its mixtures.

    Args:
        name: ``noise_kind``, ``snr`` or ``speaker``.
        sources: the material.
        seed: of every draw.
        mixtures: for training, at least 4 of each class; for testing half as many.

    Raises:
        UnusableProbeError: the material does not allow it.
    """
    split = SPLITS[name](sources.speech, sources.noise, sources.samples, seed)
    count = max(mixtures, LEAST_OF_A_CLASS * len(split.classes))

    def draw(side: Side, label: str, count: int) -> Mixtures:
        return draw_mixtures(sources, side, count, generator("cpu", seed, "probe", name, label))

    train, test = draw(split.train, "train", count), draw(split.test, "test", count // 2)
    return Planned(name, split, train, test, seed)


def decode(
    plan: Planned,
    encoders: dict[str, Encoder],
    sources: Sources,
    advance: Callable[[int], None],
) -> dict[str, Any]:
    """Fit and score a probe on every encoder's latents; return its figure."""
    train, test = (
        pooled_latents(list(encoders.values()), make_waves(sources, side), advance)
        for side in (plan.train, plan.test)
    )
    fit = _fit_snr if plan.name == "snr" else _fit_class
    scored = {
        encoder: fit(plan, one, other) if finite(one, other) else None
        for encoder, one, other in zip(encoders, train, test, strict=True)
    }
    clusters = [plan.test.utterances]
    if plan.name == "snr":
        clusters.append(plan.test.noises)
    return {
        "title": TITLES[plan.name],
        "measure": "R2" if plan.name == "snr" else "accuracy",
        **_levels(plan),
        "values": estimate_values(scored, clusters, plan.seed, plan.name),
        "counts": _counts(plan),
        "classes": list(plan.split.classes),
        "split": {"train": _listed(plan.split.train), "test": _listed(plan.split.test)},
    }


def _fit_snr(plan: Planned, train: Tensor, test: Tensor) -> Scored:
    truth = plan.test.snr_db
    predicted, penalty = probe_number(train, plan.train.snr_db, plan.held(), test)
    error = float((predicted - truth).square().mean().sqrt())
    return Scored(explained_variance(truth, predicted), {"penalty": penalty, "rmse_db": error})


def _fit_class(plan: Planned, train: Tensor, test: Tensor) -> Scored:
    number = {label: place for place, label in enumerate(plan.split.classes)}
    labels, truth = (
        torch.tensor([number[label] for label in plan.labels(side)])
        for side in (plan.train, plan.test)
    )
    predicted, penalty = probe_class(train, labels, plan.held(), test, classes=len(number))
    return Scored(accuracy(predicted == truth), {"penalty": penalty})


def _levels(plan: Planned) -> dict[str, float]:
    """Return what guessing reaches."""
    if not plan.split.classes:
        return {"chance": 0.0}
    often = Counter(sorted(plan.labels(plan.train))).most_common(1)[0][0]
    truth = plan.labels(plan.test)
    return {
        "chance": 1 / len(plan.split.classes),
        "majority": truth.count(often) / len(truth),
    }


def _counts(plan: Planned) -> dict[str, int]:
    counts = {"silent_left_out": plan.train.silent + plan.test.silent, **plan.split.facts}
    for side, mixtures in (("train", plan.train), ("test", plan.test)):
        counts[side] = len(mixtures)
        counts[f"{side}_utterances"] = len(set(mixtures.utterances))
        counts[f"{side}_noises"] = len(set(mixtures.noises))
    return counts


def _listed(side: Side) -> dict[str, list[str]]:
    return {"speech": [str(one) for one in side.speech], "noise": [str(one) for one in side.noise]}
