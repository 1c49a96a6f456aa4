"""What the baselines are for: what they do to noise, and what they leave alone."""

import math

import numpy as np
import pytest

from sslse.api import Recording
from sslse.baselines.exponential_integral import exponential_integral
from sslse.baselines.log_mmse import LogMmse
from sslse.baselines.ratio_mask import RatioMask
from sslse.baselines.stft import hop_of, stft
from sslse.corpora.demo import Demo
from sslse.evaluate.mixtures import noise_gain
from sslse.metrics.si_sdr import SiSdr

RATE = 16000
FRAME = 512


def si_sdr(clean, estimate):
    return SiSdr().score(clean, estimate, estimate, RATE)


def segmental_snr(clean, estimate):
    """Mean over frames of the SNR in dB, limited to [-10, 35]."""
    ratios = []
    for first in range(0, len(clean) - FRAME + 1, FRAME):
        speech, error = (
            float(np.square(one[first : first + FRAME], dtype=np.float64).sum())
            for one in (clean, clean - estimate)
        )
        ratio = 10 * math.log10((speech + 1e-12) / (error + 1e-12))
        ratios.append(min(max(ratio, -10.0), 35.0))
    return sum(ratios) / len(ratios)


@pytest.fixture(scope="module")
def speech():
    corpus = Demo(content="speech")
    recordings: dict[str, Recording] = {one.key: one for one in corpus.recordings()}
    return np.concatenate([corpus.read(recordings[one])[0] for one in ("f02_02", "m05_03")])


def noisy_at(speech, snr_db, colour=0.0):
    noise = np.random.default_rng(0).standard_normal(len(speech))
    for place in range(1, len(noise)):
        noise[place] += colour * noise[place - 1]
    noise = noise.astype(np.float32)
    return speech + noise_gain(speech, noise, snr_db) * noise


@pytest.mark.parametrize("colour", [0.0, 0.9])
@pytest.mark.parametrize("snr_db", [-5.0, 0.0, 5.0])
def test_log_mmse_takes_steady_noise_away(speech, snr_db, colour):
    noisy = noisy_at(speech, snr_db, colour)
    estimate = LogMmse().estimate(noisy, speech, RATE)
    assert si_sdr(speech, estimate) > si_sdr(speech, noisy) + 2.5
    assert segmental_snr(speech, estimate) > segmental_snr(speech, noisy) + 3


@pytest.mark.parametrize("level", [1.0, 1e-4])
def test_log_mmse_leaves_clean_speech_nearly_unchanged(speech, level):
    clean = np.float32(level) * speech
    assert si_sdr(clean, LogMmse().estimate(clean, clean, RATE)) > 15


def test_log_mmse_scales_with_its_input(speech):
    noisy = noisy_at(speech, 0.0)
    soft = LogMmse().estimate(np.float32(2**-8) * noisy, speech, RATE)
    np.testing.assert_allclose(2**8 * soft, LogMmse().estimate(noisy, speech, RATE), atol=1e-6)


def test_the_gains_are_those_of_the_formula():
    ratios = np.random.default_rng(0).exponential(3.0, (12, 4))
    gains = LogMmse(decision=0.9, least_snr_db=-20)._gains(ratios)
    for column in range(4):
        before = max(ratios[0, column] - 1, 0)
        for row in range(12):
            ratio = ratios[row, column]
            snr = max(0.9 * before + 0.1 * max(ratio - 1, 0), 0.01)
            argument = snr / (1 + snr) * ratio
            e1 = float(exponential_integral(np.array([argument]))[0])
            gain = snr / (1 + snr) * math.exp(e1 / 2)
            assert gains[row, column] == pytest.approx(gain, rel=1e-9)
            before = gain**2 * ratio


@pytest.mark.parametrize("snr_db", [-5.0, 5.0])
def test_the_mask_is_far_above_the_estimator(speech, snr_db):
    noisy = noisy_at(speech, snr_db)
    masked = RatioMask().estimate(noisy, speech, RATE)
    estimated = LogMmse().estimate(noisy, speech, RATE)
    assert si_sdr(speech, masked) > si_sdr(speech, estimated) + 2
    assert segmental_snr(speech, masked) > segmental_snr(speech, estimated) + 2


@pytest.mark.parametrize("exponent", [0.5, 1.0])
def test_the_mask_is_the_share_of_speech(speech, exponent):
    """Windows inside the wave: at their middle, other windows share, so spectra are compared."""
    noisy = noisy_at(speech, 0.0)
    hop = hop_of(RATE)
    wanted, unwanted = np.abs(stft(speech, hop)) ** 2, np.abs(stft(noisy - speech, hop)) ** 2
    mask = (wanted / np.maximum(wanted + unwanted, 1e-300)) ** exponent
    frames = np.fft.irfft(mask * stft(noisy, hop), axis=-1)
    window = np.sin(np.pi * np.arange(2 * hop) / (2 * hop))
    slow = np.zeros(len(frames) * hop + hop)
    for number, frame in enumerate(frames):
        slow[number * hop : number * hop + 2 * hop] += window * frame
    found = RatioMask(exponent=exponent).estimate(noisy, speech, RATE)
    np.testing.assert_allclose(found, slow[hop : hop + len(noisy)], atol=1e-5)


def test_without_noise_the_mask_changes_nothing(speech):
    np.testing.assert_allclose(RatioMask().estimate(speech, speech, RATE), speech, atol=1e-6)
