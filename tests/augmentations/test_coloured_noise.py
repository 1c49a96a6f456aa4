import pytest
import torch


def slopes(noise):
    """Regress the log power density on the log frequency from 50 Hz to 7 kHz."""
    window = torch.hann_window(2048)
    spectrum = torch.stft(noise, 2048, 512, window=window, center=False, return_complex=True)
    power = spectrum.abs().square().mean(-1)
    hz = torch.arange(1025) * 16000 / 2048
    used = (hz > 50) & (hz < 7000)
    level, place = power[:, used].log(), hz[used].log()
    place = place - place.mean()
    return (level * place).sum(-1) / place.square().sum()


@pytest.mark.parametrize("exponent", [-2.0, -1.0, 0.0, 1.0, 2.0])
def test_power_density_falls_with_the_exponent(exponent, build, draws, noise):
    views = noise(1, 8, 65536)
    augmentation = build("coloured_noise", exponent=[exponent, exponent], snr_db=[-40.0, -40.0])
    added = augmentation(views, generator=draws()) - views
    assert slopes(added[0]).tolist() == pytest.approx([-exponent] * 8, abs=0.15)


def test_exponents_are_drawn_for_each_view(build, draws, noise):
    views = noise(2, 20, 65536)
    augmentation = build("coloured_noise", exponent=[0.0, 2.0], snr_db=[-40.0, -40.0])
    drawn = slopes((augmentation(views, generator=draws()) - views).flatten(0, 1))
    assert drawn.min() < -1.6
    assert drawn.max() > -0.4


def test_the_ratio_is_the_drawn_one(build, draws, noise, decibels):
    views = noise(2, 200, 4000)
    out = build("coloured_noise", snr_db=[-5.0, 15.0])(views, generator=draws())
    ratio = decibels(views, out - views)
    assert -5.01 < ratio.min() < -4.5
    assert 14.5 < ratio.max() < 15.01
    assert ratio.mean().item() == pytest.approx(5.0, abs=1.0)


def test_white_noise_is_gaussian_and_stationary(build, draws, noise):
    views = noise(1, 50, 8000)
    augmentation = build("coloured_noise", exponent=[0.0, 0.0], snr_db=[0.0, 0.0])
    added = (augmentation(views, generator=draws()) - views)[0]
    power = added.square().mean(0).view(8, -1).mean(-1)
    assert (power / power.mean() - 1).abs().max() < 0.05
    kurtosis = (added / added.std()).pow(4).mean()
    assert kurtosis.item() == pytest.approx(3.0, abs=0.05)
