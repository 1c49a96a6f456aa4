"""Read a corpus once, resample it and pack it into a cached int16 file."""

import hashlib
import json
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from sslse.api import Corpus, Recording, Samples
from sslse.audio import resample
from sslse.data.store import Index, Store
from sslse.errors import DataError

FORMAT = 3
FULL_SCALE = 32768
LEAST_SECONDS = 0.1
SILENCE = 1e-4
NAMED = 10


@dataclass(frozen=True)
class Unusable:
    """A recording that was left out, and why."""

    key: str
    reason: str


def cache_folder(setting: str | None) -> Path:
    """Return where packed corpora lie: the recipe's choice, ``SSLSE_CACHE``, or the user's own."""
    if chosen := setting or os.environ.get("SSLSE_CACHE"):
        return Path(chosen).expanduser()
    base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(base).expanduser() / "sslse"


def open_store(
    corpus: Corpus,
    sample_rate: int,
    cache: Path,
    *,
    label: str,
    strict: bool = False,
    say: Callable[[str], None] = lambda _: None,
) -> Store:
    """Return a corpus as a store, packing it unless the cache has it.

    The cache is keyed by what decides the samples: format, rate, and every recording's key, size
    and time of change.

    Args:
        corpus: what to pack.
        sample_rate: in Hz; recordings of other rates are resampled.
        cache: folder of packed files.
        label: what to call the corpus in messages.
        strict: refuse unusable recordings instead of leaving them out.
        say: takes lines about progress, recordings left out, and recordings in both parts.

    Raises:
        DataError: no recording is usable, or one is not and ``strict`` is set.
    """
    recordings = list(corpus.recordings())
    key = _key(corpus, recordings, sample_rate)
    samples_file, index_file = cache / f"{key}.int16", cache / f"{key}.json"
    if not _is_whole(samples_file, index_file):
        say(f"{label}: packing {len(recordings)} recordings into {samples_file}")
        cache.mkdir(parents=True, exist_ok=True)
        _pack(corpus, recordings, sample_rate, samples_file, index_file)
    packed = json.loads(index_file.read_text(encoding="utf-8"))
    unusable = [Unusable(**one) for one in packed["unusable"]]
    if unusable:
        text = report(label, unusable, len(recordings))
        if strict:
            raise DataError(f"{text}\nstrict: true stops here; strict: false leaves them out")
        say(text)
    if not packed["rows"]:
        raise DataError(f"{label}: none of its {len(recordings)} recordings is usable")
    if shared := _in_both_parts(packed["rows"], recordings):
        say(f"{label}: the same recording is in both parts: {', '.join(shared)}")
    return _store(packed["rows"], samples_file, recordings, sample_rate)


def _is_whole(samples_file: Path, index_file: Path) -> bool:
    """Tell whether the cache holds both files, with all the samples of the index."""
    if not (samples_file.is_file() and index_file.is_file()):
        return False
    rows = json.loads(index_file.read_text(encoding="utf-8"))["rows"]
    samples: int = sum(row["length"] for row in rows)
    return samples_file.stat().st_size == 2 * samples


def report(label: str, unusable: Sequence[Unusable], count: int) -> str:
    """Say which recordings are left out and why, naming at most ten."""
    lines = [f"{label}: {len(unusable)} of {count} recordings are unusable and left out:"]
    lines += [f"  {one.key}: {one.reason}" for one in unusable[:NAMED]]
    if len(unusable) > NAMED:
        lines.append(f"  and {len(unusable) - NAMED} more")
    return "\n".join(lines)


def _in_both_parts(rows: list[dict[str, Any]], recordings: Sequence[Recording]) -> list[str]:
    """Name the test recordings whose samples are those of a training recording."""
    parts = {one.key: one.part for one in recordings}
    trained = {row["digest"]: row["key"] for row in rows if parts[row["key"]] == "train"}
    return [
        f"{row['key']} (test) = {trained[row['digest']]} (train)"
        for row in rows
        if parts[row["key"]] == "test" and row["digest"] in trained
    ]


