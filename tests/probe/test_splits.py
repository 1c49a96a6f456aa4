"""No sample is in both sides of a probe, and what both must have, they have."""

import itertools

import pytest

from sslse.probe.splits import (
    UnusableProbeError,
    split_by_noise,
    split_by_snr,
    split_by_speaker,
)

SAMPLES = 100


@pytest.fixture
def speech(pack, hiss):
    """Three speakers with 3, 4 and 2 utterances, two with one (long, short), one unknown."""
    counts = {"a": 3, "b": 4, "c": 2, "long": 1, "short": 1, "": 2}
    speakers = {f"{who or 'x'}{n}": who for who, many in counts.items() for n in range(many)}
    return pack({key: hiss(60 if key == "short0" else 150) for key in speakers}, speakers)


@pytest.fixture
def noise(pack, hiss):
    kinds = {"rain1": "rain", "rain2": "rain", "wind1": "wind", "x1": "", "x2": ""}
    return pack({key: hiss(81) for key in kinds}, kinds=kinds)


def overlap(first, second):
    return [
        (one, other)
        for one, other in itertools.product(first, second)
        if one.row == other.row
        and one.first < other.first + other.length
        and other.first < one.first + one.length
    ]


@pytest.mark.parametrize("split", [split_by_noise, split_by_snr, split_by_speaker])
def test_no_sample_is_in_both_sides(split, speech, noise):
    found = split(speech, noise, SAMPLES, 0)
    for one, other in (
        (found.train.speech, found.test.speech),
        (found.train.noise, found.test.noise),
    ):
        assert one
        assert other
        assert not overlap(one, other)
    for side in (found.train, found.test):
        for one, store in itertools.chain(
            ((one, speech) for one in side.speech), ((one, noise) for one in side.noise)
        ):
            assert store.recordings[one.row].key == one.key
            assert 0 <= one.first < one.first + one.length <= (60 if one.key == "short0" else 150)
    assert split(speech, noise, SAMPLES, 0) == found
    assert split(speech, noise, SAMPLES, 1) != found


def test_noise_classes_are_kinds_or_recordings_and_on_both_sides(speech, noise):
    split = split_by_noise(speech, noise, SAMPLES, 0)
    assert list(split.classes) == ["rain", "recording x1", "recording x2", "wind"]
    for side in (split.train, split.test):
        assert {one.label for one in side.noise} == set(split.classes)
    assert split.facts == {"recordings_with_a_kind": 3, "recordings_as_own_class": 2}
    assert sum(one.length for one in [*split.train.noise, *split.test.noise]) == 5 * 81
    keys = [{one.key for one in side.speech} for side in (split.train, split.test)]
    assert not keys[0] & keys[1]
    assert len(keys[0] | keys[1]) == len(speech)


def test_snr_is_tested_on_unheard_noises_and_utterances(speech, noise):
    split = split_by_snr(speech, noise, SAMPLES, 0)
    for part in ("speech", "noise"):
        train, test = (
            {one.key for one in getattr(side, part)} for side in (split.train, split.test)
        )
        assert not train & test
        assert len(train | test) == (len(speech) if part == "speech" else len(noise))
    assert not split.classes


def test_speakers_are_on_both_sides_with_other_utterances(speech, noise):
    split = split_by_speaker(speech, noise, SAMPLES, 0)
    assert list(split.classes) == ["a", "b", "c", "long"]
    for side in (split.train, split.test):
        assert {one.label for one in side.speech} == set(split.classes)
    counts = {who: sum(one.label == who for one in split.train.speech) for who in split.classes}
    assert counts == {"a": 2, "b": 2, "c": 1, "long": 1}
    assert split.facts == {
        "speakers_by_utterances": 3,
        "speakers_by_halves": 1,
        "speakers_left_out": 1,
        "utterances_of_unknown_speakers": 2,
    }


def test_where_every_speaker_has_one_utterance_the_other_probes_still_split(pack, hiss, noise):
    speech = pack({f"u{n}": hiss(50) for n in range(5)}, {f"u{n}": f"s{n}" for n in range(5)})
    split = split_by_snr(speech, noise, SAMPLES, 0)
    assert (len(split.train.speech), len(split.test.speech)) == (3, 2)
    with pytest.raises(UnusableProbeError, match="0 speakers are known and have two utterances"):
        split_by_speaker(speech, noise, SAMPLES, 0)


@pytest.mark.parametrize(
    ("split", "utterances", "noises", "message"),
    [
        (split_by_noise, 1, 2, "there is one utterance; at least two are needed"),
        (split_by_snr, 1, 2, "there is one utterance; at least two are needed"),
        (split_by_snr, 2, 1, "there is one noise recording; at least two are needed"),
        (split_by_noise, 2, 1, "all noise is of one class, 'recording n0'"),
        (split_by_speaker, 2, 2, "0 speakers are known"),
    ],
)
def test_too_little_material_says_what_is_missing(pack, hiss, split, utterances, noises, message):
    speech = pack({f"u{n}": hiss(50) for n in range(utterances)})
    noise = pack({f"n{n}": hiss(50) for n in range(noises)})
    with pytest.raises(UnusableProbeError, match=message):
        split(speech, noise, SAMPLES, 0)
