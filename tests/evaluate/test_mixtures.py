import hashlib
import math
import struct
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
import torch

from sslse.api import Recording
from sslse.data.store import Index, Store
from sslse.evaluate.mixtures import make_mixtures, noise_gain, plan_mixtures, wave_digest
from sslse.settings import Evaluate

SETTINGS = Evaluate(snr_db=[-7.5, 2.5], samples=5000)


def test_every_utterance_is_mixed_at_every_ratio(speech, noise):
    mixtures = plan_mixtures(speech, noise, SETTINGS)
    assert [(one.speech, one.snr_db) for one in mixtures] == [
        (f"speech{row}", snr_db) for row in range(4) for snr_db in (-7.5, 2.5)
    ]
    assert all(one.speaker == "s" and one.noise_kind == "k" for one in mixtures)


def test_the_plan_is_a_function_of_the_seed(speech, noise):
    plan = plan_mixtures(speech, noise, SETTINGS)
    assert plan_mixtures(speech, noise, SETTINGS) == plan
    assert plan_mixtures(speech, noise, replace(SETTINGS, seed=1)) != plan


def test_leaving_out_utterances_or_ratios_changes_no_other_mixture(speech, noise):
    plan = plan_mixtures(speech, noise, SETTINGS)
    fewer = plan_mixtures(speech, noise, replace(SETTINGS, utterances=2))
    assert fewer == [one for one in plan if one.speech in ("speech0", "speech2")]
    one_ratio = plan_mixtures(speech, noise, replace(SETTINGS, snr_db=[2.5]))
    assert one_ratio == [one for one in plan if one.snr_db == 2.5]


def test_mixtures_have_their_ratio_and_start_where_the_plan_says(speech, noise):
    mixtures = plan_mixtures(speech, noise, SETTINGS)
    clean, noisy = make_mixtures(mixtures, speech, noise, SETTINGS.samples)
    assert clean.shape == noisy.shape == (8, 5000)
    added = (noisy.double() - clean.double()).square().mean(-1)
    measured = 10 * torch.log10(clean.double().square().mean(-1) / added)
    asked = torch.tensor([one.snr_db for one in mixtures], dtype=torch.float64)
    torch.testing.assert_close(measured, asked, atol=0.01, rtol=0)
    for wave, mixture in zip(clean, mixtures, strict=True):
        row = torch.tensor([int(mixture.speech[-1])])
        start = torch.tensor([mixture.speech_start])
        torch.testing.assert_close(wave, speech.crops(row, start, 5000)[0])
    assert {one.speech_start for one in mixtures if one.speech == "speech0"} == {0}


def test_noise_starts_where_it_is_heard(speech):
    draws = torch.Generator().manual_seed(0)
    samples = torch.zeros(200_000, dtype=torch.int16)
    samples[:20_000] = torch.randint(-9000, 9000, (20_000,), generator=draws, dtype=torch.int16)
    index = Index(torch.tensor([0]), torch.tensor([len(samples)]), torch.tensor([1 / 32768]))
    padded = Store(samples, index, [Recording("padded", None, "test")], 16000)
    mixtures = plan_mixtures(speech, padded, SETTINGS)
    clean, noisy = make_mixtures(mixtures, speech, padded, SETTINGS.samples)
    assert all(not torch.equal(a, b) for a, b in zip(clean, noisy, strict=True))


def test_speech_starts_where_it_is_heard(noise):
    samples = torch.zeros(200_000, dtype=torch.int16)
    samples[30_000:31_000] = 100
    index = Index(torch.tensor([0]), torch.tensor([len(samples)]), torch.tensor([1 / 32768]))
    padded = Store(samples, index, [Recording("padded", None, "test")], 16000)
    mixtures = plan_mixtures(padded, noise, SETTINGS)
    clean, _ = make_mixtures(mixtures, padded, noise, SETTINGS.samples)
    assert clean.any(-1).all()


def exact_gain(speech, noise, snr_db):
    """The gain from sums of squares without any rounding."""
    wanted, unwanted = (sum(Fraction(float(x)) ** 2 for x in wave) for wave in (speech, noise))
    return math.sqrt(wanted / unwanted) * 10 ** (-snr_db / 20)


@pytest.mark.parametrize("level", [1.0, 1e-6, 300.0])
def test_the_gain_is_that_of_exact_sums_to_the_last_bit_of_float32(level):
    draws = np.random.default_rng(0)
    for snr_db in (-7.5, 0.0, 10.0):
        speech, noise = draws.standard_normal((2, 3000)).astype(np.float32)
        expected = np.float32(exact_gain(np.float32(level) * speech, noise, snr_db))
        assert noise_gain(np.float32(level) * speech, noise, snr_db) == expected


def test_the_gain_of_silence_is_zero(speech, noise):
    silent = np.zeros(100, np.float32)
    wave = np.ones(100, np.float32)
    assert noise_gain(silent, wave, 0.0) == noise_gain(wave, silent, 0.0) == 0


def test_every_sample_of_a_mixture_is_rounded_twice(speech, noise):
    mixtures = plan_mixtures(speech, noise, SETTINGS)
    clean, noisy = make_mixtures(mixtures, speech, noise, SETTINGS.samples)
    for target, mixed, mixture in zip(clean.numpy(), noisy.numpy(), mixtures, strict=True):
        row, start = torch.tensor([int(mixture.noise[-1])]), torch.tensor([mixture.noise_start])
        sound = noise.crops(row, start, SETTINGS.samples, loop=True)[0].numpy()
        scaled = (mixture.gain * sound.astype(np.float64)).astype(np.float32)
        expected = (target.astype(np.float64) + scaled.astype(np.float64)).astype(np.float32)
        assert np.array_equal(mixed, expected)
        assert float(np.float32(mixture.gain)) == mixture.gain
        assert (wave_digest(target), wave_digest(mixed)) == (mixture.clean, mixture.noisy)


def test_a_batch_has_the_samples_of_its_mixtures_alone(speech, noise):
    mixtures = plan_mixtures(speech, noise, SETTINGS)
    together = make_mixtures(mixtures, speech, noise, SETTINGS.samples)[1]
    for row, mixture in enumerate(mixtures):
        alone = make_mixtures([mixture], speech, noise, SETTINGS.samples)[1]
        assert torch.equal(alone[0], together[row])


def test_the_digest_is_that_of_the_little_endian_samples():
    wave = np.array([0.5, -1.25, 3e-9], np.float32)
    packed = struct.pack("<3f", 0.5, -1.25, np.float32(3e-9))
    assert wave_digest(wave) == hashlib.blake2b(packed, digest_size=16).hexdigest()
    assert wave_digest(wave[::-1]) != wave_digest(wave)
