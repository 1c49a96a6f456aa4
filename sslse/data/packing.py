"""Read a corpus once, resample it and pack it into cached shards of int16."""

import hashlib
import json
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from sslse.api import Corpus, Recording
from sslse.data.door import list_recordings
from sslse.data.offset import WithoutOffset
from sslse.data.packer import Packer
from sslse.data.shard_files import Shard, read_shards, samples_file
from sslse.data.shards import OnDisk, Shards
from sslse.data.store import Index, Store
from sslse.device import usable_cores
from sslse.errors import DataError
from sslse.wording import show_value

FORMAT = 5
NAMED = 10


@dataclass(frozen=True)
class Unusable:
    """A recording that was left out, and why."""

    key: str
    reason: str


def cache_folder(setting: str | None) -> Path:
    """Return where packed corpora lie: the recipe's choice, ``SSLSE_CACHE``, or the user's own.

    Raises:
        DataError: it begins with the home of an unknown user.
    """
    chosen = setting or os.environ.get("SSLSE_CACHE")
    base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    folder = chosen or f"{base}/sslse"
    try:
        return Path(folder).expanduser()
    except RuntimeError as error:
        message = f"the cache {show_value(folder)} begins with the home of an unknown user"
        raise DataError(f"{message}; set data.cache or SSLSE_CACHE") from error


def open_store(
    corpus: Corpus,
    sample_rate: int,
    cache: Path,
    *,
    label: str,
    options: Mapping[str, Any] | None = None,
    strict: bool = False,
    say: Callable[[str], None] = lambda _: None,
    processes: int | None = None,
    remove_mean: bool = False,
) -> Store:
    """Return a corpus as a store, packing it unless the cache has it.

    The cache is keyed by what decides the samples: format, rate, every recording's key, path, size
    and time of change (of its content, not of its rights), and the options of a corpus with a
    `read` of its own. Whole shards of a packing that was cut short are kept.

    Args:
        corpus: what to pack.
        sample_rate: in Hz; recordings of other rates are resampled.
        cache: folder of packed corpora.
        label: what to call the corpus in messages.
        options: that the corpus was made with, as plain values.
        strict: refuse unusable recordings instead of leaving them out.
        say: takes lines about progress, recordings left out, and recordings in both parts.
        processes: that read a corpus which takes long; None means one per core.
        remove_mean: subtract each recording's mean.

    Raises:
        DataError: no recording is usable, or one is not and ``strict`` is set; or the cache cannot
            be written.
        ContractError: the corpus gives something else than recordings, or than their samples.
    """
    if remove_mean:
        corpus = WithoutOffset(corpus)
    recordings = list_recordings(corpus)
    folder = cache / cache_key(corpus, recordings, sample_rate, options)
    shards = read_shards(folder, len(recordings))
    if shards is None:
        packer = Packer(corpus, recordings, sample_rate, folder, label=label, say=say)
        shards = packer.pack(processes or usable_cores())
    unusable = [
        Unusable(recordings[place].key, reason)
        for shard in shards
        for place, reason in shard.unusable
    ]
    if unusable:
        text = report(label, unusable, len(recordings))
        if strict:
            raise DataError(f"{text}\nstrict: true stops here; strict: false leaves them out")
        say(text)
    packed = _Table.of(shards)
    if not len(packed.places):
        raise DataError(f"{label}: none of its {len(recordings)} recordings is usable")
    if shared := _in_both_parts(packed, recordings):
        say(f"{label}: the same recording is in both parts: {', '.join(shared)}")
    files = [OnDisk(samples_file(folder, number)) for number in range(len(shards))]
    lengths = torch.from_numpy(packed.lengths)
    index = Index(
        lengths.cumsum(0) - lengths,
        lengths,
        torch.from_numpy(packed.scales),
        torch.from_numpy(packed.silences),
        torch.from_numpy(packed.offsets),
    )
    kept = [recordings[place] for place in packed.places.tolist()]
    shards_there = Shards(files, on_disk=True)
    return Store(shards_there, index, kept, sample_rate, mean_removed=remove_mean)


def report(label: str, unusable: Sequence[Unusable], count: int) -> str:
    """Say which recordings are left out and why, naming at most ten."""
    lines = [f"{label}: {len(unusable)} of {count} recordings are unusable and left out:"]
    lines += [f"  {one.key}: {one.reason}" for one in unusable[:NAMED]]
    if len(unusable) > NAMED:
        lines.append(f"  and {len(unusable) - NAMED} more")
    return "\n".join(lines)


@dataclass(frozen=True)
class _Table:
    """The indices of all shards together; see `Shard`."""

    places: np.ndarray
    lengths: np.ndarray
    scales: np.ndarray
    digests: np.ndarray
    silences: np.ndarray
    offsets: np.ndarray

    @classmethod
    def of(cls, shards: Sequence[Shard]) -> "_Table":
        first_rows = np.cumsum([0, *(len(one.places) for one in shards)])
        silences = [
            one.silences + np.array([first, 0, 0])
            for one, first in zip(shards, first_rows, strict=False)
        ]
        return cls(
            np.concatenate([one.places for one in shards]),
            np.concatenate([one.lengths for one in shards]),
            np.concatenate([one.scales for one in shards]),
            np.concatenate([one.digests for one in shards]),
            np.concatenate(silences),
            np.concatenate([one.offsets for one in shards]),
        )


def _in_both_parts(packed: _Table, recordings: Sequence[Recording]) -> list[str]:
    """Name the test recordings whose samples are those of a training recording."""
    places = packed.places.tolist()
    tested = np.array([recordings[place].part == "test" for place in places])
    short = np.ascontiguousarray(packed.digests[:, :8]).view(np.int64)[:, 0]
    twice = np.isin(short, np.intersect1d(short[tested], short[~tested])).nonzero()[0].tolist()
    digests = {row: packed.digests[row].tobytes() for row in twice}
    trained = {digests[row]: recordings[places[row]].key for row in twice if not tested[row]}
    return [
        f"{recordings[places[row]].key} (test) = {trained[digests[row]]} (train)"
        for row in twice
        if tested[row] and digests[row] in trained
    ]


def cache_key(
    corpus: Corpus,
    recordings: Sequence[Recording],
    sample_rate: int,
    options: Mapping[str, Any] | None = None,
) -> str:
    """Return the name of a packed corpus's folder: a digest of all that decides its samples.

    Options count where the corpus has a `read` of its own, which may look at any of them. Where
    files are read as they are, they choose among files, and another choice packs nothing anew.
    """
    digest = hashlib.blake2b(digest_size=16)
    if type(corpus).read is not Corpus.read:
        digest.update(json.dumps(options or {}, sort_keys=True).encode())
    kind = f"{type(corpus).__module__}.{type(corpus).__qualname__}"
    digest.update(f"{FORMAT} {sample_rate} {kind} {corpus.version}".encode())
    for one in recordings:
        digest.update(f"\0{one.key}\0".encode() + os.fsencode(str(one.source)))
        if one.source is None:
            continue
        try:
            status = one.source.stat()
        except OSError:
            continue
        # Not st_ctime: chmod, a backup or a move changes it, and no sample with it.
        digest.update(f"\0{status.st_size}\0{status.st_mtime_ns}".encode())
    return digest.hexdigest()
