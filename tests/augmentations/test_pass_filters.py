import math

import pytest
import torch

from sslse.errors import OptionError

TIME = torch.arange(16000, dtype=torch.float64) / 16000


def gains_db(augmentation, frequencies, draws):
    """Measure the gain for tones, away from the edges."""
    tones = torch.stack([torch.sin(2 * math.pi * hz * TIME) for hz in frequencies]).float()
    out = augmentation(tones.unsqueeze(0), generator=draws())
    middle = slice(4000, 12000)
    power = [one[..., middle].double().square().mean(-1) for one in (out[0], tones)]
    return (10 * torch.log10(power[0] / power[1])).tolist()


def butterworth_db(ratio, order):
    return -10 * math.log10(1 + ratio ** (2 * order))


@pytest.mark.parametrize("order", [1, 2, 4, 8])
def test_low_pass_has_butterworths_magnitude(order, build, draws):
    augmentation = build("low_pass", cutoff_hz=[1000.0, 1000.0], order=order)
    tones = [200.0, 500.0, 1000.0, 1250.0, 2000.0]
    expected = [butterworth_db(hz / 1000, order) for hz in tones]
    assert gains_db(augmentation, tones, draws) == pytest.approx(expected, abs=0.1)
    assert expected[2] == pytest.approx(-3.01, abs=0.01)


@pytest.mark.parametrize("order", [1, 2, 4, 8])
def test_high_pass_has_butterworths_magnitude(order, build, draws):
    augmentation = build("high_pass", cutoff_hz=[400.0, 400.0], order=order)
    tones = [200.0, 320.0, 400.0, 800.0, 6000.0]
    expected = [butterworth_db(400 / hz, order) for hz in tones]
    assert gains_db(augmentation, tones, draws) == pytest.approx(expected, abs=0.1)


def test_band_pass_is_both(build, draws):
    augmentation = build("band_pass", low_hz=[300.0, 300.0], high_hz=[3400.0, 3400.0])
    tones = [150.0, 300.0, 1000.0, 3400.0, 6800.0]
    expected = [butterworth_db(300 / hz, 4) + butterworth_db(hz / 3400, 4) for hz in tones]
    assert gains_db(augmentation, tones, draws) == pytest.approx(expected, abs=0.1)


@pytest.mark.parametrize("name", ["low_pass", "high_pass", "band_pass"])
def test_no_delay(name, build, draws):
    """The response to an impulse is symmetric about it."""
    impulse = torch.zeros(1, 3, 4001)
    impulse[..., 2000] = 1.0
    response = build(name)(impulse, generator=draws())
    torch.testing.assert_close(response, response.flip(-1), rtol=0, atol=1e-6)
    assert torch.equal(response.abs().argmax(-1), torch.full((1, 3), 2000))


@pytest.mark.parametrize("name", ["low_pass", "high_pass", "band_pass"])
def test_the_end_does_not_ring_into_the_beginning(name, build, draws):
    views = torch.zeros(1, 1, 8192)  # a length that needs no rounding up
    views[..., -200:] = 1.0
    out = build(name)(views, generator=draws())
    assert out[..., :2000].abs().max() < 2e-3


def test_cutoffs_are_even_on_a_log_scale(build, draws):
    tone = torch.sin(2 * math.pi * 1000 * TIME[:4000]).float()
    augmentation = build("low_pass", cutoff_hz=[250.0, 4000.0], order=1)
    out = augmentation(tone.expand(1, 500, -1), generator=draws())
    power = out[..., 1000:3000].square().mean(-1) / tone[1000:3000].square().mean()
    octaves = torch.log2((power / (1 - power)).sqrt())
    assert octaves.min() > -2.1
    assert octaves.max() < 2.1
    assert octaves.mean().abs() < 0.2
    assert octaves.std().item() == pytest.approx(4 / 12**0.5, rel=0.07)


@pytest.mark.parametrize("name", ["low_pass", "high_pass"])
def test_a_cutoff_above_half_the_sample_rate_is_refused(name, build):
    with pytest.raises(OptionError, match="must be below 4000 Hz, half the sample rate"):
        build(name, sample_rate=8000, cutoff_hz=[100.0, 4000.0])


def test_overlapping_cutoffs_are_refused(build):
    with pytest.raises(OptionError, match="must lie below high_hz"):
        build("band_pass", low_hz=[100.0, 900.0], high_hz=[800.0, 2000.0])


@pytest.mark.parametrize("sample_rate", [8000, 16000, 48000])
@pytest.mark.parametrize("name", ["low_pass", "high_pass", "band_pass", "band_masking"])
def test_the_defaults_fit_other_sample_rates(name, sample_rate, build):
    build(name, sample_rate=sample_rate)