def _key(corpus: Corpus, recordings: Sequence[Recording], sample_rate: int) -> str:
    digest = hashlib.blake2b(digest_size=16)
    kind = f"{type(corpus).__module__}.{type(corpus).__qualname__}"
    digest.update(f"{FORMAT} {sample_rate} {kind} {corpus.version}".encode())
    for one in recordings:
        digest.update(f"\0{one.key}\0{one.source}".encode())
        if one.source is not None and one.source.exists():
            status = one.source.stat()
            times = f"{status.st_mtime_ns}\0{status.st_ctime_ns}"
            digest.update(f"\0{status.st_size}\0{times}".encode())
    return digest.hexdigest()


def _pack(
    corpus: Corpus,
    recordings: Sequence[Recording],
    sample_rate: int,
    samples_file: Path,
    index_file: Path,
) -> None:
    """Write samples, then the index that makes them valid; both appear whole or not at all."""
    rows: list[dict[str, Any]] = []
    unusable: list[dict[str, str]] = []
    start = 0
    partial = samples_file.with_suffix(f".{os.getpid()}.partial")
    with partial.open("wb") as file:
        for one in recordings:
            try:
                samples = _usable(corpus, one, sample_rate)
            except DataError as error:
                reason = str(error).removeprefix(f"{one.source}: ")
                unusable.append({"key": one.key, "reason": reason})
                continue
            scale = _scale(samples)
            packed = np.rint(samples / scale).clip(-FULL_SCALE, FULL_SCALE - 1).astype("<i2")
            file.write(packed.tobytes())
            digest = hashlib.blake2b(packed.tobytes(), digest_size=16).hexdigest()
            place = {"start": start, "length": len(packed), "scale": scale}
            rows.append({"key": one.key, "digest": digest, **place})
            start += len(packed)
    partial.replace(samples_file)
    partial = index_file.with_suffix(f".{os.getpid()}.partial")
    partial.write_text(json.dumps({"rows": rows, "unusable": unusable}), encoding="utf-8")
    partial.replace(index_file)


def _scale(samples: Samples) -> float:
    """Return the factor from int16: 1/32768 where that is exact, else what fills the range."""
    whole = samples * FULL_SCALE
    exact = np.array_equal(whole, np.rint(whole))
    if exact and whole.min() >= -FULL_SCALE and whole.max() < FULL_SCALE:
        return 1 / FULL_SCALE
    return float(np.abs(samples).max()) / (FULL_SCALE - 1)


def _usable(corpus: Corpus, recording: Recording, sample_rate: int) -> Samples:
    """Read and resample one recording; refuse what cannot be trained on."""
    samples, rate = corpus.read(recording)
    if not len(samples):
        raise DataError("holds no samples")
    if not np.isfinite(samples).all():
        raise DataError("holds NaN or infinite samples")
    if len(samples) < LEAST_SECONDS * rate:
        seconds = len(samples) / rate
        raise DataError(f"lasts {seconds:.3f} s; at least {LEAST_SECONDS} s are needed")
    if np.abs(samples).max() < SILENCE:
        raise DataError("is silent")
    return resample(samples, rate, sample_rate)


def _store(
    rows: list[dict[str, Any]], file: Path, recordings: Sequence[Recording], sample_rate: int
) -> Store:
    by_key = {one.key: one for one in recordings}
    index = Index(
        torch.tensor([row["start"] for row in rows], dtype=torch.int64),
        torch.tensor([row["length"] for row in rows], dtype=torch.int64),
        torch.tensor([row["scale"] for row in rows], dtype=torch.float32),
    )
    size = file.stat().st_size // 2
    samples = torch.from_file(str(file), shared=False, size=size, dtype=torch.int16)
    return Store(samples, index, [by_key[row["key"]] for row in rows], sample_rate)
