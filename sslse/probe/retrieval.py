"""Find a clean utterance's noisy self among the noisy versions of all utterances."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from sslse.api import Encoder
from sslse.evaluate.mixtures import Mixture, make_mixtures, plan_mixtures
from sslse.probe.bootstrap import accuracy
from sslse.probe.estimates import Scored, estimate_values, finite, unusable
from sslse.probe.features import pooled_latents
from sslse.probe.mixtures import Sources
from sslse.probe.splits import FEWEST
from sslse.settings import Evaluate

NAME = "retrieval"


def nearest_is_own(clean: Tensor, noisy: Tensor) -> Tensor:
    """Tell for every clean vector whether its nearest noisy one, by cosine, is its own.

    Args:
        clean: (utterances, dim).
        noisy: of the same utterances in the same order, (utterances, dim).

    Returns:
        bool (utterances,). Of equally near ones the first counts, so that an encoder that gives
        everything the same latent is right once.
    """
    unit = torch.nn.functional.normalize
    nearest = (unit(clean, dim=-1) @ unit(noisy, dim=-1).T).argmax(-1)
    return nearest == torch.arange(len(clean), device=clean.device)


def plan_retrieval(
    sources: Sources, settings: Evaluate, candidates: int, seed: int
) -> list[Mixture]:
    """Mix so many utterances at every SNR of the evaluation; none whose crop is silent."""
    wanted = replace(settings, utterances=candidates, seed=seed)
    rows = plan_mixtures(sources.speech, sources.noise, wanted)
    crops = list({row.speech: row for row in rows}.values())
    heard: list[bool] = []
    for part in _portions(crops, sources.batch_size):
        heard += _make(sources, part)[0].any(-1).tolist()
    silent = {row.speech for row, sound in zip(crops, heard, strict=True) if not sound}
    return [row for row in rows if row.speech not in silent]


def count_waves(rows: Sequence[Mixture]) -> int:
    """Return how many waves `retrieve` encodes: the mixtures and each clean crop once."""
    return len(rows) + len({row.speech for row in rows})


def retrieve(
    rows: Sequence[Mixture],
    encoders: dict[str, Encoder],
    sources: Sources,
    seed: int,
    advance: Callable[[int], None],
) -> dict[str, Any]:
    """Return the figure over all SNRs and one for each."""
    candidates = list(dict.fromkeys(row.speech for row in rows))
    if len(candidates) < FEWEST:
        return {NAME: unusable(NAME, "at least two utterances with a sound are needed")}
    ratios = sorted({row.snr_db for row in rows})
    at = {snr_db: [row for row in rows if row.snr_db == snr_db] for snr_db in ratios}

    def means(rows: Sequence[Mixture], which: int) -> list[Tensor]:
        waves = (_make(sources, part)[which] for part in _portions(rows, sources.batch_size))
        pooled = pooled_latents(list(encoders.values()), waves, advance)
        return [one[:, : one.shape[1] // 2] for one in pooled]

    clean = means(at[ratios[0]], 0)
    hits: dict[str, dict[float, Tensor]] = {encoder: {} for encoder in encoders}
    for snr_db in ratios:
        for encoder, one, other in zip(encoders, clean, means(at[snr_db], 1), strict=True):
            if finite(one, other):
                hits[encoder][snr_db] = nearest_is_own(one, other)

    def figure(name: str, title: str, chosen: Sequence[float]) -> dict[str, Any]:
        scored = {
            encoder: Scored(accuracy(torch.cat([found[snr_db] for snr_db in chosen])))
            if all(snr_db in found for snr_db in chosen)
            else None
            for encoder, found in hits.items()
        }
        items = [row for snr_db in chosen for row in at[snr_db]]
        clusters = [[row.speech for row in items], [row.noise for row in items]]
        return {
            "title": title,
            "measure": "accuracy",
            "chance": 1 / len(candidates),
            "values": estimate_values(scored, clusters, seed, name),
            "counts": {
                "candidates": len(candidates),
                "test": len(items),
                "test_noises": len(set(clusters[1])),
            },
            "snr_db": list(chosen),
        }

    figures = {NAME: figure(NAME, NAME, ratios)}
    figures[NAME]["split"] = {"candidates": candidates}
    for snr_db in ratios:
        name = f"{NAME}_at_{snr_db:g}_db"
        figures[name] = figure(name, f"{NAME}, {snr_db:g} dB", [snr_db])
    return figures


def _make(sources: Sources, part: Sequence[Mixture]) -> tuple[Tensor, Tensor]:
    return make_mixtures(part, sources.speech, sources.noise, sources.samples)


def _portions(rows: Sequence[Mixture], size: int) -> Iterator[Sequence[Mixture]]:
    return (rows[first : first + size] for first in range(0, len(rows), size))
