"""The pictures show which frequencies sound when, and how loud against the loudest."""

import io

import matplotlib
import numpy as np
import pytest
from matplotlib.image import imread

from sslse.report.spectrogram import COLOURS, MAP, RANGE_DB, draw_spectrograms

RATE = 16000


def tone(hertz, seconds=1.0, level=1.0):
    times = np.arange(round(seconds * RATE)) / RATE
    return (level * np.sin(2 * np.pi * hertz * times)).astype(np.float32)


def levels(picture):
    """Read a picture back: levels in dB beneath the top, (frequencies from 0 Hz up, columns)."""
    image = imread(io.BytesIO(picture), format="png")[::-1, :, :3]
    scale = np.linspace(0, 1, 256)
    colours = matplotlib.colormaps[MAP](scale)[:, :3]
    nearest = np.abs(image[..., None, :] - colours).sum(-1).argmin(-1)
    return (scale[nearest] - 1) * RANGE_DB


@pytest.mark.figures
@pytest.mark.parametrize("hertz", [500, 2000, 7000])
def test_a_tone_is_a_line_at_its_frequency(hertz):
    (picture,) = draw_spectrograms([tone(hertz)], RATE)
    rows = levels(picture)[:, 50:-50].mean(1)
    assert np.argmax(rows) / (len(rows) - 1) * RATE / 2 == pytest.approx(hertz, abs=RATE / 512)
    assert rows.max() == pytest.approx(0, abs=2)


@pytest.mark.figures
def test_the_waves_of_a_mixture_have_one_scale():
    loud, soft = draw_spectrograms([tone(1000), tone(1000, level=0.1)], RATE)
    middle = np.s_[:, 50:-50]
    difference = levels(loud)[middle].max() - levels(soft)[middle].max()
    assert difference == pytest.approx(20, abs=RANGE_DB / COLOURS + 1)


@pytest.mark.figures
@pytest.mark.smoke
def test_time_goes_to_the_right():
    wave = np.concatenate([np.zeros(RATE, np.float32), tone(1000)])
    (picture,) = draw_spectrograms([wave], RATE)
    columns = levels(picture).max(0)
    half = len(columns) // 2
    assert columns[: half - 5].max() < -60
    assert columns[half + 5 :].min() > -10


@pytest.mark.parametrize("seconds", [0.05, 2.0, 30.0])
def test_pictures_stay_small_however_long_the_wave(seconds):
    noise = np.random.default_rng(0).normal(size=round(seconds * RATE)).astype(np.float32)
    (picture,) = draw_spectrograms([noise], RATE)
    assert len(picture) < 60_000


def test_silence_is_black():
    (picture,) = draw_spectrograms([tone(1000), np.zeros(RATE, np.float32)], RATE)[1:]
    assert (levels(picture) == -RANGE_DB).all()
