"""Any length in any chunks gives the same as the whole, and as one pass through the network.

Lengths and chunks are drawn from a seed: ``SSLSE_LENGTHS=100`` draws so many for each network, of
up to ten minutes each, ``SSLSE_LENGTHS_SEED`` other ones.
"""

import os
import random

import numpy as np
import pytest
import torch

from sslse.enhance.channels import ChannelGroups
from sslse.enhance.model import load

RATE = 16000
DRAWS = int(os.environ.get("SSLSE_LENGTHS", "0"))
SEED = os.environ.get("SSLSE_LENGTHS_SEED", "0")
LOOKS = ("global", "context", "causal")
LONGEST = 600 * RATE if DRAWS else 40 * RATE
RATES = (8000, 11025, 44100, 48000, 96000)


@pytest.fixture(scope="module")
def models(tiny_models):
    return {looks: load(file, device="cpu") for looks, file in tiny_models.items()}


def noise(samples, channels=1, seed=0):
    return np.random.default_rng(seed).normal(0, 0.1, (channels, samples)).astype(np.float32)


def cuts(draw, samples):
    """Draw sizes of chunks, some of them empty."""
    kind = draw.randrange(4) if samples > 500 else draw.randrange(5)
    if kind == 4:
        return [1] * samples
    sizes = []
    while (left := samples - sum(sizes)) > 0:
        size = {
            0: samples,
            1: draw.randrange(0, samples // 2 + 2),
            2: 16384,
            3: draw.choice((0, 100, 4000, 1 + samples // 7)),
        }[kind]
        sizes.append(min(left, max(size, samples // 200)))
    return sizes


def in_chunks(stream, wave, sizes):
    given, at = [], 0
    for size in sizes:
        given.append(stream.push(wave[:, at : at + size]))
        at += size
    assert at == wave.shape[-1]
    return np.concatenate([*given, stream.finish()], axis=1)


def one_pass(model, wave):
    stride = model.enhancer.encoder.stride
    samples = wave.shape[-1]
    frames = max(8, -(-samples // stride))
    padded = np.pad(wave, ((0, 0), (0, frames * stride - samples)))
    with torch.inference_mode():
        return model.enhancer(torch.from_numpy(padded)).numpy()[:, :samples]


def hold(model, draw, samples, rate):
    wave = noise(samples, seed=samples)
    whole = in_chunks(model.stream(rate), wave, [samples])
    assert whole.shape == wave.shape
    sizes = cuts(draw, samples)
    np.testing.assert_allclose(in_chunks(model.stream(rate), wave, sizes), whole, atol=1e-5)
    if rate == RATE and model.enhancer.reach is not None and samples <= 60 * RATE:
        once = one_pass(model, wave)
        error = np.mean((whole - once) ** 2) / np.mean(once**2)
        assert 10 * np.log10(error + 1e-20) < -100  # dB


@pytest.mark.parametrize("looks", LOOKS)
@pytest.mark.parametrize("rate", [RATE, None])
def test_any_length_in_any_chunks(models, looks, rate):
    draw = random.Random(f"{looks} {rate} {SEED}")
    for number in range(DRAWS or 12):
        longest = LONGEST if number % 4 == 0 else RATE
        samples = round(longest ** draw.random())
        hold(models[looks], draw, samples, rate or draw.choice(RATES))


@pytest.mark.parametrize("looks", LOOKS)
@pytest.mark.parametrize("samples", [1, 2, 127, 128, 129, 1024, 8 * RATE, 8 * RATE + 1])
def test_lengths_beside_frames_and_pieces(models, looks, samples):
    hold(models[looks], random.Random(samples), samples, RATE)


@pytest.mark.statistics
def test_ten_minutes(models):
    hold(models["context"], random.Random(3), 600 * RATE, RATE)


@pytest.mark.parametrize("looks", LOOKS)
def test_the_model_does_something(models, looks):
    wave = noise(RATE)
    given = in_chunks(models[looks].stream(RATE), wave, [RATE])
    assert np.abs(given - wave).mean() > 0.01
    assert np.isfinite(given).all()


@pytest.mark.parametrize("channels", [2, 5, 9])
@pytest.mark.parametrize("frames", [None, 12000, 10**6])
def test_channels_go_by_themselves(models, channels, frames):
    wave = noise(12000, channels)
    stream = ChannelGroups(models["context"], 44100, channels, frames)
    groups = in_chunks(stream, wave, [5000, 7000])
    assert groups.shape == wave.shape
    for row, one in zip(groups, wave, strict=True):
        alone = in_chunks(models["context"].stream(44100), one[None], [12000])
        np.testing.assert_allclose(row, alone[0], atol=1e-5)
