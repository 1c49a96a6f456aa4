"""Scores of real mixtures against those of torchmetrics."""

import numpy as np
import pytest
import torch
from torchmetrics.functional.audio import (
    perceptual_evaluation_speech_quality,
    scale_invariant_signal_distortion_ratio,
    short_time_objective_intelligibility,
    signal_distortion_ratio,
)

from sslse.audio import read_audio, resample

RATE = 16000
COUNT = 20
SECONDS = 3
# What may differ: torchmetrics gives STOI and PESQ waves in float32, and rounds SI-SDR to it.
TOLERANCES = {"pesq_nb": 1e-4, "pesq_wb": 1e-4, "stoi": 1e-5, "estoi": 1e-5, "si_sdr": 1e-3}
TOLERANCES["sdr"] = 1e-3


def others(estimate, clean):
    yield "pesq_nb", perceptual_evaluation_speech_quality(estimate, clean, RATE, "nb")
    yield "pesq_wb", perceptual_evaluation_speech_quality(estimate, clean, RATE, "wb")
    yield "stoi", short_time_objective_intelligibility(estimate, clean, RATE)
    yield "estoi", short_time_objective_intelligibility(estimate, clean, RATE, extended=True)
    yield "si_sdr", scale_invariant_signal_distortion_ratio(estimate, clean, zero_mean=True)
    yield "sdr", signal_distortion_ratio(estimate.double(), clean.double())


@pytest.fixture(scope="module")
def mixtures(real_audio):
    """Give twenty utterances of as many speakers under as many noises, at -10 to 20 dB."""
    utterances = {path.name.split("_")[0]: path for path in sorted(real_audio.glob("speech/*"))}
    noises = sorted(real_audio.glob("nonspeech/*.wav"))
    pairs = []
    for place, path in enumerate(list(utterances.values())[: 4 * COUNT]):
        clean, rate = read_audio(path)
        if rate != RATE or len(clean) < SECONDS * RATE or len(pairs) == COUNT:
            continue
        clean = clean[: SECONDS * RATE].astype(np.float64)
        sound, rate = read_audio(noises[5 * place % len(noises)])
        noise = np.resize(resample(sound, rate, RATE), len(clean)).astype(np.float64)
        snr_db = -10 + 30 * len(pairs) / (COUNT - 1)
        gain = np.sqrt((clean @ clean) / (noise @ noise)) * 10 ** (-snr_db / 20)
        noisy = clean + gain * noise
        pairs.append((clean.astype(np.float32), noisy.astype(np.float32)))
    assert len(pairs) == COUNT
    return pairs


@pytest.mark.parametrize("place", range(COUNT))
def test_real_mixtures_score_as_with_torchmetrics(mixtures, every_metric, place):
    clean, noisy = mixtures[place]
    for name, expected in others(torch.from_numpy(noisy), torch.from_numpy(clean)):
        measured = every_metric[name].score(clean, noisy, noisy, RATE)
        assert measured == pytest.approx(expected.item(), abs=TOLERANCES[name]), name
