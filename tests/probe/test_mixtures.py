"""Crops stay in their stretch, labels take turns, mixtures have their SNR and a sound."""

from collections import Counter

import pytest
import torch

from sslse.probe.mixtures import (
    Sources,
    crop_stretches,
    draw_mixtures,
    make_waves,
    take_turns,
)
from sslse.probe.splits import Side, Stretch, UnusableProbeError


def draws(seed=0):
    return torch.Generator().manual_seed(seed)


def whole(store):
    lengths = store.lengths_of(torch.arange(len(store))).tolist()
    return [
        Stretch(row, one.key, 0, length, one.key)
        for row, (one, length) in enumerate(zip(store.recordings, lengths, strict=True))
    ]


@pytest.fixture
def sources(pack, hiss):
    speech = pack({f"u{n}": hiss(4000, n) for n in range(6)})
    noise = pack({f"n{n}": hiss(1500 + 1000 * n, 10 + n) for n in range(4)})
    return Sources(speech, noise, samples=2048, batch_size=16)


def test_crops_hold_no_sample_from_outside_their_stretch(pack):
    ramp = torch.arange(1, 101) / 32767
    store = pack({"a": ramp, "b": ramp + 100 / 32767})
    stretches = [Stretch(0, "a", 50, 50, ""), Stretch(1, "b", 10, 6, "")]
    which, start = torch.tensor([0, 1, 1]), torch.tensor([42, 0, 4])
    silent = crop_stretches(store, stretches, which, start, 8, loop=False) * 32768
    looped = crop_stretches(store, stretches, which, start, 8, loop=True) * 32768
    torch.testing.assert_close(
        silent,
        torch.tensor(
            [
                [93.0, 94, 95, 96, 97, 98, 99, 100],
                [111, 112, 113, 114, 115, 116, 0, 0],
                [115, 116, 0, 0, 0, 0, 0, 0],
            ]
        ),
    )
    assert looped[1].tolist() == [111, 112, 113, 114, 115, 116, 111, 112]
    assert looped[2].tolist() == [115, 116, 111, 112, 113, 114, 115, 116]


def test_crops_are_read_whole_and_not_sample_by_sample(pack, monkeypatch):
    store = pack({"a": torch.arange(1, 101) / 32767})
    stretches = [Stretch(0, "a", 20, 30, "")]
    asked = []
    real = type(store).crops

    def counted(self, index, start, samples, **options):
        asked.append((index.numel(), samples))
        return real(self, index, start, samples, **options)

    monkeypatch.setattr(type(store), "crops", counted)
    which, start = torch.tensor([0, 0, 0]), torch.tensor([0, 27, 29])
    waves = crop_stretches(store, stretches, which, start, 8, loop=True) * 32768
    assert set(asked) == {(3, 8)}
    assert waves[0].tolist() == [21, 22, 23, 24, 25, 26, 27, 28]
    assert waves[1].tolist() == [48, 49, 50, 21, 22, 23, 24, 25]
    assert waves[2].tolist() == [50, 21, 22, 23, 24, 25, 26, 27]


def test_starts_leave_room_for_a_crop(sources):
    side = Side(
        [Stretch(0, "u0", 100, 3000, "long"), Stretch(1, "u1", 0, 500, "short")],
        [Stretch(0, "n0", 200, 400, "short"), Stretch(3, "n3", 1000, 2048, "exact")],
    )
    mixtures = draw_mixtures(sources, side, 400, draws())
    long = mixtures.speech_start[mixtures.speech == 0]
    assert 0 <= long.min() < 20
    assert 3000 - 2048 - 20 < long.max() <= 3000 - 2048
    assert mixtures.speech_start[mixtures.speech == 1].unique().tolist() == [0]
    assert 380 < mixtures.noise_start[mixtures.noise == 0].max() < 400
    assert mixtures.noise_start[mixtures.noise == 1].unique().tolist() == [0]


def test_labels_take_turns_and_so_do_their_items():
    labels = ["a"] * 6 + ["b"] * 2 + ["c"]
    chosen = take_turns(labels, 36, draws()).tolist()
    assert Counter(labels[one] for one in chosen) == {"a": 12, "b": 12, "c": 12}
    assert Counter(chosen) == Counter(dict.fromkeys(range(6), 2) | {6: 6, 7: 6, 8: 12})
    assert take_turns(labels, 36, draws()).tolist() == chosen
    assert take_turns(labels, 36, draws(1)).tolist() != chosen
    assert len(take_turns(labels, 7, draws())) == 7


def test_mixtures_have_the_ratio_that_is_written_down(sources):
    side = Side(whole(sources.speech), whole(sources.noise))
    mixtures = draw_mixtures(sources, side, 100, draws())
    assert len(mixtures) == 100
    assert mixtures.silent == 0
    noisy = torch.cat(list(make_waves(sources, mixtures))).double()
    clean = crop_stretches(
        sources.speech, side.speech, mixtures.speech, mixtures.speech_start, 2048, loop=False
    ).double()
    measured = 10 * ((clean.square().sum(-1) / (noisy - clean).square().sum(-1)).log10())
    torch.testing.assert_close(measured, mixtures.snr_db, atol=0.01, rtol=0)
    assert -10 <= mixtures.snr_db.min() < -9
    assert 9 < mixtures.snr_db.max() <= 10
    assert abs(float(mixtures.snr_db.mean())) < 2


def test_silence_is_drawn_again_or_left_out(sources, pack, hiss):
    padded = torch.cat([hiss(1000), torch.zeros(7000)])
    noise = pack({"padded": padded, "silent": torch.zeros(3000), "loud": hiss(3000, 5)})
    sources = Sources(sources.speech, noise, samples=2048, batch_size=16)
    mixtures = draw_mixtures(sources, Side(whole(sources.speech), whole(noise)), 90, draws())
    assert mixtures.silent == 30
    assert Counter(mixtures.noises) == {"padded": 30, "loud": 30}
    assert (mixtures.noise_start[mixtures.noise == 0] < 1000).all()
    with pytest.raises(UnusableProbeError, match="every crop of speech or of noise is silent"):
        draw_mixtures(sources, Side(whole(sources.speech), [whole(noise)[1]]), 9, draws())
