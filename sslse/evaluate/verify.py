"""Hold the corpora of this machine against a manifest made elsewhere."""

from collections.abc import Iterable, Iterator, Sequence

import torch
from torch import Tensor

from sslse.api import Samples
from sslse.data.store import Store
from sslse.errors import DataError
from sslse.evaluate.manifest import Manifest
from sslse.evaluate.mixtures import AT_ONCE, Mixture, make_mixtures, wave_digest

NAMED = 5

Waves = tuple[Tensor, Tensor]


def verify(manifest: Manifest, speech: Store, noise: Store, label: str) -> None:
    """Make every mixture and compare its samples with what the manifest says.

    Args:
        manifest: of the mixtures.
        speech: utterances.
        noise: noises.
        label: what to call the manifest in messages.

    Raises:
        DataError: the rate differs, recordings are missing, or samples are others.
    """
    check_recordings(manifest, speech, noise, label)
    for _ in verified_batches(manifest, speech, noise, AT_ONCE, label):
        pass


def check_recordings(manifest: Manifest, speech: Store, noise: Store, label: str) -> None:
    """Say which recordings of a manifest are not there.

    Raises:
        DataError: the rate or the removal of means differs, recordings are missing, or too short
            for where a mixture begins.
    """
    if manifest.sample_rate != speech.sample_rate:
        raise DataError(
            f"{label}: is of {manifest.sample_rate} Hz, but the recipe's data.sample_rate is "
            f"{speech.sample_rate}"
        )
    if manifest.remove_mean != speech.mean_removed:
        value = str(manifest.remove_mean).lower()
        raise DataError(f"{label}: was made with data.remove_mean: {value}; set it so")
    wanted: dict[str, tuple[Store, dict[str, int]]] = {"speech": (speech, {}), "noise": (noise, {})}
    for one in manifest.mixtures:
        for name, key, start in (
            ("speech", one.speech, one.speech_start),
            ("noise", one.noise, one.noise_start),
        ):
            starts = wanted[name][1]
            starts[key] = max(start, starts.get(key, 0))
    for name, (store, starts) in wanted.items():
        there = {one.key: row for row, one in enumerate(store.recordings)}
        if missing := [key for key in starts if key not in there]:
            raise DataError(
                f"{label}: {len(missing)} of its {len(starts)} recordings of {name} are not in the "
                f"corpus ({len(store)} recordings to choose from): {_some(missing)}; give the "
                "corpora it was made from (--data), with the same split"
            )
        rows = torch.tensor([there[key] for key in starts], device=store.device)
        lengths = store.lengths_of(rows).tolist()
        ends = zip(starts.items(), lengths, strict=True)
        if short := [key for (key, start), length in ends if start >= length]:
            raise DataError(
                f"{label}: {name} {_some(short)}: shorter than where a mixture begins in it; the "
                "file is another version"
            )


def verified_batches(
    manifest: Manifest,
    speech: Store,
    noise: Store,
    size: int,
    label: str,
    *,
    shares: tuple[int, int] = (0, 1),
) -> Iterator[tuple[int, Sequence[Mixture], Waves]]:
    """Yield where each batch begins, its mixtures, and their clean and noisy waves.

    Args:
        manifest: of the mixtures.
        speech: utterances.
        noise: noises.
        size: mixtures in a batch.
        label: what to call the manifest in messages.
        shares: which of how many shares of the batches to yield.

    Raises:
        DataError: samples are not those of the manifest.
    """
    share, count = shares
    for first in range(share * size, len(manifest.mixtures), count * size):
        chosen = manifest.mixtures[first : first + size]
        waves = make_mixtures(chosen, speech, noise, manifest.samples)
        clean, noisy = (one.cpu().numpy() for one in waves)
        rows = zip(chosen, clean, noisy, strict=True)
        for number, (mixture, target, mixed) in enumerate(rows, first):
            check_waves(number, mixture, target, mixed, label)
        yield first, chosen, waves


def check_waves(number: int, mixture: Mixture, clean: Samples, noisy: Samples, label: str) -> None:
    """Compare the samples of one mixture with its row.

    Raises:
        DataError: they are others; it names the recording and the likely cause.
    """
    if wave_digest(clean) != mixture.clean:
        recording, start = f"speech {mixture.speech!r}", mixture.speech_start
    elif wave_digest(noisy) != mixture.noisy:
        recording, start = f"noise {mixture.noise!r}", mixture.noise_start
    else:
        return
    raise DataError(
        f"{label}: row {number}: {recording} does not have the samples from {start} on that the "
        "manifest was made with; most likely the file is another version, or it was resampled by "
        "other software: where the corpora cannot be made the same, export the mixtures as audio "
        "(--export) where they were made"
    )


def _some(names: Iterable[str]) -> str:
    listed = list(names)
    more = f" and {len(listed) - NAMED} more" if len(listed) > NAMED else ""
    return ", ".join(repr(one) for one in listed[:NAMED]) + more
