"""Who is in the training and who in the test side of each probe."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

import torch

from sslse.api import Recording
from sslse.corpora.splits import stable_order
from sslse.data.store import Store
from sslse.seeds import derive_seed

FEWEST = 2


class UnusableProbeError(Exception):
    """The material does not allow this probe; the message says why."""


@dataclass(frozen=True)
class Stretch:
    """A piece of a recording that one side of a probe may use.

    Args:
        row: of the recording in its store.
        key: of the recording.
        first: its first sample.
        length: in samples.
        label: its class; the key where this probe has no classes of it. Labels take turns in the
            mixtures, so that classes are equally frequent.
    """

    row: int
    key: str
    first: int
    length: int
    label: str

    def __str__(self) -> str:
        return f"{self.key}[{self.first}:{self.first + self.length}]"


@dataclass(frozen=True)
class Side:
    """What the training or the test mixtures of a probe are made of."""

    speech: Sequence[Stretch]
    noise: Sequence[Stretch]


@dataclass(frozen=True)
class Split:
    """Both sides of a probe.

    Args:
        train: what the probe is fitted on.
        test: what it is scored on; no sample of speech or noise is in both.
        classes: names of the classes, sorted; empty where there are none.
        facts: what else the reader must know.
    """

    train: Side
    test: Side
    classes: Sequence[str] = ()
    facts: dict[str, int] = field(default_factory=dict)


def split_by_noise(speech: Store, noise: Store, samples: int, seed: int) -> Split:  # noqa: ARG001
    """Same noises on both sides: the first half of every recording, and the second.

    Raises:
        UnusableProbeError: there are not two utterances or not two classes.
    """
    first, second = _utterances(speech, seed)
    classes = sorted({noise_class(one) for one in noise.recordings})
    if len(classes) < FEWEST:
        raise UnusableProbeError(f"all noise is of one class, {classes[0]!r}")
    known = sum(bool(one.kind) for one in noise.recordings)
    facts = {"recordings_with_a_kind": known, "recordings_as_own_class": len(noise) - known}
    first_half, second_half = _halves(noise, noise_class)
    return Split(Side(first, first_half), Side(second, second_half), classes, facts)


def split_by_snr(speech: Store, noise: Store, samples: int, seed: int) -> Split:  # noqa: ARG001
    """Other utterances and other noise recordings on either side.

    Raises:
        UnusableProbeError: there are not two utterances or not two noise recordings.
    """
    if len(noise) < FEWEST:
        raise UnusableProbeError("there is one noise recording; at least two are needed")
    first, second = _utterances(speech, seed)
    heard, unheard = _cut(stable_order(_rows(noise), derive_seed(seed, "probe", "noises")))
    return Split(Side(first, _whole(noise, heard)), Side(second, _whole(noise, unheard)))


def split_by_speaker(speech: Store, noise: Store, samples: int, seed: int) -> Split:
    """Same speakers on both sides, each with other utterances.

    A speaker with one utterance gives its two halves, where each holds at least half a crop;
    other speakers, and utterances of unknown speakers, are left out and counted.

    Raises:
        UnusableProbeError: fewer than two speakers are left.
    """
    train, test = [], []
    facts = {"speakers_by_utterances": 0, "speakers_by_halves": 0, "speakers_left_out": 0}
    members = _by_speaker(speech)
    facts["utterances_of_unknown_speakers"] = len(members.pop("", []))
    lengths = _lengths(speech)
    for speaker, keys in members.items():
        if len(keys) > 1:
            first, second = _cut(stable_order(keys, derive_seed(seed, "probe", "utterances")))
            train += _whole(speech, first, speaker)
            test += _whole(speech, second, speaker)
            facts["speakers_by_utterances"] += 1
            continue
        row = _rows(speech)[keys[0]]
        if lengths[row] < samples:
            facts["speakers_left_out"] += 1
            continue
        middle = lengths[row] // 2
        train.append(Stretch(row, keys[0], 0, middle, speaker))
        test.append(Stretch(row, keys[0], middle, lengths[row] - middle, speaker))
        facts["speakers_by_halves"] += 1
    classes = sorted({one.label for one in test})
    if len(classes) < FEWEST:
        raise UnusableProbeError(
            f"{len(classes)} speakers are known and have two utterances, or one of "
            f"{samples / speech.sample_rate:g} s; at least two speakers are needed"
        )
    first_half, second_half = _halves(noise, lambda one: one.key)
    return Split(Side(train, first_half), Side(test, second_half), classes, facts)


def noise_class(recording: Recording) -> str:
    """Return the kind of noise; a recording whose kind is unknown is a class of its own."""
    return recording.kind or f"recording {recording.key}"


def _utterances(speech: Store, seed: int) -> tuple[list[Stretch], list[Stretch]]:
    """Divide the utterances, those of each speaker too; the first side has the odd one.

    Speakers with one utterance are divided together.
    """
    if len(speech) < FEWEST:
        raise UnusableProbeError("there is one utterance; at least two are needed")
    train: list[str] = []
    test: list[str] = []
    alone: list[str] = []
    for keys in _by_speaker(speech).values():
        if len(keys) == 1:
            alone += keys
            continue
        first, second = _cut(stable_order(keys, derive_seed(seed, "probe", "utterances")))
        train += first
        test += second
    first, second = _cut(stable_order(alone, derive_seed(seed, "probe", "utterances")))
    return _whole(speech, train + first), _whole(speech, test + second)


def _by_speaker(speech: Store) -> dict[str, list[str]]:
    members: dict[str, list[str]] = {}
    for one in speech.recordings:
        members.setdefault(one.speaker, []).append(one.key)
    return members


def _cut(keys: Sequence[str]) -> tuple[list[str], list[str]]:
    middle = (len(keys) + 1) // 2
    return list(keys[:middle]), list(keys[middle:])


def _rows(store: Store) -> dict[str, int]:
    return {one.key: row for row, one in enumerate(store.recordings)}


def _lengths(store: Store) -> list[int]:
    rows = torch.arange(len(store), device=store.device)
    lengths: list[int] = store.lengths_of(rows).tolist()
    return lengths


def _whole(store: Store, keys: Iterable[str], label: str | None = None) -> list[Stretch]:
    rows, lengths = _rows(store), _lengths(store)
    return [Stretch(rows[key], key, 0, lengths[rows[key]], label or key) for key in keys]


def _halves(
    store: Store, label_of: Callable[[Recording], str]
) -> tuple[list[Stretch], list[Stretch]]:
    first, second = [], []
    lengths = _lengths(store)
    for row, (one, length) in enumerate(zip(store.recordings, lengths, strict=True)):
        middle = length // 2
        first.append(Stretch(row, one.key, 0, middle, label_of(one)))
        second.append(Stretch(row, one.key, middle, length - middle, label_of(one)))
    return first, second
