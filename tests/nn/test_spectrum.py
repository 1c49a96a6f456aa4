import math

import numpy as np
import pytest
import torch

from sslse.nn.memory import Memory
from sslse.nn.spectrum import Spectrum, compressed, times


@pytest.fixture
def wave():
    return torch.randn(2, 40, generator=torch.Generator().manual_seed(0))


def test_a_window_ends_with_its_hop(wave):
    spectrum = Spectrum(8)
    spectra = spectrum(spectrum.windows(wave))
    assert spectra.shape == (2, 5, 9, 2)
    root = [math.sqrt(0.5 - 0.5 * math.cos(2 * math.pi * n / 16)) for n in range(16)]
    for first, window in ((-8, 0), (16, 3)):
        cut = [wave[1, first + n].item() if first + n >= 0 else 0.0 for n in range(16)]
        expected = np.fft.rfft(np.multiply(cut, root))
        found = torch.view_as_complex(spectra[1, window]).numpy()
        np.testing.assert_allclose(found, expected, atol=1e-5)


def test_the_wave_comes_back(wave):
    spectrum = Spectrum(8)
    windows = spectrum.windows(torch.nn.functional.pad(wave, (0, 8)))
    torch.testing.assert_close(spectrum.wave(spectrum(windows)), wave)


def test_a_stream_has_the_windows_of_the_whole(wave):
    spectrum, memory = Spectrum(8), Memory()
    pieces = [spectrum.windows(one, memory) for one in wave.split([8, 24, 8], -1)]
    torch.testing.assert_close(torch.cat(pieces, 1), spectrum.windows(wave))


def test_compression_keeps_the_phase():
    given = torch.tensor([[3.0, -4.0], [0.0, 0.0]])
    found = compressed(given, 0.5)
    expected = torch.tensor([math.sqrt(5), 3 / math.sqrt(5), -4 / math.sqrt(5)])
    torch.testing.assert_close(found[0], expected)
    assert found[1].abs().max() < 1e-2


def test_products_are_complex():
    one, other = torch.randn(2, 5, 2, dtype=torch.float64)
    expected = torch.view_as_complex(one) * torch.view_as_complex(other)
    torch.testing.assert_close(torch.view_as_complex(times(one, other)), expected)
