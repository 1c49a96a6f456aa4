import pytest
import torch

from sslse.errors import OptionError


def mel(hz):
    return 2595 * torch.log10(1 + hz / 700)


def gains_db(build, draws, noise, **options):
    """Measure the gain by frequency on white noise, (batch, bins), and the frequencies."""
    views = noise(1, 60, 16000)
    out = build("band_masking", **options)(views, generator=draws())
    window = torch.hann_window(2048)
    spectra = [
        torch.stft(one[0], 2048, 1024, window=window, center=False, return_complex=True)
        for one in (out, views)
    ]
    power = [one.abs().square().mean(-1) for one in spectra]
    hz = torch.arange(1025) * 16000 / 2048
    return 10 * torch.log10(power[0] / power[1]), hz


def test_one_band_is_out_and_all_else_as_before(build, draws, noise):
    gain, hz = gains_db(build, draws, noise, bands=[1, 1], width_mel=[200.0, 300.0])
    out = gain < -40
    middles = []
    for row, stopped in zip(gain, out, strict=True):
        low, high = hz[stopped].min(), hz[stopped].max()
        assert stopped[(hz >= low) & (hz <= high)].all(), "one band"
        far = (hz < low - 150) | (hz > high + 150)
        assert row[far].abs().max() < 0.1
        assert 150 < mel(high) - mel(low) < 310
        middles.append((mel(low) + mel(high)) / 2)
    assert min(middles) < 400
    assert max(middles) > 2400
    assert torch.stack(middles).mean().item() == pytest.approx(1420, abs=300)


def test_several_bands(build, draws, noise):
    gain, _ = gains_db(build, draws, noise, bands=[3, 3], width_mel=[100.0, 100.0])
    runs = ((gain < -30).float().diff(dim=-1) == 1).sum(-1) + (gain[:, 0] < -30)
    assert (runs <= 3).all()
    assert (runs == 3).float().mean() > 0.5, "the others overlap"


def test_the_number_of_bands_is_drawn(build, draws, noise):
    gain, _ = gains_db(build, draws, noise, bands=[1, 2], width_mel=[60.0, 60.0])
    runs = ((gain < -30).float().diff(dim=-1) == 1).sum(-1) + (gain[:, 0] < -30)
    assert set(runs.tolist()) == {1, 2}
    assert 0.3 < (runs == 1).float().mean() < 0.75


def test_no_delay(build, draws):
    impulse = torch.zeros(1, 3, 4001)
    impulse[..., 2000] = 1.0
    response = build("band_masking")(impulse, generator=draws())
    torch.testing.assert_close(response, response.flip(-1), rtol=0, atol=1e-6)


def test_a_band_wider_than_the_spectrum_is_refused(build):
    with pytest.raises(OptionError, match="half the sample rate is 2146 mel"):
        build("band_masking", sample_rate=8000, width_mel=[100.0, 2200.0])
