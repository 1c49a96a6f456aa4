from fractions import Fraction

import pytest
import torch
import torchaudio

from sslse.errors import OptionError


@pytest.fixture
def speech_like(noise):
    """Give noise without what lies near half the sample rate, where interpolators differ."""
    spectrum = torch.fft.rfft(noise(1, 3, 16000))
    spectrum[..., 4800:] = 0
    return torch.fft.irfft(spectrum, 16000)


@pytest.mark.parametrize("factor", [0.5, 0.9, 0.95, 1.1, 1.25, 1.33])
def test_is_torchaudios_resampling(factor, build, draws, speech_like):
    out = build("speed", factors=[factor])(speech_like, generator=draws())
    ratio = Fraction(factor).limit_denominator(100)
    reference = torchaudio.functional.resample(
        speech_like,
        ratio.numerator,
        ratio.denominator,
        lowpass_filter_width=64,
        rolloff=0.95,
        resampling_method="sinc_interp_kaiser",
        beta=14.77,
    )
    middle = slice(500, int(16000 / max(factor, 1)) - 500)
    error = out[..., middle] - reference[..., middle]
    assert error.abs().max() < 5e-4 * speech_like.abs().max()


@pytest.mark.parametrize("factor", [0.8, 0.9, 1.1, 1.2])
def test_is_the_wave_read_at_another_speed(factor, build, draws):
    """Against the sum of sines evaluated where it is read."""
    time = torch.arange(16000, dtype=torch.float64)
    waves = [(0.02, 1.0, 0.3), (0.31, 0.5, 1.1), (1.1, 0.7, 2.0)]

    def at(place):
        return sum(level * torch.sin(speed * place + phase) for speed, level, phase in waves)

    views = at(time).float().expand(1, 1, -1)
    out = build("speed", factors=[factor])(views, generator=draws())
    middle = slice(200, int(16000 / max(factor, 1)) - 200)
    torch.testing.assert_close(
        out[0, 0, middle], at(factor * time).float()[middle], rtol=0, atol=1e-3
    )


def test_what_would_fold_over_is_filtered(build, draws):
    time = torch.arange(16000, dtype=torch.float64)
    tone = torch.sin(2 * torch.pi * 7800 / 16000 * time).float().expand(1, 1, -1)
    out = build("speed", factors=[1.25])(tone, generator=draws())
    assert out[..., 500:12000].abs().max() < 1e-4


def test_after_the_end_there_is_silence(build, draws, noise):
    out = build("speed", factors=[1.25])(noise(2, 4, 10000), generator=draws())
    assert not out[..., 8100:].any()
    assert (out[..., :7990].unflatten(-1, (-1, 10)).abs().amax(-1) > 0).all()


def test_factors_occur_equally_often_and_one_changes_nothing(build, draws, noise):
    views = noise(2, 600, 300)
    out = build("speed", factors=[0.8, 1.0, 1.25])(views, generator=draws())
    assert (out == views).all(-1).float().mean().item() == pytest.approx(1 / 3, abs=0.06)
    assert (out[..., 270:] == 0).all(-1).float().mean().item() == pytest.approx(1 / 3, abs=0.06)


def test_a_draw_for_each_view_puts_them_out_of_time(build, draws, noise):
    together, apart = build("speed"), build("speed", draw="view")
    assert together.aligned
    assert not apart.aligned
    views = noise(50, 300).expand(2, 50, 300)
    out = together(views, generator=draws())
    assert torch.equal(out[0], out[1])
    out = apart(views, generator=draws())
    assert not torch.equal(out[0], out[1])


def test_factors_that_are_no_small_fractions_are_refused(build):
    with pytest.raises(OptionError, match=r"1\.12346 is no fraction with a denominator of 100"):
        build("speed", factors=[1.0, 1.123456])
