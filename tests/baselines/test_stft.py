import numpy as np
import pytest

from sslse.baselines.stft import hop_of, istft, power_of, stft


@pytest.mark.parametrize("samples", [1, 100, 256, 257, 4096, 12345])
@pytest.mark.parametrize("rate", [8000, 16000, 22050])
def test_unchanged_spectra_give_the_wave_back(samples, rate):
    wave = np.random.default_rng(samples).standard_normal(samples).astype(np.float32)
    back = istft(stft(wave, hop_of(rate)), samples)
    assert back.shape == wave.shape
    np.testing.assert_allclose(back, wave, rtol=0, atol=2e-7 * np.abs(wave).max())


def test_a_spectrum_is_the_sum_over_its_window():
    hop, window = 8, 2
    wave = np.random.default_rng(0).standard_normal(50)
    padded = np.concatenate([np.zeros(hop), wave, np.zeros(3 * hop)])
    for frequency in range(hop + 1):
        expected = sum(
            padded[window * hop + place]
            * np.sin(np.pi * place / (2 * hop))
            * np.exp(-2j * np.pi * frequency * place / (2 * hop))
            for place in range(2 * hop)
        )
        assert stft(wave, hop)[window, frequency] == pytest.approx(expected, abs=1e-12)


def test_power_is_the_square_of_the_magnitude():
    spectra = np.array([[3 + 4j, 0j, -2j]])
    assert power_of(spectra).tolist() == [[25.0, 0.0, 4.0]]
